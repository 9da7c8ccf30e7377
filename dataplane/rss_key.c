/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "dataplane/rss_key.h"

#include "dataplane/log.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Each byte of the longest key with a colon or white space, and some to spare. */
#define TEXT_SIZE 512

/* -1: it is no hexadecimal digit. */
static int digit_value(char digit)
{
	const char *digits = "0123456789abcdef";
	const char *found = strchr(digits, tolower((unsigned char)digit));

	return digit != '\0' && found != NULL ? (int)(found - digits) : -1;
}

const char *rss_key_parse(const char *text, uint8_t key[TOEPLITZ_KEY_SIZE])
{
	uint8_t bytes[RSS_KEY_SIZE_MAX];
	size_t count = 0;

	for (const char *at = text; *at != '\0';) {
		if (*at == ':' || isspace((unsigned char)*at)) {
			at++;
			continue;
		}
		const int high = digit_value(at[0]);
		const int low = high < 0 ? -1 : digit_value(at[1]);

		if (low < 0)
			return "is no key: write each byte as two hexadecimal digits, as ethtool "
			       "-x prints them";
		if (count == RSS_KEY_SIZE_MAX)
			return "is too long for a key: it has 40 or 52 bytes";
		bytes[count++] = (uint8_t)(high << 4 | low);
		at += 2;
	}
	if (count < TOEPLITZ_KEY_SIZE)
		return "is too short for a key: it has 40 or 52 bytes";
	if (count != TOEPLITZ_KEY_SIZE && count != RSS_KEY_SIZE_MAX)
		return "is of no key's length: it has 40 or 52 bytes";
	memcpy(key, bytes, TOEPLITZ_KEY_SIZE);
	return NULL;
}

int rss_key_read(const char *path, uint8_t key[TOEPLITZ_KEY_SIZE])
{
	char text[TEXT_SIZE];
	FILE *file = fopen(path, "re");
	const char *wrong;
	size_t length;

	if (file == NULL) {
		log_line("cannot read the RSS key in %s: %s", path, strerror(errno));
		return -1;
	}
	length = fread(text, 1, sizeof(text) - 1, file);
	text[length] = '\0';
	fclose(file);
	wrong = strlen(text) == length ? rss_key_parse(text, key) : "is no text";
	if (wrong == NULL)
		return 0;
	log_line("--rss-key: what is in %s %s", path, wrong);
	return -1;
}
