/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "config/etag.h"

#include "dataplane/abi/hash.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Two hashes with fixed keys make 128 bits: tags stay the same from one run to the next. */
static const uint64_t keys[2][2] = {{0x6865616472616365ull, 0x636f6e6669677572ull},
				    {0x6574616720707274ull, 0x7365636f6e640a0aull}};

int etag_of(const json_t *document, char etag[ETAG_SIZE])
{
	char *text = json_dumps(document, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);

	if (text == NULL)
		return -ENOMEM;

	size_t length = strlen(text);

	snprintf(etag, ETAG_SIZE, "\"%016" PRIx64 "%016" PRIx64 "\"",
		 abi_siphash(keys[0], text, length), abi_siphash(keys[1], text, length));
	free(text);
	return 0;
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
