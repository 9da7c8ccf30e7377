/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "config/etag.h"

#include "dataplane/abi/hash.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Fixed: tags stay the same from one run to the next. */
static const uint64_t keys[2][2] = {{0x6865616472616365ull, 0x636f6e6669677572ull},
				    {0x6574616720707274ull, 0x7365636f6e640a0aull}};

static uint64_t mix(uint64_t before, const void *data, size_t length)
{
	const uint64_t key[2] = {keys[0][0] ^ before, keys[0][1]};

	return abi_siphash(key, data, length);
}

static uint64_t hash_scalar(json_t *value)
{
	const uint64_t type = (uint64_t)json_typeof(value);
	json_int_t integer = json_integer_value(value);
	double real = json_real_value(value);

	switch (json_typeof(value)) {
	case JSON_STRING:
		return mix(type, json_string_value(value), json_string_length(value));
	case JSON_INTEGER:
		return mix(type, &integer, sizeof(integer));
	case JSON_REAL:
		return mix(type, &real, sizeof(real));
	default:
		return mix(type, NULL, 0);
	}
}

/* A sum of its members: in whatever order they are written. */
static uint64_t hash_value(json_t *value)
{
	uint64_t hash = (uint64_t)json_typeof(value);
	const char *key;
	json_t *member;
	size_t i;

	if (json_is_object(value)) {
		json_object_foreach (value, key, member)
			hash += mix(hash_value(member), key, strlen(key));
	} else if (json_is_array(value)) {
		json_array_foreach (value, i, member) {
			uint64_t element = hash_value(member);

			hash = mix(hash, &element, sizeof(element));
		}
	} else {
		hash = hash_scalar(value);
	}
	return hash;
}

static void write_tag(uint64_t hash, char etag[ETAG_SIZE])
{
	snprintf(etag, ETAG_SIZE, "\"%016" PRIx64 "%016" PRIx64 "\"",
		 abi_siphash(keys[0], &hash, sizeof(hash)),
		 abi_siphash(keys[1], &hash, sizeof(hash)));
}

/* Jansson's walks take no const, but change nothing. */
static json_t *walked(const json_t *document)
{
	return (json_t *)(uintptr_t)document;
}

void etag_of(const json_t *document, char etag[ETAG_SIZE])
{
	write_tag(hash_value(walked(document)), etag);
}

static bool is_shared(const char *key, const json_t *member)
{
	bool is_empty = json_is_array(member) && json_array_size(member) == 0;

	return strcmp(key, "node") != 0 && !is_empty;
}

void etag_of_shared(const json_t *document, char etag[ETAG_SIZE])
{
	uint64_t hash = 0;
	const char *key;
	json_t *member;

	json_object_foreach (walked(document), key, member) {
		if (is_shared(key, member))
			hash += mix(hash_value(member), key, strlen(key));
	}
	write_tag(hash, etag);
}

/* One tag of a list, as long as `length`. */
static bool is_tag(const char *text, size_t length, const char *etag, bool weak)
{
	if (length > 2 && strncmp(text, "W/", 2) == 0) {
		if (!weak)
			return false;
		text += 2;
		length -= 2;
	}
	return length == strlen(etag) && strncmp(text, etag, length) == 0;
}

bool etag_is_any(const char *header)
{
	header += strspn(header, " \t");
	return header[0] == '*' && header[1 + strspn(header + 1, " \t")] == '\0';
}

bool etag_matches(const char *header, const char *etag, bool weak)
{
	while (*header != '\0') {
		size_t gap = strspn(header, " \t,");
		size_t length = strcspn(header + gap, " \t,");

		header += gap;
		if (is_tag(header, length, etag, weak))
			return true;
		header += length;
	}
	return false;
}
