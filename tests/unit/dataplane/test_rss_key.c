/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* The key of the Toeplitz hash as somebody writes it into a file. */
#include "dataplane/rss_key.h"
#include "tests/unit/core/check.h"
#include "tests/unit/core/toeplitz_key.h"

#define COLONS                                                      \
	"6d:5a:56:da:25:5b:0e:c2:41:67:25:3d:43:a3:8f:b0:d0:ca:2b:" \
	"cb:ae:7b:30:b4:77:cb:2d:a3:80:30:f2:0c:6a:42:b7:3b:be:ac:01:fa"
#define PLAIN                                    \
	"6d5a56da255b0ec24167253d43a38fb0d0ca2b" \
	"cbae7b30b477cb2da38030f20c6a42b73bbeac01fa"

static void test_keys_are_read(void **state)
{
	static const char *const texts[] = {
		COLONS,
		COLONS "\n",
		PLAIN,
		"\t" PLAIN "\r\n",
		"6D5A56DA255B0EC24167253D43A38FB0D0CA2BCBAE7B30B477CB2DA38030F20C6A42B73BBEAC01FA",
		COLONS ":00:11:22:33:44:55:66:77:88:99:aa:bb", /* 52 bytes, of which 40 count */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		uint8_t key[TOEPLITZ_KEY_SIZE] = {0};

		assert_null(rss_key_parse(texts[i], key));
		assert_memory_equal(key, toeplitz_key, sizeof(key));
	}
}

static void test_what_is_no_key_is_told(void **state)
{
	static const struct {
		const char *text, *wrong;
	} rows[] = {
		{"", "is too short"},
		{"6d:5a", "is too short"},
		{COLONS ":00", "is of no key's length"},
		{COLONS COLONS, "is too long"},
		{COLONS ":0", "is no key"},              /* half a byte */
		{"6:d5:a5" COLONS, "is no key"},         /* a colon within a byte */
		{"0x" PLAIN, "is no key"},               /* no hex digit */
		{"RSS hash key:\n" COLONS, "is no key"}, /* more than the key */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint8_t key[TOEPLITZ_KEY_SIZE] = {0}, zero[TOEPLITZ_KEY_SIZE] = {0};
		const char *wrong = rss_key_parse(rows[i].text, key);

		assert_non_null(wrong);
		assert_memory_equal(wrong, rows[i].wrong, strlen(rows[i].wrong));
		assert_memory_equal(key, zero, sizeof(key));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keys_are_read),
		cmocka_unit_test(test_what_is_no_key_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
