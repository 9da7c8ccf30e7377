/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* From the document to the text of its file, within the bounds that reading has. */
#include "config/config.h"
#include "config/scan.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

const char *config_too_large(const char *text, size_t length)
{
	if (length > CONFIG_BYTES_MAX)
		return "the document is longer than 16 MiB, the most there may be";
	if (scan_count_values(text, length) > CONFIG_VALUES_MAX)
		return "the document has more than a million values, the most there may be";
	return NULL;
}

static char *dump(const json_t *document, uint64_t revision)
{
	json_t *saved = json_pack("{s:I}", "revision", (json_int_t)revision);
	char *text = NULL;

	/* Jansson's walks take no const, but change nothing. */
	if (saved != NULL && json_object_update(saved, (json_t *)(uintptr_t)document) == 0)
		text = json_dumps(saved, JSON_INDENT(2));
	json_decref(saved);
	return text;
}

int config_write(const json_t *document, uint64_t revision, char **text, size_t *length)
{
	*text = dump(document, revision);
	if (*text == NULL)
		return -ENOMEM;
	*length = strlen(*text) + 1;
	(*text)[*length - 1] = '\n'; /* in the place of the NUL */
	/* In a whole document something parts each value from the next: a short one needs no count.
	 */
	if (*length / 2 < CONFIG_VALUES_MAX || config_too_large(*text, *length) == NULL)
		return 0;
	free(*text);
	*text = NULL;
	return -EFBIG;
}
