/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "config/text.h"

#include <jansson.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define QUOTED_MAX   60
#define DISTANCE_MAX 32 /* longest word that text_distance() compares */

void text_trim(char *text)
{
	size_t length = strlen(text);
	size_t start = length;

	while (start > 0 && length - start < 3 && ((uint8_t)text[start - 1] & 0xc0) == 0x80)
		start--;
	if (start == 0 || !((uint8_t)text[start - 1] & 0x80))
		return;
	uint8_t lead = (uint8_t)text[start - 1];
	size_t wanted = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
	if (length - start + 1 < wanted)
		text[start - 1] = '\0';
}

void text_make_utf8(char *text)
{
	json_t *json = json_string(text);

	for (char *at = text; json == NULL && *at != '\0'; at++) {
		if ((uint8_t)*at >= 0x80)
			*at = '?';
	}
	json_decref(json);
}

char *text_quote(const char *text, char buffer[TEXT_QUOTE_SIZE])
{
	size_t length = strnlen(text, QUOTED_MAX + 1);
	const char *end = length > QUOTED_MAX ? "...\"" : "\"";

	if (length > QUOTED_MAX)
		length = QUOTED_MAX;
	buffer[0] = '"';
	memcpy(buffer + 1, text, length);
	buffer[1 + length] = '\0';
	text_trim(buffer);
	for (char *at = buffer; *at != '\0'; at++) {
		if ((uint8_t)*at < 0x20 || *at == 0x7f)
			*at = '?';
	}
	strcat(buffer, end);
	return buffer;
}

static unsigned least(unsigned a, unsigned b, unsigned c)
{
	unsigned ab = a < b ? a : b;

	return ab < c ? ab : c;
}

/* Edit distance, three rows of the usual table; swapped neighbours count once. */
unsigned text_distance(const char *a, const char *b)
{
	size_t a_length = strlen(a), b_length = strlen(b);
	unsigned rows[3][DISTANCE_MAX + 1];
	unsigned *before = rows[0], *above = rows[1], *row = rows[2];

	if (a_length > DISTANCE_MAX || b_length > DISTANCE_MAX)
		return DISTANCE_MAX;
	for (size_t j = 0; j <= b_length; j++)
		above[j] = before[j] = (unsigned)j;
	for (size_t i = 1; i <= a_length; i++) {
		row[0] = (unsigned)i;
		for (size_t j = 1; j <= b_length; j++) {
			unsigned changed = above[j - 1] + (a[i - 1] != b[j - 1]);
			row[j] = least(above[j] + 1, row[j - 1] + 1, changed);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				row[j] = least(row[j], before[j - 2] + 1, row[j]);
		}
		unsigned *oldest = before;
		before = above;
		above = row;
		row = oldest;
	}
	return above[b_length];
}

int text_is_close(const char *a, const char *b)
{
	size_t a_length = strlen(a), b_length = strlen(b);
	size_t shorter = a_length < b_length ? a_length : b_length;
	size_t longer = a_length + b_length - shorter;
	unsigned most = longer > 5 ? 2 : 1;

	/* Each letter more is one to insert; the rest of the comparison is not cheap. */
	return longer > 2 && longer - shorter <= most && text_distance(a, b) <= most;
}
