/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* The table of flows as the command line prints it, and the lines it is made from. */
#include "controlplane/cli/show_flows.h"
#include "tests/unit/controlplane/check.h"

#include <stdlib.h>
#include <string.h>

static const char *const names[] = {"a", "bc", "d", NULL};

/* "value|value|value", or NULL. */
static const char *read_flat(const char *line)
{
	static char text[128];
	struct flat_value values[3];
	size_t length = 0;

	if (!flat_read(line, strlen(line), names, values))
		return NULL;
	for (int i = 0; i < 3; i++)
		length += (size_t)snprintf(text + length, sizeof(text) - length, "%s%.*s",
					   i > 0 ? "|" : "", (int)values[i].length, values[i].text);
	return text;
}

static void flat_objects_are_read(void **state)
{
	(void)state;
	assert_string_equal(read_flat("{\"a\":1,\"bc\":\"x y\",\"d\":null}"), "1|x y|");
	assert_string_equal(read_flat("{\"d\":\"\",\"zz\":0,\"bc\":-1.5e3,\"b\":2}"), "|-1.5e3|");
	assert_string_equal(read_flat("{\"a\":true}"), "true||");
	assert_null(read_flat(""));
	assert_null(read_flat("{}"));
	assert_null(read_flat("[1]"));
	assert_null(read_flat("{\"a\":1"));
	assert_null(read_flat("{\"a\":1}}"));
	assert_null(read_flat("{\"a\":\"x"));
	assert_null(read_flat("{\"a\":}"));
	assert_null(read_flat("{\"a\"1}"));
	assert_null(read_flat("{\"a\":{\"b\":1}}"));
	assert_null(read_flat("{\"a\":\"\\n\"}"));
	assert_null(read_flat("{\"a\":1,}"));
}

static void durations_are_words(void **state)
{
	static const char *const rows[][2] = {
		{"0.000", "0.0s"},    {"9.984", "9.9s"},     {"10.048", "10s"},
		{"59.968", "59s"},    {"60.032", "1m0s"},    {"3599.936", "59m59s"},
		{"7440.000", "2h4m"}, {"86400.000", "1d0h"}, {"137438953.408", "1590d17h"},
		{"", "0s"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct flat_value value = {rows[i][0], strlen(rows[i][0])};
		char text[64];

		*flow_table_duration(text, &value) = '\0';
		assert_string_equal(text, rows[i][1]);
	}
}

#define LINE(client, hop)                                                                         \
	"{\"worker\":0,\"family\":4,\"protocol\":\"tcp\",\"state\":\"established\",\"client\":"   \
	"\"" client                                                                               \
	"\",\"service\":\"198.51.100.10:80\",\"local\":null,\"backend\":\"10.0.0.11:8080\","      \
	"\"service_name\":\"web\",\"backend_name\":\"web/b1\",\"age\":75.072,\"idle\":0.064," hop \
	"}\n"
#define BY_ROUTE "\"hop_port\":null,\"hop_vlan\":null,\"hop_mac\":null"
#define BY_WAN   "\"hop_port\":\"wan\",\"hop_vlan\":0,\"hop_mac\":\"02:00:00:00:00:77\""
#define BY_VLAN  "\"hop_port\":\"wan\",\"hop_vlan\":100,\"hop_mac\":\"02:00:00:00:00:77\""

/* What is printed of a text that comes in pieces of a size; "" when it is refused. */
static char *print(const char *text, size_t piece)
{
	char *printed = NULL;
	size_t size, length = strlen(text);
	FILE *stream = open_memstream(&printed, &size);
	struct flow_table *table = flow_table_new(stream, false);
	bool good = true;

	for (size_t at = 0; at < length && good; at += piece)
		good = flow_table_add(table, text + at, length - at < piece ? length - at : piece);
	good = good && flow_table_finish(table);
	flow_table_free(table);
	fclose(stream);
	if (!good)
		printed[0] = '\0';
	return printed;
}

static void columns_are_aligned(void **state)
{
	static const char text[] = LINE("1.2.3.4:5", BY_ROUTE) LINE("203.0.113.100:40000", BY_WAN)
		LINE("1.2.3.4:5", BY_VLAN);
	static const char expected[] =
		"PROTO  STATE        CLIENT               SERVICE           LOCAL  BACKEND         "
		"OF   "
		"POOL/BACKEND  AGE    IDLE  HOP                        WORKER\n"
		"tcp    established  1.2.3.4:5            198.51.100.10:80  -      10.0.0.11:8080  "
		"web  "
		"web/b1        1m15s  0.0s  -                          0\n"
		"tcp    established  203.0.113.100:40000  198.51.100.10:80  -      10.0.0.11:8080  "
		"web  "
		"web/b1        1m15s  0.0s  wan/02:00:00:00:00:77      0\n"
		"tcp    established  1.2.3.4:5            198.51.100.10:80  -      10.0.0.11:8080  "
		"web  "
		"web/b1        1m15s  0.0s  wan.100/02:00:00:00:00:77  0\n";

	(void)state;
	for (size_t piece = 1; piece < sizeof(text); piece += 13) {
		char *printed = print(text, piece);

		assert_string_equal(printed, expected);
		free(printed);
	}
}

static void no_flows_are_a_header(void **state)
{
	char *printed = print("", 1);

	(void)state;
	assert_memory_equal(printed, "PROTO  STATE  CLIENT", 20);
	free(printed);
}

/* More than is kept to see how wide the columns are. */
static void long_lists_have_every_line(void **state)
{
	const size_t each = sizeof(LINE("1.2.3.4:5", BY_ROUTE)) - 1, count = 5000;
	char *text = malloc(count * each + 1);
	unsigned lines = 0;

	(void)state;
	for (size_t i = 0; i < count; i++)
		memcpy(text + i * each, LINE("1.2.3.4:5", BY_ROUTE), each + 1);

	char *printed = print(text, 8191);

	for (const char *c = printed; *c != '\0'; c++)
		lines += *c == '\n';
	assert_int_equal(lines, count + 1);
	free(printed);
	free(text);
}

static void what_is_no_list_is_refused(void **state)
{
	static const char *const texts[] = {"hello\n", "{\"a\":1}x\n", LINE("x", BY_ROUTE) "{",
					    LINE("\\\"", BY_ROUTE), "\n"};
	char *endless = malloc(10000);

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		char *printed = print(texts[i], 5);

		assert_string_equal(printed, "");
		free(printed);
	}
	memset(endless, 'x', 9999);
	endless[9999] = '\0';

	char *printed = print(endless, 1000);

	assert_string_equal(printed, "");
	free(printed);
	free(endless);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(flat_objects_are_read),
		cmocka_unit_test(durations_are_words),
		cmocka_unit_test(columns_are_aligned),
		cmocka_unit_test(no_flows_are_a_header),
		cmocka_unit_test(long_lists_have_every_line),
		cmocka_unit_test(what_is_no_list_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
