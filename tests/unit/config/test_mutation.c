/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * Documents spoiled at random, from a fixed seed: whatever the text, the parser
 * either refuses it with a fault or reads what it can write again. Arguments:
 * the documents to spoil.
 */
#include "config/config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ROUNDS 3000

struct random {
	uint64_t state;
};

/* xorshift64* (Vigna 2016). */
static size_t draw(struct random *random, size_t below)
{
	random->state ^= random->state >> 12;
	random->state ^= random->state << 25;
	random->state ^= random->state >> 27;
	return (size_t)((random->state * 0x2545f4914f6cdd1dull) >> 33) % below;
}

static void check(const char *text, size_t length)
{
	struct config_errors errors;
	struct config *config, *again;

	if (config_parse(text, length, &config, &errors) != 0) {
		assert_null(config);
		assert_true(errors.count > 0);
		config_errors_free(&errors);
		return;
	}
	assert_int_equal(errors.count, 0);
	json_t *json = config_render(config);
	char *written = json_dumps(json, 0);
	assert_non_null(written);
	if (config_parse(written, strlen(written), &again, &errors) != 0) {
		config_errors_print(written, &errors, stderr);
		fail();
	}
	json_t *rewritten = config_render(again);
	assert_true(json_equal(json, rewritten));
	json_decref(json);
	json_decref(rewritten);
	free(written);
	config_free(config);
	config_free(again);
}

/* Flips a bit, cuts the end off, leaves a piece out or writes it twice. */
static void spoil_bytes(struct random *random, const char *text, size_t length)
{
	char *spoilt = malloc(2 * length);
	size_t from = draw(random, length), count = 1 + draw(random, length - from);

	assert_non_null(spoilt);
	memcpy(spoilt, text, length);
	switch (draw(random, 4)) {
	case 0:
		spoilt[from] = (char)(spoilt[from] ^ (1 << draw(random, 8)));
		break;
	case 1:
		length = from;
		break;
	case 2:
		memmove(spoilt + from, text + from + count, length - from - count);
		length -= count;
		break;
	default:
		memcpy(spoilt + from + count, text + from, length - from);
		length += count;
	}
	check(spoilt, length);
	free(spoilt);
}

static const char *const values[] = {
	"null",
	"true",
	"0",
	"-1",
	"80",
	"4294967296",
	"1.5",
	"\"\"",
	"\"*\"",
	"\"80-90\"",
	"\"1h\"",
	"\"0ms\"",
	"\"web-1\"",
	"\"towards-lan\"",
	"\"192.0.2.11\"",
	"\"2001:db8::1\"",
	"\"udp\"",
	"\"none\"",
	"\"full-nat\"",
	"\"null:\"",
	"\"af_xdp:eth1\"",
	"[]",
	"{}",
	"[[[]]]",
	"{\"name\": \"x\"}",
	"[{}]",
	"[\"80\", \"80\"]",
};

/* Takes a step down at random, and changes what is there when it goes no deeper. */
static void spoil_value(struct random *random, json_t *json)
{
	size_t count = json_is_array(json) ? json_array_size(json) : json_object_size(json);
	size_t at = count == 0 ? 0 : draw(random, count);
	json_t *value = json_loads(values[draw(random, sizeof(values) / sizeof(values[0]))],
				   JSON_DECODE_ANY, NULL);
	void *iterator = json_object_iter(json);

	while (json_is_object(json) && at-- > 0)
		iterator = json_object_iter_next(json, iterator);
	json_t *child =
		json_is_array(json) ? json_array_get(json, at) : json_object_iter_value(iterator);
	if (child != NULL && (json_is_array(child) || json_is_object(child)) &&
	    draw(random, 5) > 0) {
		spoil_value(random, child);
		json_decref(value);
	} else if (json_is_array(json) && draw(random, 3) == 0) {
		json_array_insert_new(json, at, value);
	} else if (json_is_array(json)) {
		json_array_set_new(json, at, value);
	} else if (iterator != NULL && draw(random, 3) == 0) {
		json_object_del(json, json_object_iter_key(iterator));
		json_decref(value);
	} else if (iterator != NULL) {
		json_object_iter_set_new(json, iterator, value);
	} else {
		json_decref(value);
	}
}

static void test_spoilt_bytes_are_refused_or_read(void **state)
{
	struct random random = {.state = 20260101};

	for (char **path = *state; *path != NULL; path++) {
		json_t *json = json_load_file(*path, 0, NULL);
		char *text = json_dumps(json, JSON_INDENT(1));
		assert_non_null(text);
		for (int i = 0; i < ROUNDS; i++)
			spoil_bytes(&random, text, strlen(text));
		json_decref(json);
		free(text);
	}
}

static void test_spoilt_values_are_refused_or_read(void **state)
{
	struct random random = {.state = 20260102};

	for (char **path = *state; *path != NULL; path++) {
		json_t *json = json_load_file(*path, 0, NULL);
		assert_non_null(json);
		for (int i = 0; i < ROUNDS; i++) {
			json_t *copy = json_deep_copy(json);
			for (size_t changes = 1 + draw(&random, 3); changes > 0; changes--)
				spoil_value(&random, copy);
			char *text = json_dumps(copy, 0);
			check(text, strlen(text));
			json_decref(copy);
			free(text);
		}
		json_decref(json);
	}
}

int main(int argc, char **argv)
{
	assert_true(argc > 1);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_prestate(test_spoilt_bytes_are_refused_or_read, argv + 1),
		cmocka_unit_test_prestate(test_spoilt_values_are_refused_or_read, argv + 1),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
