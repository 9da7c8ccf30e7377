/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* Times told from buckets of cycles: bounds, quantiles, sums. */
#include "controlplane/stats/latency.h"
#include "tests/unit/controlplane/check.h"

#include <math.h>

/* A clock of 2 GHz: bucket 10 holds 512 to 1024 ns. */
#define CYCLES_PER_US 2000

static struct latency make(void)
{
	return (struct latency){.cycles_per_us = CYCLES_PER_US};
}

static void assert_ns(double seconds, double ns)
{
	assert_true(fabs(seconds * 1e9 - ns) < 1e-6 * ns + 1e-9);
}

static void bounds_are_powers_of_two_of_the_clock(void **state)
{
	struct latency latency = make();

	(void)state;
	assert_ns(latency_bound(&latency, 0), 1);
	assert_ns(latency_bound(&latency, 10), 1024);
	assert_ns(latency_bound(&latency, 63), ldexp(1, 63));
	latency.cycles_per_us = 1;
	assert_ns(latency_bound(&latency, 0), 2000);
}

static void no_packets_took_no_time(void **state)
{
	struct latency latency = make();

	(void)state;
	assert_int_equal(latency_packets(&latency), 0);
	assert_ns(latency_quantile(&latency, 0.5), 0);
	assert_ns(latency_sum(&latency), 0);
}

static void a_bucket_is_spread_evenly(void **state)
{
	struct latency latency = make();

	(void)state;
	latency.buckets[10] = 100;
	assert_ns(latency_quantile(&latency, 0), 512);
	assert_ns(latency_quantile(&latency, 0.25), 640);
	assert_ns(latency_quantile(&latency, 0.5), 768);
	assert_ns(latency_quantile(&latency, 1), 1024);
}

static void quantiles_pass_over_empty_buckets(void **state)
{
	struct latency latency = make();

	(void)state;
	latency.buckets[10] = 98;
	latency.buckets[20] = 2; /* 524 to 1049 us */
	assert_int_equal(latency_packets(&latency), 100);
	assert_ns(latency_quantile(&latency, 0.5), 512 + 512 * 50 / 98.0);
	assert_ns(latency_quantile(&latency, 0.98), 1024);
	assert_ns(latency_quantile(&latency, 0.99), 524288 * 1.5);
	assert_ns(latency_quantile(&latency, 1), 1048576);
}

static void the_first_and_the_last_bucket_have_bounds(void **state)
{
	struct latency latency = make();

	(void)state;
	latency.buckets[0] = 1;
	assert_ns(latency_quantile(&latency, 0.5), 0.5);
	latency.buckets[0] = 0;
	latency.buckets[63] = 1;
	assert_ns(latency_quantile(&latency, 1), ldexp(1, 63));
}

static void sums_are_of_the_cycles(void **state)
{
	struct latency latency = make();

	(void)state;
	latency.buckets[10] = 3;
	latency.cycles = 3 * 1500;
	assert_ns(latency_sum(&latency), 3 * 750);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bounds_are_powers_of_two_of_the_clock),
		cmocka_unit_test(no_packets_took_no_time),
		cmocka_unit_test(a_bucket_is_spread_evenly),
		cmocka_unit_test(quantiles_pass_over_empty_buckets),
		cmocka_unit_test(the_first_and_the_last_bucket_have_bounds),
		cmocka_unit_test(sums_are_of_the_cycles),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
