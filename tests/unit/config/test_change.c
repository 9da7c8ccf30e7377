/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* What a change is made with: merge patches, entity tags, differences, places to listen at. */
#include "config/difference.h"
#include "config/etag.h"
#include "config/listen.h"
#include "config/patch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static json_t *parse(const char *text)
{
	json_error_t fault;
	json_t *value = json_loads(text, JSON_DECODE_ANY, &fault);

	if (value == NULL)
		fail_msg("%s: %s", text, fault.text);
	return value;
}

static void assert_json(const json_t *value, const char *expected)
{
	json_t *other = parse(expected);

	if (!json_equal(value, other))
		fail_msg("%s, expected %s", json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY),
			 expected);
	json_decref(other);
}

/* Every case of RFC 7396, appendix A. */
static void a_patch_is_laid_over_as_the_rfc_says(void **state)
{
	static const char *const cases[][3] = {
		{"{\"a\":\"b\"}", "{\"a\":\"c\"}", "{\"a\":\"c\"}"},
		{"{\"a\":\"b\"}", "{\"b\":\"c\"}", "{\"a\":\"b\",\"b\":\"c\"}"},
		{"{\"a\":\"b\"}", "{\"a\":null}", "{}"},
		{"{\"a\":\"b\",\"b\":\"c\"}", "{\"a\":null}", "{\"b\":\"c\"}"},
		{"{\"a\":[\"b\"]}", "{\"a\":\"c\"}", "{\"a\":\"c\"}"},
		{"{\"a\":\"c\"}", "{\"a\":[\"b\"]}", "{\"a\":[\"b\"]}"},
		{"{\"a\":{\"b\":\"c\"}}", "{\"a\":{\"b\":\"d\",\"c\":null}}",
		 "{\"a\":{\"b\":\"d\"}}"},
		{"{\"a\":[{\"b\":\"c\"}]}", "{\"a\":[1]}", "{\"a\":[1]}"},
		{"[\"a\",\"b\"]", "[\"c\",\"d\"]", "[\"c\",\"d\"]"},
		{"{\"a\":\"b\"}", "[\"c\"]", "[\"c\"]"},
		{"{\"a\":\"foo\"}", "null", "null"},
		{"{\"a\":\"foo\"}", "\"bar\"", "\"bar\""},
		{"{\"e\":null}", "{\"a\":1}", "{\"e\":null,\"a\":1}"},
		{"[1,2]", "{\"a\":\"b\",\"c\":null}", "{\"a\":\"b\"}"},
		{"{}", "{\"a\":{\"bb\":{\"ccc\":null}}}", "{\"a\":{\"bb\":{}}}"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		json_t *target = parse(cases[i][0]), *patch = parse(cases[i][1]);
		json_t *merged = patch_merge(target, patch);

		assert_json(merged, cases[i][2]);
		assert_json(target, cases[i][0]);
		json_decref(merged);
		json_decref(target);
		json_decref(patch);
	}
}

static void tag(const char *text, char etag[ETAG_SIZE])
{
	json_t *document = parse(text);

	etag_of(document, etag);
	json_decref(document);
}

static void a_tag_is_of_the_content_alone(void **state)
{
	char one[ETAG_SIZE], other[ETAG_SIZE];

	(void)state;
	tag("{\"a\": 1, \"b\": [1, 2]}", one);
	tag("{ \"b\":[1,2],\n\"a\":1 }", other);
	assert_string_equal(one, other);
	assert_int_equal(strlen(one), 34);
	assert_int_equal(one[0], '"');
	assert_int_equal(one[33], '"');
	tag("{\"a\": 1, \"b\": [2, 1]}", other);
	assert_string_not_equal(one, other);
	tag("{\"a\": 1.0, \"b\": [1, 2]}", other);
	assert_string_not_equal(one, other);
	tag("{}", other);
	assert_string_not_equal(one, other);
}

static void nodes_of_a_pair_share_a_tag(void **state)
{
	static const char *const documents[] = {
		"{\"a\": 1}", "{\"node\": {\"id\": 1}, \"a\": 1}",
		"{\"a\": 1, \"node\": {\"name\": \"x\", \"id\": 0}}", "{\"a\": 1, \"node\": null}",
		"{\"a\": 1, \"pools\": []}"};
	static const char *const others[] = {
		"{\"a\": 2, \"node\": {\"id\": 1}}", "{}", "{\"a\": 1, \"pools\": {}}",
		"{\"a\": [], \"node\": 1}", "{\"a\": 1, \"pools\": [[]]}"};
	char shared[ETAG_SIZE], other[ETAG_SIZE], whole[ETAG_SIZE];
	json_t *document;

	(void)state;
	document = parse(documents[0]);
	etag_of_shared(document, whole);
	json_decref(document);
	for (size_t i = 0; i < sizeof(documents) / sizeof(documents[0]); i++) {
		document = parse(documents[i]);
		etag_of_shared(document, shared);
		assert_string_equal(shared, whole);
		json_decref(document);
	}
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		document = parse(others[i]);
		etag_of_shared(document, other);
		assert_string_not_equal(other, whole);
		json_decref(document);
	}
}

static void a_tag_tells_kinds_places_and_nesting_apart(void **state)
{
	static const char *const documents[] = {"{}",
						"{\"a\": {}}",
						"{\"a\": []}",
						"{\"a\": [[]]}",
						"{\"a\": null}",
						"{\"a\": true}",
						"{\"a\": false}",
						"{\"a\": \"\"}",
						"{\"a\": \"1\"}",
						"{\"a\": 1}",
						"{\"a\": [1]}",
						"{\"b\": 1}",
						"{\"a\": {\"b\": 1}}",
						"{\"b\": {\"a\": 1}}",
						"{\"a\": 1, \"b\": 2}",
						"{\"a\": 2, \"b\": 1}",
						"{\"a\": {\"b\": 1}, \"c\": {}}",
						"{\"a\": {}, \"c\": {\"b\": 1}}"};
	const size_t count = sizeof(documents) / sizeof(documents[0]);
	char tags[sizeof(documents) / sizeof(documents[0])][ETAG_SIZE];

	(void)state;
	for (size_t i = 0; i < count; i++) {
		tag(documents[i], tags[i]);
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(tags[i], tags[j]);
	}
}

static void headers_name_tags_as_rfc_9110_says(void **state)
{
	const char *etag = "\"ab\"";

	(void)state;
	assert_true(etag_matches("\"ab\"", etag, false));
	assert_true(etag_is_any("*"));
	assert_true(etag_is_any(" *\t"));
	assert_false(etag_is_any(""));
	assert_false(etag_is_any("*, \"ab\""));
	assert_false(etag_is_any("\"*\""));
	assert_false(etag_matches("*", etag, false));
	assert_true(etag_matches("\"x\", \"ab\"", etag, false));
	assert_true(etag_matches(" \"x\",\"ab\" ", etag, false));
	assert_true(etag_matches("W/\"ab\"", etag, true));
	assert_false(etag_matches("W/\"ab\"", etag, false));
	assert_false(etag_matches("", etag, true));
	assert_false(etag_matches("ab", etag, true));
	assert_false(etag_matches("\"abc\"", etag, true));
	assert_false(etag_matches("\"a\"", etag, true));
	assert_false(etag_matches("\"x\", \"y\"", etag, true));
}

static void differences_are_told_by_name(void **state)
{
	static const char before[] =
		"{\"revision\": 1, \"node\": {\"name\": \"n\"}, \"pools\": ["
		"{\"name\": \"web\", \"backends\": [{\"name\": \"a\", \"weight\": 1},"
		" {\"name\": \"b\"}]}, {\"name\": \"old\"}]}";
	static const char after[] =
		"{\"revision\": 9, \"node\": {\"name\": \"m\"}, \"pools\": ["
		"{\"name\": \"new\"}, {\"name\": \"web\", \"backends\": ["
		"{\"name\": \"b\"}, {\"name\": \"c\"}, {\"name\": \"a\", \"weight\": 2}]}],"
		" \"services\": [{\"name\": \"s\"}]}";
	static const char expected[] =
		"[{\"op\": \"change\", \"pointer\": \"/node/name\", \"name\": \"node / name\","
		" \"from\": \"n\", \"to\": \"m\"},"
		"{\"op\": \"change\", \"pointer\": \"/pools/1/backends/2/weight\","
		" \"name\": \"pool web / backend a / weight\", \"from\": 1, \"to\": 2},"
		"{\"op\": \"add\", \"pointer\": \"/pools/1/backends/1\","
		" \"name\": \"pool web / backend c\", \"to\": {\"name\": \"c\"}},"
		"{\"op\": \"change\", \"pointer\": \"/pools/1/backends\","
		" \"name\": \"pool web / backends / order\","
		" \"from\": [\"a\", \"b\"], \"to\": [\"b\", \"a\"]},"
		"{\"op\": \"remove\", \"pointer\": \"/pools/1\", \"name\": \"pool old\","
		" \"from\": {\"name\": \"old\"}},"
		"{\"op\": \"add\", \"pointer\": \"/pools/0\", \"name\": \"pool new\","
		" \"to\": {\"name\": \"new\"}},"
		"{\"op\": \"add\", \"pointer\": \"/services/0\", \"name\": \"service s\","
		" \"to\": {\"name\": \"s\"}}]";
	json_t *one = parse(before), *other = parse(after), *list;

	(void)state;
	list = difference_list(one, other);
	assert_json(list, expected);
	json_decref(list);
	list = difference_list(one, one);
	assert_int_equal(json_array_size(list), 0);
	json_decref(list);
	json_decref(one);
	json_decref(other);
}

static void another_order_is_told(void **state)
{
	json_t *one = parse("{\"pools\": [{\"name\": \"a\"}, {\"name\": \"b\"}]}");
	json_t *other = parse("{\"pools\": [{\"name\": \"b\"}, {\"name\": \"a\"}]}");
	json_t *list = difference_list(one, other);

	(void)state;
	assert_json(list, "[{\"op\": \"change\", \"pointer\": \"/pools\","
			  " \"name\": \"pools / order\","
			  " \"from\": [\"a\", \"b\"], \"to\": [\"b\", \"a\"]}]");
	json_decref(list);
	json_decref(one);
	json_decref(other);
}

/* What has no names, or the same name twice, is told as a whole. */
static void lists_without_names_are_told_whole(void **state)
{
	json_t *one =
		parse("{\"ports\": [1, 2], \"pools\": [{\"name\": \"a\"}, {\"name\": \"a\"}]}");
	json_t *other = parse("{\"ports\": [2], \"pools\": [{\"name\": \"a\"}]}");
	json_t *list = difference_list(one, other);

	(void)state;
	assert_int_equal(json_array_size(list), 2);
	assert_json(json_object_get(json_array_get(list, 0), "from"), "[1, 2]");
	assert_json(json_object_get(json_array_get(list, 1), "pointer"), "\"/pools\"");
	json_decref(list);
	json_decref(one);
	json_decref(other);
}

static void places_to_listen_at(void **state)
{
	static const char *const good[] = {"unix:/run/headrace/api.sock", "127.0.0.1:7117",
					   "192.0.2.1:1", "[::1]:65535", "0.0.0.0:80"};
	static const char *const bad[] = {
		"",           "unix:",          "unix:api.sock",   "localhost:80",  "127.0.0.1",
		"127.0.0.1:", "127.0.0.1:0",    "127.0.0.1:65536", "127.0.0.1:+80", "127.0.0.1: 80",
		"::1:7117",   "[127.0.0.1]:80", "[::1]80",         "[]:80",         ":80"};
	struct listen_place place;
	char path[200] = "unix:/";

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		if (listen_parse(good[i], &place) != NULL)
			fail_msg("%s: %s", good[i], listen_parse(good[i], &place));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (listen_parse(bad[i], &place) == NULL)
			fail_msg("%s is taken", bad[i]);
	assert_null(listen_parse("[::1]:7117", &place));
	assert_int_equal(place.port, 7117);
	assert_int_equal(place.path[0], '\0');
	memset(path + 6, 'x', 106);
	assert_null(listen_parse(path, &place));
	assert_int_equal(strlen(place.path), 107);
	path[112] = 'x';
	assert_non_null(listen_parse(path, &place));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_patch_is_laid_over_as_the_rfc_says),
		cmocka_unit_test(a_tag_is_of_the_content_alone),
		cmocka_unit_test(nodes_of_a_pair_share_a_tag),
		cmocka_unit_test(a_tag_tells_kinds_places_and_nesting_apart),
		cmocka_unit_test(headers_name_tags_as_rfc_9110_says),
		cmocka_unit_test(differences_are_told_by_name),
		cmocka_unit_test(another_order_is_told),
		cmocka_unit_test(lists_without_names_are_told_whole),
		cmocka_unit_test(places_to_listen_at),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
