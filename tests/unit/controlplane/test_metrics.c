/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* The text format of metrics: families, numbers, labels that need escaping, histograms. */
#include "controlplane/metrics/histogram.h"
#include "controlplane/metrics/text.h"
#include "tests/unit/controlplane/check.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What was written; freed by the caller. */
static void expect_text(struct metrics_text *text, const char *expected)
{
	char *written = metrics_text_take(text);

	assert_string_equal(written, expected);
	free(written);
}

static void expect_label(const char *value, const char *expected)
{
	struct metrics_labels labels = {0};
	char whole[512];

	metrics_label(&labels, "l", value);
	snprintf(whole, sizeof(whole), "l=\"%s\"", expected);
	assert_int_equal(labels.length, strlen(whole));
	assert_memory_equal(labels.text, whole, labels.length);
}

static void families_begin_with_help_and_type(void **state)
{
	struct metrics_text text = {0};
	struct metrics_labels labels = {0};

	(void)state;
	metrics_label(&labels, "pool", "web");
	metrics_label_number(&labels, "worker", 7);
	metrics_family(&text, "a_total", METRICS_COUNTER, "Back\\slash,\nand \"quotes\".");
	metrics_count(&text, NULL, 0);
	metrics_count(&text, &labels, UINT64_MAX);
	metrics_count_of(&text, &labels, "state", "up", 10);
	metrics_count_of(&text, NULL, "state", "up", 1);
	metrics_family(&text, "b", METRICS_GAUGE, "Nothing yet.");
	expect_text(&text, "# HELP a_total Back\\\\slash,\\nand \"quotes\".\n"
			   "# TYPE a_total counter\n"
			   "a_total 0\n"
			   "a_total{pool=\"web\",worker=\"7\"} 18446744073709551615\n"
			   "a_total{pool=\"web\",worker=\"7\",state=\"up\"} 10\n"
			   "a_total{state=\"up\"} 1\n"
			   "# HELP b Nothing yet.\n"
			   "# TYPE b gauge\n");
}

static void numbers_are_exact_and_short(void **state)
{
	static const struct {
		double value;
		const char *text;
	} cases[] = {{0, "v 0\n"},
		     {0.1, "v 0.1\n"},
		     {-2.5, "v -2.5\n"},
		     {0.000123, "v 0.000123\n"},
		     {1754000000.123, "v 1754000000.123\n"},
		     {1e-9, "v 1e-09\n"},
		     {1e300, "v 1e+300\n"},
		     {(double)INFINITY, "v +Inf\n"},
		     {-(double)INFINITY, "v -Inf\n"},
		     {(double)NAN, "v NaN\n"}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct metrics_text text = {.family = "v"};

		metrics_value(&text, NULL, cases[i].value);
		expect_text(&text, cases[i].text);
	}
}

static void values_of_labels_are_escaped(void **state)
{
	(void)state;
	expect_label("", "");
	expect_label("web-1.a_B", "web-1.a_B");
	expect_label("say \"hi\"\\\n", "say \\\"hi\\\"\\\\\\n");
	expect_label("tab\there", "tab\there");
	expect_label("m\xc3\xbchle \xe2\x82\xac \xf0\x9f\x98\x80",
		     "m\xc3\xbchle \xe2\x82\xac \xf0\x9f\x98\x80");
}

static void what_is_no_utf8_is_replaced(void **state)
{
	(void)state;
	expect_label("\xff\xfe", "??");
	expect_label("a\x80z", "a?z");
	expect_label("cut\xe2\x82", "cut??");
	expect_label("cut\xc3\"", "cut?\\\"");
	expect_label("\xc0\xaf", "??");               /* overlong */
	expect_label("\xe0\x80\xaf", "???");          /* overlong */
	expect_label("\xf0\x80\x80\xaf", "????");     /* overlong */
	expect_label("\xed\xa0\x80", "???");          /* a surrogate */
	expect_label("\xed\x9f\xbf", "\xed\x9f\xbf"); /* the last before them */
	expect_label("\xf4\x90\x80\x80", "????");     /* past the last character */
	expect_label("\xf4\x8f\xbf\xbf", "\xf4\x8f\xbf\xbf");
}

/* Texts in shared memory may fill their place. */
static void texts_without_an_end_are_bounded(void **state)
{
	struct metrics_labels labels = {0};
	const char name[4] = {'a', 'b', 'c', 'd'};

	(void)state;
	metrics_label_bytes(&labels, "n", name, sizeof(name));
	metrics_label_bytes(&labels, "m", "x\0y", 3);
	assert_int_equal(labels.length, strlen("n=\"abcd\",m=\"x\""));
	assert_memory_equal(labels.text, "n=\"abcd\",m=\"x\"", labels.length);
}

/* Whatever their lengths: labels stay whole ones within their room. */
static void long_values_are_cut(void **state)
{
	char value[700];

	(void)state;
	for (size_t length = 0; length < sizeof(value) - 1; length++) {
		struct metrics_labels labels = {0};
		size_t quotes = 0;

		memset(value, length % 3 == 0 ? '"' : 'x', length);
		value[length] = '\0';
		metrics_label(&labels, "first", value);
		metrics_label(&labels, "second", value);
		metrics_label_number(&labels, "third", length);
		assert_in_range(labels.length, strlen("first=\"\""), sizeof(labels.text));
		assert_int_equal(labels.text[labels.length - 1], '"');
		for (size_t i = 0; i < labels.length; i++) {
			if (labels.text[i] == '\\')
				i++;
			else
				quotes += labels.text[i] == '"';
		}
		assert_int_equal(quotes % 2, 0);
	}
}

static void histograms_count_up_to_their_bounds(void **state)
{
	struct metrics_histogram histogram = {0};
	struct metrics_text text = {0};
	char *written;

	(void)state;
	histogram_add(&histogram, 0);
	histogram_add(&histogram, 1000000); /* 1 ms: within it */
	histogram_add(&histogram, 1000001);
	histogram_add(&histogram, 600000000);
	histogram_add(&histogram, UINT64_C(11000000000));
	histogram_write(&text, "t_seconds", "Time.", &histogram);
	metrics_count(&text, NULL, 3); /* goes on by the family's own name */
	written = metrics_text_take(&text);
	assert_non_null(strstr(written,
			       "# TYPE t_seconds histogram\nt_seconds_bucket{le=\"0.001\"} "
			       "2\nt_seconds_bucket{le=\"0.0025\"} 3\n"));
	assert_non_null(strstr(written, "{le=\"0.5\"} 3\nt_seconds_bucket{le=\"1\"} 4\n"));
	assert_non_null(strstr(written, "{le=\"10\"} 4\nt_seconds_bucket{le=\"+Inf\"} 5\n"
					"t_seconds_sum 11.602000001\nt_seconds_count 5\n"
					"t_seconds 3\n"));
	assert_int_equal(histogram.last_ns, UINT64_C(11000000000));
	free(written);
}

static void series_of_a_histogram_have_their_labels(void **state)
{
	static const double bounds[] = {1.024e-07, 0.5};
	static const uint64_t buckets[] = {3, 4};
	struct metrics_labels labels = {0};
	struct metrics_text text = {0};

	(void)state;
	metrics_label_number(&labels, "worker", 1);
	histogram_write_series(&text, "t_seconds", &labels,
			       &(struct histogram_series){.bounds = bounds,
							  .buckets = buckets,
							  .bucket_count = 2,
							  .count = 9,
							  .sum = 2.5});
	expect_text(&text, "t_seconds_bucket{worker=\"1\",le=\"1.024e-07\"} 3\n"
			   "t_seconds_bucket{worker=\"1\",le=\"0.5\"} 7\n"
			   "t_seconds_bucket{worker=\"1\",le=\"+Inf\"} 9\n"
			   "t_seconds_sum{worker=\"1\"} 2.5\n"
			   "t_seconds_count{worker=\"1\"} 9\n");
}

static void texts_grow(void **state)
{
	struct metrics_text text = {0};
	size_t length = 0;
	char *written;

	(void)state;
	metrics_text_reserve(&text, 10000);
	metrics_family(&text, "g", METRICS_GAUGE, "Many.");
	length = text.length;
	for (uint64_t i = 100000; i < 200000; i++)
		metrics_count(&text, NULL, i);
	assert_int_equal(text.length, length + 100000 * strlen("g 100000\n"));
	written = metrics_text_take(&text);
	assert_string_equal(written + strlen(written) - 9, "g 199999\n");
	assert_null(text.bytes);
	free(written);
}

static void no_memory_gives_no_text(void **state)
{
	struct metrics_text text = {0};

	(void)state;
	metrics_family(&text, "g", METRICS_GAUGE, "Cut short.");
	text.no_memory = true;
	metrics_count(&text, NULL, 1);
	assert_null(metrics_text_take(&text));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(families_begin_with_help_and_type),
		cmocka_unit_test(numbers_are_exact_and_short),
		cmocka_unit_test(values_of_labels_are_escaped),
		cmocka_unit_test(what_is_no_utf8_is_replaced),
		cmocka_unit_test(texts_without_an_end_are_bounded),
		cmocka_unit_test(long_values_are_cut),
		cmocka_unit_test(histograms_count_up_to_their_bounds),
		cmocka_unit_test(series_of_a_histogram_have_their_labels),
		cmocka_unit_test(texts_grow),
		cmocka_unit_test(no_memory_gives_no_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
