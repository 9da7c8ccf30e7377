/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "controlplane/api/query.h"

#include <stdio.h>
#include <string.h>

#define BAD_REQUEST 400

static int find_name(const char *const *known, const char *name)
{
	for (int i = 0; known[i] != NULL; i++) {
		if (strcmp(known[i], name) == 0)
			return i;
	}
	return -1;
}

/* "a, b and c". */
static const char *list_names(const char *const *names, char *list, size_t size)
{
	size_t length = 0;

	for (size_t i = 0; names[i] != NULL && length < size; i++) {
		const char *joint = i == 0 ? "" : names[i + 1] == NULL ? " and " : ", ";

		length += (size_t)snprintf(list + length, size - length, "%s%s", joint, names[i]);
	}
	return list;
}

static void refuse_unknown(const struct query *query, const char *name)
{
	const char *const *known = query->known;
	char list[256];

	if (known[0] == NULL)
		problem_set(query->problem, BAD_REQUEST,
			    "nothing can be asked by a query here: leave \"%.100s\" out", name);
	else
		problem_set(query->problem, BAD_REQUEST,
			    "there is no \"%.100s\" to ask by a query here; there is %s", name,
			    list_names(known, list, sizeof(list)));
}

bool query_take(struct query *query, const char *name, const char *value)
{
	int index = find_name(query->known, name);

	if (index < 0)
		refuse_unknown(query, name);
	else if (value == NULL)
		problem_set(query->problem, BAD_REQUEST, "?%s has no value: write ?%s=VALUE", name,
			    name);
	else if (query->seen[index])
		problem_set(query->problem, BAD_REQUEST, "?%s= is there twice: keep one", name);
	query->refused = index < 0 || value == NULL || query->seen[index];
	if (index >= 0)
		query->seen[index] = true;
	return !query->refused;
}
