/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "controlplane/keep_running.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Places of one field that are listed; of one that has more, the field itself is. */
#define PLACES_MAX 8

/* The document that is made of both. */
struct merge {
	json_t *from, *to;
	struct restart_required *required;
	char field[RESTART_POINTER_SIZE]; /* the last one that was copied */
	size_t field_at;                  /* where its places begin in the list */
	bool out_of_memory;
};

static void list(struct restart_required *required, const char *pointer)
{
	char *to = required->pointers[required->count];

	strncpy(to, pointer, RESTART_POINTER_SIZE - 1);
	to[RESTART_POINTER_SIZE - 1] = '\0';
	required->count++;
}

/* The key behind the pointer's slash; such keys need no escapes. Returns what follows. */
static const char *next_key(const char *pointer, char *key, size_t size)
{
	size_t length = strcspn(pointer + 1, "/");

	strncpy(key, pointer + 1, size - 1);
	key[length < size ? length : size - 1] = '\0';
	return pointer + 1 + length;
}

/* The object under a key, made when it is not there: all of it is at its default. Borrowed. */
static json_t *open_object(json_t *parent, const char *key)
{
	json_t *child = json_object_get(parent, key);

	if (child == NULL && json_object_set_new(parent, key, json_object()) == 0)
		child = json_object_get(parent, key);
	return child;
}

/* Makes a whole field in `to` what it is in `from`; a default is left out. */
static int copy_field(json_t *from, json_t *to, const char *pointer)
{
	char key[64];

	pointer = next_key(pointer, key, sizeof(key));
	while (*pointer != '\0') {
		from = json_object_get(from, key);
		to = open_object(to, key);
		if (to == NULL)
			return -ENOMEM;
		pointer = next_key(pointer, key, sizeof(key));
	}

	json_t *value = json_object_get(from, key);

	if (value != NULL)
		return json_object_set(to, key, value) == 0 ? 0 : -ENOMEM;
	json_object_del(to, key);
	return 0;
}

/* Fields go as a whole: half of a swap may be a configuration that cannot be. */
static void keep_place(void *context, const char *field, const char *place)
{
	struct merge *merge = context;
	struct restart_required *required = merge->required;

	if (strcmp(field, merge->field) != 0) {
		strncpy(merge->field, field, sizeof(merge->field) - 1);
		merge->field_at = required->count;
		if (copy_field(merge->from, merge->to, field) < 0)
			merge->out_of_memory = true;
	}
	if (required->count == merge->field_at + PLACES_MAX) {
		required->count = merge->field_at;
		list(required, field);
	} else if (required->count < RESTART_POINTERS_MAX &&
		   (required->count == merge->field_at ||
		    strcmp(required->pointers[merge->field_at], field) != 0)) {
		list(required, place);
	}
}

static int parse_document(const json_t *document, struct config **out)
{
	struct config_errors errors = {0};
	int error = config_from_document(document, out, &errors);

	config_errors_free(&errors);
	return error;
}

static void pass_over(void *context, const char *field, const char *place)
{
	(void)context;
	(void)field;
	(void)place;
}

static int merge_running_fields(const struct config *running, struct config **next,
				struct restart_required *required)
{
	struct merge merge = {
		.from = config_render(running), .to = config_render(*next), .required = required};
	struct config *kept = NULL;
	int error = merge.from == NULL || merge.to == NULL ? -ENOMEM : 0;

	if (error == 0 && config_needs_restart(running, *next, keep_place, &merge))
		error = merge.out_of_memory ? -ENOMEM : parse_document(merge.to, &kept);
	json_decref(merge.from);
	json_decref(merge.to);
	if (error == 0 && kept != NULL) {
		config_free(*next);
		*next = kept;
	}
	return error;
}

/* Most changes need no restart, and two documents made for nothing would take them long. */
int keep_running_fields(const struct config *running, struct config **next,
			struct restart_required *required)
{
	required->count = 0;
	if (!config_needs_restart(running, *next, pass_over, NULL))
		return 0;
	return merge_running_fields(running, next, required);
}
