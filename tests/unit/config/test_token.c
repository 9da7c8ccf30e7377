/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* The token of the API: which files are one, and which headers show it. */
#include "config/token.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define GOOD "0123456789abcdef"

/* What token_read() says of a file with this content and mode. */
static const char *read_file(const char *text, mode_t mode, char token[TOKEN_SIZE])
{
	char path[] = "/tmp/headrace-token-XXXXXX";
	int descriptor = mkstemp(path);
	const char *why;

	assert_true(descriptor >= 0);
	assert_int_equal(write(descriptor, text, strlen(text)), strlen(text));
	assert_int_equal(fchmod(descriptor, mode), 0);
	close(descriptor);
	why = token_read(path, token);
	unlink(path);
	return why;
}

static void good_files(void **state)
{
	static const char *const texts[] = {GOOD, GOOD "\n", GOOD "\r\n"};
	char token[TOKEN_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		assert_null(read_file(texts[i], 0600, token));
		assert_string_equal(token, GOOD);
	}
	assert_null(read_file(GOOD, 0640, token));
}

static void bad_files(void **state)
{
	static const char *const texts[] = {
		"",        "\n",          "0123456789abcde", "0123456789abcde\n",
		GOOD "\t", GOOD " " GOOD, GOOD "\n" GOOD,    GOOD "\xc3\xa4"};
	char token[TOKEN_SIZE], text[TOKEN_SIZE + 8];

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (read_file(texts[i], 0600, token) == NULL)
			fail_msg("case %zu is taken: %s", i, token);
	assert_non_null(read_file(GOOD, 0604, token));
	assert_non_null(read_file(GOOD, 0602, token));
	assert_non_null(token_read("/tmp", token));
	assert_non_null(token_read("/nowhere/token", token));
	memset(text, 'x', sizeof(text));
	text[TOKEN_SIZE - 1] = '\0';
	assert_null(read_file(text, 0600, token));
	assert_string_equal(token, text);
	text[TOKEN_SIZE - 1] = 'x';
	text[TOKEN_SIZE] = '\0';
	assert_non_null(read_file(text, 0600, token));
	text[TOKEN_SIZE] = 'x';
	text[TOKEN_SIZE + 7] = '\0';
	assert_non_null(read_file(text, 0600, token));
}

static void headers(void **state)
{
	static const char *const bad[] = {"",
					  "Bearer",
					  "Bearer ",
					  GOOD,
					  "Basic " GOOD,
					  "Bearer 0123456789abcde",
					  "Bearer 0123456789abcdeF",
					  "Bearer 1123456789abcdef",
					  "Bearer " GOOD "0",
					  "Bearer " GOOD GOOD,
					  "Bearer " GOOD " ",
					  "Bearer \"" GOOD "\""};

	(void)state;
	assert_true(token_is_shown("Bearer " GOOD, GOOD));
	assert_true(token_is_shown("bearer  " GOOD, GOOD));
	assert_false(token_is_shown(NULL, GOOD));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (token_is_shown(bad[i], GOOD))
			fail_msg("\"%s\" is taken", bad[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_files),
		cmocka_unit_test(bad_files),
		cmocka_unit_test(headers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
