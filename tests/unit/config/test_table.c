/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* The table of fields itself, and the page made from it. Argument: docs/configuration.md. */
#include "config/config.h"
#include "config/fields.h"
#include "config/values.h"

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void for_each_field(void (*check)(const struct field_object *object,
					 const struct field *field))
{
	const struct field_object *objects[FIELDS_OBJECTS_MAX];
	size_t count = fields_objects(objects);

	assert_true(count < FIELDS_OBJECTS_MAX);
	for (size_t i = 0; i < count; i++) {
		for (size_t j = 0; j < objects[i]->field_count; j++)
			check(objects[i], &objects[i]->fields[j]);
	}
}

static void check_default(const struct field_object *object, const struct field *field)
{
	json_t *fallback = fields_default(field);
	char why[VALUE_WHY_SIZE];
	uint64_t value[CONFIG_PATH_SIZE / sizeof(uint64_t)];

	(void)object;
	if (fallback == NULL)
		return;
	assert_false(field->flags & (FIELD_REQUIRED | FIELD_EITHER));
	assert_null(field->derive);
	assert_true(value_parse(field, fallback, value, why));
	json_t *rendered = value_render(field, value);
	assert_true(json_equal(rendered, fallback));
	json_decref(rendered);
	json_decref(fallback);
}

static void test_every_default_is_a_valid_value_in_its_plainest_form(void **state)
{
	(void)state;
	for_each_field(check_default);
}

/* Bytes of the struct that a row describes. */
static size_t width(const struct field *field)
{
	return field->is_list ? sizeof(void *) : field->size;
}

static void check_place(const struct field_object *object, const struct field *field)
{
	if (field->flags & FIELD_INLINE)
		return;
	assert_true(field->offset + width(field) <= object->size);
	for (const struct field *other = object->fields; other < field; other++) {
		if (other->flags & FIELD_INLINE)
			continue;
		assert_string_not_equal(field->key, other->key);
		assert_true(field->offset + width(field) <= other->offset ||
			    other->offset + width(other) <= field->offset);
	}
}

static void test_every_row_has_a_place_of_its_own(void **state)
{
	(void)state;
	for_each_field(check_place);
}

static void check_words(const struct field_object *object, const struct field *field)
{
	(void)object;
	assert_true(field->help[strlen(field->help) - 1] == '.');
	assert_null(strchr(field->help, '|'));
	assert_int_equal(field->type == FIELD_WORD, field->words != NULL);
	assert_int_equal(field->type == FIELD_OBJECT, field->object != NULL);
	if (field->type == FIELD_NUMBER || field->type == FIELD_DURATION)
		assert_true(field->maximum > field->minimum);
	if (field->is_list)
		assert_true(field->count_maximum > field->count_minimum);
	for (const char *at = field->key; *at != '\0'; at++)
		assert_true(islower((unsigned char)*at) || isdigit((unsigned char)*at) ||
			    *at == '_');
}

static void test_every_row_is_complete(void **state)
{
	(void)state;
	for_each_field(check_words);
}

static char *read_file(const char *path)
{
	FILE *file = fopen(path, "r");
	char *text = NULL;
	size_t room = 0;

	assert_non_null(file);
	assert_true(getdelim(&text, &room, '\0', file) > 0);
	fclose(file);
	return text;
}

static void test_the_page_is_what_the_table_makes(void **state)
{
	char *page = config_reference(), *written = read_file(*state);

	if (strcmp(page, written) != 0)
		fail_msg("%s is out of date: write it again by `config-describe reference`",
			 (const char *)*state);
	free(page);
	free(written);
}

int main(int argc, char **argv)
{
	assert_int_equal(argc, 2);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_default_is_a_valid_value_in_its_plainest_form),
		cmocka_unit_test(test_every_row_has_a_place_of_its_own),
		cmocka_unit_test(test_every_row_is_complete),
		cmocka_unit_test_prestate(test_the_page_is_what_the_table_makes, argv[1]),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
