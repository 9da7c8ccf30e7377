/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "controlplane/keep_running.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Takes one reference token (RFC 6901) off the pointer and undoes its escapes. */
static const char *next_token(const char *pointer, char *token, size_t size)
{
	size_t length = 0;

	pointer++; /* the slash */
	while (*pointer != '\0' && *pointer != '/') {
		char letter = *pointer++;

		if (letter == '~' && (*pointer == '0' || *pointer == '1'))
			letter = *pointer++ == '0' ? '~' : '/';
		if (length + 1 < size)
			token[length++] = letter;
	}
	token[length] = '\0';
	return pointer;
}

/* The child of an object or list; borrowed; NULL: there is none. */
static json_t *get_child(json_t *parent, const char *token)
{
	if (json_is_array(parent))
		return json_array_get(parent, strtoul(token, NULL, 10));
	return json_object_get(parent, token);
}

static int set_child(json_t *parent, const char *token, json_t *value)
{
	if (json_is_array(parent)) {
		size_t index = strtoul(token, NULL, 10);

		return value == NULL ? -EINVAL : json_array_set(parent, index, value);
	}
	if (value == NULL) { /* a default, which the document leaves out */
		json_object_del(parent, token);
		return 0;
	}
	return json_object_set(parent, token, value);
}

/* Makes the place in `to` what it is in `from`. */
static int copy_place(json_t *from, json_t *to, const char *pointer)
{
	char token[256];

	if (pointer[0] != '/')
		return -EINVAL;
	for (;;) {
		pointer = next_token(pointer, token, sizeof(token));
		from = get_child(from, token);
		if (*pointer == '\0' || from == NULL)
			return set_child(to, token, from) == 0 ? 0 : -EINVAL;

		json_t *child = get_child(to, token);

		if (child == NULL)
			return set_child(to, token, from) == 0 ? 0 : -EINVAL;
		to = child;
	}
}

static int parse_document(const json_t *document, struct config **out)
{
	struct config_errors errors = {0};
	char *text = json_dumps(document, JSON_COMPACT);
	int error = text == NULL ? -ENOMEM : config_parse(text, strlen(text), out, &errors);

	config_errors_free(&errors);
	free(text);
	return error;
}

/* One field: `*next` with the place `pointer` as it is in `running`. */
static int keep_field(const struct config *running, struct config **next, const char *pointer)
{
	json_t *from = config_render(running);
	json_t *to = config_render(*next);
	struct config *kept = NULL;
	int error = from == NULL || to == NULL ? -ENOMEM : copy_place(from, to, pointer);

	if (error == 0)
		error = parse_document(to, &kept);
	json_decref(from);
	json_decref(to);
	if (error < 0)
		return error;
	config_free(*next);
	*next = kept;
	return 0;
}

int keep_running_fields(const struct config *running, struct config **next,
			struct restart_required *required)
{
	char pointer[sizeof(required->pointers[0])];

	required->count = 0;
	while (config_needs_restart(running, *next, pointer)) {
		if (required->count == RESTART_POINTERS_MAX)
			return -E2BIG;
		memcpy(required->pointers[required->count++], pointer, sizeof(pointer));

		int error = keep_field(running, next, pointer);

		if (error < 0)
			return error;
	}
	return 0;
}
