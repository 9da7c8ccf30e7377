/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "controlplane/api/route.h"

#include <string.h>

bool route_matches(const char *pattern, const char *path, struct route_names *names)
{
	size_t count = 0;

	*names = (struct route_names){0};
	while (*pattern != '\0') {
		if (*pattern != '*') {
			if (*pattern++ != *path++)
				return false;
			continue;
		}

		size_t length = strcspn(path, "/");

		if (length == 0 || length >= CONFIG_NAME_SIZE || count == ROUTE_NAMES_MAX)
			return false;
		memcpy(names->names[count++], path, length);
		path += length;
		pattern++;
	}
	return *path == '\0';
}
