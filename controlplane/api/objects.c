/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "controlplane/api/objects.h"

#include "config/patch.h"

#include <stdint.h>
#include <string.h>

#define BAD_REQUEST 400
#define NOT_FOUND   404
#define CONFLICT    409
#define NO_MEMORY   503

static const char *list_key(enum object_kind kind)
{
	switch (kind) {
	case OBJECT_SERVICE:
		return "services";
	case OBJECT_POOL:
		return "pools";
	case OBJECT_LOCAL_POOL:
		return "local_pools";
	case OBJECT_VRRP_GROUP:
		return "vrrp_groups";
	default:
		return "backends";
	}
}

static const char *word(enum object_kind kind)
{
	switch (kind) {
	case OBJECT_SERVICE:
		return "service";
	case OBJECT_POOL:
		return "pool";
	case OBJECT_LOCAL_POOL:
		return "local pool";
	case OBJECT_VRRP_GROUP:
		return "VRRP group";
	default:
		return "backend";
	}
}

/* The position of the member with this name; the list's length: there is none. */
static size_t find_in(const json_t *list, const char *name)
{
	size_t count = json_array_size(list);

	for (size_t i = 0; i < count; i++) {
		const char *other =
			json_string_value(json_object_get(json_array_get(list, i), "name"));

		if (other != NULL && strcmp(other, name) == 0)
			return i;
	}
	return count;
}

static json_t *get_in(const json_t *parent, const char *key, const char *name)
{
	const json_t *list = json_object_get(parent, key);

	return json_array_get(list, find_in(list, name));
}

/* Where the backends of a pool are written: "pools", "services" or, for no such pool, NULL. */
static const char *holder_key(const json_t *document, const char *pool)
{
	if (get_in(document, "pools", pool) != NULL)
		return "pools";
	if (json_object_get(get_in(document, "services", pool), "backends") != NULL)
		return "services";
	return NULL;
}

json_t *objects_find(const json_t *document, enum object_kind kind, const char *name,
		     const char *member)
{
	if (kind != OBJECT_BACKEND)
		return get_in(document, list_key(kind), name);

	const char *key = holder_key(document, name);

	return key == NULL ? NULL : get_in(get_in(document, key, name), "backends", member);
}

/* The list under a key, copied so that it may be changed; `parent` is a copy already. Borrowed. */
static json_t *open_list(json_t *parent, const char *key)
{
	json_t *list = json_object_get(parent, key);
	json_t *copy = list == NULL ? json_array() : json_copy(list);

	return copy != NULL && json_object_set_new(parent, key, copy) == 0 ? copy : NULL;
}

/* The same for an object in a list. */
static json_t *open_member(json_t *list, size_t index)
{
	json_t *copy = json_copy(json_array_get(list, index));

	return copy != NULL && json_array_set_new(list, index, copy) == 0 ? copy : NULL;
}

/* The object's name as the body gives it, which must be a string, and `name` unless that is NULL.
 */
static const char *check_body(const struct object_edit *edit, const char *name,
			      struct api_problem *problem)
{
	if (!json_is_object(edit->body))
		return problem_set(problem, BAD_REQUEST, "the body must be a JSON object: a %s",
				   word(edit->kind));

	const json_t *given = json_object_get(edit->body, "name");

	if (given == NULL && name != NULL)
		return name;
	if (!json_is_string(given))
		return problem_set(problem, BAD_REQUEST, "the %s needs a \"name\", a text",
				   word(edit->kind));
	if (name != NULL && strcmp(json_string_value(given), name) != 0)
		return problem_set(problem, BAD_REQUEST,
				   "the path names %s \"%s\", the body \"%s\": a name cannot be "
				   "changed, make a new one and delete the old one",
				   word(edit->kind), name, json_string_value(given));
	return json_string_value(given);
}

/* The body with its name. A new reference. */
static json_t *named_body(const struct object_edit *edit, const char *name)
{
	if (json_object_get(edit->body, "name") != NULL)
		return json_incref(edit->body);

	json_t *named = json_object();

	/* Out of a path it may be no UTF-8, and is then refused with the names that are none. */
	if (json_object_set_new(named, "name", json_string_nocheck(name)) == 0 &&
	    json_object_update(named, edit->body) == 0)
		return named;
	json_decref(named);
	return NULL;
}

static bool not_found(const struct object_edit *edit, const char *name, struct api_problem *problem)
{
	problem_set(problem, NOT_FOUND, "there is no %s \"%s\"", word(edit->kind), name);
	return false;
}

static bool no_memory(struct api_problem *problem)
{
	problem_set(problem, NO_MEMORY, "no memory; nothing was changed");
	return false;
}

/* Puts the object into the list, which is ours to change. */
static bool edit_list(json_t *list, const struct object_edit *edit, const char *path_name,
		      bool *created, struct api_problem *problem)
{
	const char *name = path_name;

	if (edit->verb != OBJECT_DELETE)
		name = check_body(edit, path_name, problem);
	if (name == NULL)
		return false;

	size_t index = find_in(list, name);
	bool is_there = index < json_array_size(list);
	int error = 0;

	*created = !is_there;
	if (edit->verb == OBJECT_CREATE && is_there) {
		problem_set(problem, CONFLICT,
			    "there is a %s \"%s\" already: PUT replaces it, PATCH changes it",
			    word(edit->kind), name);
		return false;
	}
	if ((edit->verb == OBJECT_PATCH || edit->verb == OBJECT_DELETE) && !is_there)
		return not_found(edit, name, problem);
	if (edit->verb == OBJECT_DELETE)
		error = json_array_remove(list, index);
	else if (edit->verb == OBJECT_PATCH)
		error = json_array_set_new(list, index,
					   patch_merge(json_array_get(list, index), edit->body));
	else if (is_there)
		error = json_array_set_new(list, index, named_body(edit, name));
	else
		error = json_array_append_new(list, named_body(edit, name));
	return error == 0 || no_memory(problem);
}

/* A pool that is written inside a service is changed there. */
static bool refuse_inline(const json_t *document, const struct object_edit *edit,
			  struct api_problem *problem)
{
	const char *name = edit->name;

	if (edit->verb == OBJECT_CREATE)
		name = json_string_value(json_object_get(edit->body, "name"));
	if (edit->kind != OBJECT_POOL || name == NULL)
		return false;

	const char *key = holder_key(document, name);

	if (key == NULL || strcmp(key, "services") != 0)
		return false;
	problem_set(problem, CONFLICT,
		    "pool \"%s\" is written inside the service of that name: change "
		    "/v1/services/%s, or its backends one by one",
		    name, name);
	return true;
}

static bool edit_backend(json_t *document, const struct object_edit *edit, bool *created,
			 struct api_problem *problem)
{
	const char *key = holder_key(document, edit->name);

	if (key == NULL) {
		problem_set(problem, NOT_FOUND, "there is no pool \"%s\"", edit->name);
		return false;
	}

	json_t *holders = open_list(document, key);
	json_t *holder =
		holders == NULL ? NULL : open_member(holders, find_in(holders, edit->name));
	json_t *backends = holder == NULL ? NULL : open_list(holder, "backends");

	if (backends == NULL)
		return no_memory(problem);
	return edit_list(backends, edit, edit->member, created, problem);
}

json_t *objects_edit(const json_t *document, const struct object_edit *edit, bool *created,
		     struct api_problem *problem)
{
	json_t *edited = json_copy((json_t *)(uintptr_t)document);
	bool done;

	*created = false;
	if (edited == NULL) {
		no_memory(problem);
		return NULL;
	}
	if (refuse_inline(document, edit, problem)) {
		done = false;
	} else if (edit->kind == OBJECT_BACKEND) {
		done = edit_backend(edited, edit, created, problem);
	} else {
		json_t *list = open_list(edited, list_key(edit->kind));

		done = list == NULL ? no_memory(problem)
				    : edit_list(list, edit, edit->name, created, problem);
	}
	if (!done) {
		json_decref(edited);
		return NULL;
	}
	return edited;
}
