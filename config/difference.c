/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "config/difference.h"

#include "config/errors.h"

#include <stdint.h>
#include <string.h>

/* A walk through both documents at once. */
struct comparison {
	json_t *found;
	struct pointer before, after;
	struct pointer name; /* in words: "pool web / backend a / weight" */
};

static void compare(struct comparison *comparison, const json_t *before, const json_t *after);

/* What one member of a list is called. */
static const char *singular(const char *key)
{
	static const char *const words[][2] = {
		{"services", "service"},       {"pools", "pool"}, {"backends", "backend"},
		{"local_pools", "local pool"}, {"ports", "port"}, {"next_hops", "next hop"},
		{"vrrp_groups", "VRRP group"},
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(words[i][0], key) == 0)
			return words[i][1];
	}
	return key;
}

/* Adds a word to the name; the length returned leads back by pointer_pop(). */
static size_t name_push(struct pointer *name, const char *word, const char *which)
{
	size_t up = name->length;
	int written =
		snprintf(name->text + up, sizeof(name->text) - up, "%s%s%s%s", up > 0 ? " / " : "",
			 word, which != NULL ? " " : "", which != NULL ? which : "");

	name->length = up + (written > 0 ? (size_t)written : 0);
	if (name->length >= sizeof(name->text))
		name->length = sizeof(name->text) - 1;
	return up;
}

static void add(struct comparison *comparison, const json_t *before, const json_t *after)
{
	const char *op = before == NULL ? "add" : after == NULL ? "remove" : "change";
	const struct pointer *place = after == NULL ? &comparison->before : &comparison->after;
	json_t *row = json_pack("{s:s, s:s, s:s}", "op", op, "pointer", place->text, "name",
				comparison->name.text);

	if (before != NULL)
		json_object_set(row, "from", (json_t *)(uintptr_t)before);
	if (after != NULL)
		json_object_set(row, "to", (json_t *)(uintptr_t)after);
	json_array_append_new(comparison->found, row);
}

/* Either may be NULL, for what is only in the other. */
static void compare_member(struct comparison *comparison, const char *key, const json_t *before,
			   const json_t *after)
{
	size_t before_up = pointer_push_key(&comparison->before, key);
	size_t after_up = pointer_push_key(&comparison->after, key);
	size_t name_up = name_push(&comparison->name, key, NULL);

	compare(comparison, before, after);
	pointer_pop(&comparison->before, before_up);
	pointer_pop(&comparison->after, after_up);
	pointer_pop(&comparison->name, name_up);
}

static void compare_objects(struct comparison *comparison, const json_t *before,
			    const json_t *after)
{
	const char *key;
	json_t *value;

	json_object_foreach ((json_t *)(uintptr_t)before, key, value)
		compare_member(comparison, key, value, json_object_get(after, key));
	json_object_foreach ((json_t *)(uintptr_t)after, key, value) {
		if (json_object_get(before, key) == NULL)
			compare_member(comparison, key, NULL, value);
	}
}

static const char *name_of(const json_t *member)
{
	return json_string_value(json_object_get(member, "name"));
}

/* Position of each member by its name; a new reference; NULL: it is no list of named objects. */
static json_t *index_by_name(const json_t *list)
{
	json_t *positions;
	json_t *member;
	size_t i;

	if (list != NULL && !json_is_array(list))
		return NULL;
	positions = json_object();
	json_array_foreach (list, i, member) {
		const char *name = name_of(member);

		if (name == NULL || json_object_get(positions, name) != NULL) {
			json_decref(positions);
			return NULL;
		}
		json_object_set_new(positions, name, json_integer((json_int_t)i));
	}
	return positions;
}

/* One member, known by its name; NULL and whatever position for a list that lacks it. */
static void compare_named(struct comparison *comparison, const char *word, const json_t *before,
			  size_t before_at, const json_t *after, size_t after_at)
{
	size_t before_up = pointer_push_index(&comparison->before, before_at);
	size_t after_up = pointer_push_index(&comparison->after, after_at);
	size_t name_up = comparison->name.length;
	const char *name = name_of(before != NULL ? before : after);

	name_push(&comparison->name, word, name);
	compare(comparison, before, after);
	pointer_pop(&comparison->before, before_up);
	pointer_pop(&comparison->after, after_up);
	pointer_pop(&comparison->name, name_up);
}

/* The names of the members that the other list has too, in this one's order. A new reference. */
static json_t *common_names(const json_t *list, const json_t *other_at)
{
	json_t *names = json_array();
	json_t *member;
	size_t i;

	json_array_foreach (list, i, member) {
		const char *name = name_of(member);

		if (json_object_get(other_at, name) != NULL)
			json_array_append_new(names, json_string(name));
	}
	return names;
}

/* What is new or gone moves the others, but does not change their order. */
static void compare_order(struct comparison *comparison, const json_t *before, const json_t *after,
			  const json_t *before_at, const json_t *after_at)
{
	json_t *was = common_names(before, after_at);
	json_t *is = common_names(after, before_at);

	if (!json_equal(was, is)) {
		size_t up = name_push(&comparison->name, "order", NULL);

		add(comparison, was, is);
		pointer_pop(&comparison->name, up);
	}
	json_decref(was);
	json_decref(is);
}

/* The list's own key, the last of the name, gives way to the member's: "backend a". */
static void compare_lists(struct comparison *comparison, const json_t *before, const json_t *after,
			  const json_t *before_at, const json_t *after_at)
{
	struct pointer whole = comparison->name;
	const char *key = strrchr(whole.text, '/');
	size_t cut = key == NULL ? 0 : (size_t)(key - whole.text) - 1;
	const char *word = singular(key == NULL ? whole.text : key + 2);
	json_t *member;
	size_t i;

	pointer_pop(&comparison->name, cut);
	json_array_foreach (before, i, member) {
		const json_t *at = json_object_get(after_at, name_of(member));
		size_t position = at == NULL ? 0 : (size_t)json_integer_value(at);

		compare_named(comparison, word, member, i,
			      at == NULL ? NULL : json_array_get(after, position), position);
	}
	json_array_foreach (after, i, member) {
		if (json_object_get(before_at, name_of(member)) == NULL)
			compare_named(comparison, word, NULL, 0, member, i);
	}
	comparison->name = whole;
}

/* True when both (or the one there is) are lists whose members have names: compared by them. */
static bool compared_by_name(struct comparison *comparison, const json_t *before,
			     const json_t *after)
{
	json_t *before_at, *after_at;
	bool is_list = (before == NULL || json_is_array(before)) &&
		       (after == NULL || json_is_array(after));

	if (!is_list || json_array_size(before) + json_array_size(after) == 0)
		return false;
	before_at = index_by_name(before);
	after_at = index_by_name(after);

	bool named = before_at != NULL && after_at != NULL;

	if (named) {
		compare_lists(comparison, before, after, before_at, after_at);
		compare_order(comparison, before, after, before_at, after_at);
	}
	json_decref(before_at);
	json_decref(after_at);
	return named;
}

static void compare(struct comparison *comparison, const json_t *before, const json_t *after)
{
	if (before != NULL && after != NULL && json_equal(before, after))
		return;
	if (json_is_object(before) && json_is_object(after))
		compare_objects(comparison, before, after);
	else if (!compared_by_name(comparison, before, after))
		add(comparison, before, after);
}

json_t *difference_list(const json_t *before, const json_t *after)
{
	struct comparison comparison = {.found = json_array()};
	const char *key;
	json_t *value;

	if (comparison.found == NULL)
		return NULL;
	json_object_foreach ((json_t *)(uintptr_t)before, key, value) {
		if (strcmp(key, "revision") != 0)
			compare_member(&comparison, key, value, json_object_get(after, key));
	}
	json_object_foreach ((json_t *)(uintptr_t)after, key, value) {
		if (strcmp(key, "revision") != 0 && json_object_get(before, key) == NULL)
			compare_member(&comparison, key, NULL, value);
	}
	return comparison.found;
}
