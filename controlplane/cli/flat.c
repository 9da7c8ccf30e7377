/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "controlplane/cli/flat.h"

#include <string.h>

struct cursor {
	const char *at, *end;
};

static bool take(struct cursor *cursor, char c)
{
	if (cursor->at == cursor->end || *cursor->at != c)
		return false;
	cursor->at++;
	return true;
}

static bool take_text(struct cursor *cursor, struct flat_value *value)
{
	const char *quote;

	if (!take(cursor, '"'))
		return false;
	quote = memchr(cursor->at, '"', (size_t)(cursor->end - cursor->at));
	if (quote == NULL)
		return false;
	*value = (struct flat_value){cursor->at, (size_t)(quote - cursor->at)};
	cursor->at = quote + 1;
	return memchr(value->text, '\\', value->length) == NULL;
}

/* A number, null, true or false: as it stands. */
static bool take_bare(struct cursor *cursor, struct flat_value *value)
{
	const char *begin = cursor->at;

	while (cursor->at < cursor->end && *cursor->at != ',' && *cursor->at != '}')
		cursor->at++;
	*value = (struct flat_value){begin, (size_t)(cursor->at - begin)};
	if (value->length == 4 && memcmp(begin, "null", 4) == 0)
		value->length = 0;
	return cursor->at > begin && memchr("{[\" ", begin[0], 4) == NULL;
}

/* Most are told apart by their first letter. */
static bool is_key(const struct flat_value *key, const char *name)
{
	return key->length > 0 && name[0] == key->text[0] &&
	       strncmp(name, key->text, key->length) == 0 && name[key->length] == '\0';
}

/* Keys come in the order they are asked for as a rule: `next` is where to look first. */
static void keep(const char *const *keys, struct flat_value *values, size_t count, size_t *next,
		 const struct flat_value *key, const struct flat_value *value)
{
	for (size_t i = 0; i < count; i++) {
		size_t at = (*next + i) % count;

		if (!is_key(key, keys[at]))
			continue;
		values[at] = *value;
		*next = at + 1;
		return;
	}
}

bool flat_read(const char *line, size_t length, const char *const *keys, struct flat_value *values)
{
	struct cursor cursor = {line, line + length};
	size_t count = 0, next = 0;

	for (; keys[count] != NULL; count++)
		values[count] = (struct flat_value){line, 0};
	if (!take(&cursor, '{'))
		return false;
	do {
		struct flat_value key, value;
		bool is_text;

		if (!take_text(&cursor, &key) || !take(&cursor, ':'))
			return false;
		is_text = cursor.at < cursor.end && *cursor.at == '"';
		if (!(is_text ? take_text(&cursor, &value) : take_bare(&cursor, &value)))
			return false;
		keep(keys, values, count, &next, &key, &value);
	} while (take(&cursor, ','));
	return take(&cursor, '}') && cursor.at == cursor.end;
}
