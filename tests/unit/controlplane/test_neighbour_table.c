/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* What is believed of neighbours as the kernel's news come in. */
#include "controlplane/neighbours/neighbour_table.h"
#include "tests/unit/controlplane/check.h"

#include <arpa/inet.h>
#include <linux/neighbour.h>
#include <string.h>

static const uint8_t mac_a[6] = {2, 0, 0, 0, 0, 0xa};
static const uint8_t mac_b[6] = {2, 0, 0, 0, 0, 0xb};

static struct address address_of(uint32_t number)
{
	return address_from_ipv4(htonl(number));
}

static bool tell(struct neighbour_table *table, uint32_t number, uint16_t state, const uint8_t *mac)
{
	struct neighbour_news news = {
		.interface = 7, .address = address_of(number), .state = state, .mac = mac};

	return neighbour_table_update(table, &news);
}

static const struct neighbour *find(const struct neighbour_table *table, uint32_t number)
{
	struct address address = address_of(number);

	return neighbour_table_find(table, 7, &address);
}

static bool forget(struct neighbour_table *table, uint32_t number, bool keep)
{
	struct address address = address_of(number);

	return neighbour_table_forget(table, 7, &address, keep);
}

static const uint8_t *mac_of(const struct neighbour_table *table, uint32_t number)
{
	const struct neighbour *row = find(table, number);

	return row != NULL && row->has_mac ? row->mac : NULL;
}

static void mac_is_followed(void **state)
{
	struct neighbour_table table = {0};

	(void)state;
	assert_false(tell(&table, 1, NUD_INCOMPLETE, NULL));
	assert_null(mac_of(&table, 1));
	assert_true(tell(&table, 1, NUD_REACHABLE, mac_a));
	assert_memory_equal(mac_of(&table, 1), mac_a, 6);
	/* growing stale and being verified is no news for others */
	assert_false(tell(&table, 1, NUD_STALE, mac_a));
	assert_false(tell(&table, 1, NUD_DELAY, mac_a));
	assert_false(tell(&table, 1, NUD_PROBE, mac_a));
	assert_true(tell(&table, 1, NUD_REACHABLE, mac_b));
	assert_memory_equal(mac_of(&table, 1), mac_b, 6);
	neighbour_table_free(&table);
}

static void only_failure_takes_a_mac_away(void **state)
{
	struct neighbour_table table = {0};

	(void)state;
	tell(&table, 1, NUD_REACHABLE, mac_a);
	assert_false(tell(&table, 1, NUD_INCOMPLETE, NULL));
	assert_non_null(mac_of(&table, 1));
	assert_true(tell(&table, 1, NUD_FAILED, NULL));
	assert_null(mac_of(&table, 1));
	assert_false(tell(&table, 1, NUD_FAILED, NULL));
	neighbour_table_free(&table);
}

static void forgotten_one_is_kept_while_it_is_sent_to(void **state)
{
	struct neighbour_table table = {0};

	(void)state;
	tell(&table, 1, NUD_STALE, mac_a);
	tell(&table, 2, NUD_STALE, mac_b);
	assert_false(forget(&table, 1, true));
	assert_true(forget(&table, 2, false));
	assert_non_null(mac_of(&table, 1));
	assert_null(find(&table, 2));
	assert_false(forget(&table, 3, false));
	neighbour_table_free(&table);
}

static bool keep_first(void *context, const struct neighbour *row)
{
	struct address first = address_of(1);

	(void)context;
	return address_equal(&row->address, &first);
}

static void whole_reading_drops_what_it_did_not_see(void **state)
{
	struct neighbour_table table = {0};

	(void)state;
	for (uint32_t address = 1; address <= 4; address++)
		tell(&table, address, NUD_REACHABLE, mac_a);
	neighbour_table_begin(&table);
	tell(&table, 3, NUD_REACHABLE, mac_a);
	neighbour_table_end(&table, keep_first, NULL);
	assert_int_equal(table.count, 2);
	assert_non_null(mac_of(&table, 1));
	assert_int_equal(find(&table, 1)->state, 0);
	assert_non_null(mac_of(&table, 3));
	neighbour_table_free(&table);
}

/* Routers are fe80::1 on many a link. */
static void one_address_on_two_links_is_two_neighbours(void **state)
{
	struct neighbour_news news = {.state = NUD_REACHABLE};
	struct neighbour_table table = {0};

	(void)state;
	assert_int_equal(address_parse("fe80::1", &news.address), 0);
	news.interface = 7;
	news.mac = mac_a;
	assert_true(neighbour_table_update(&table, &news));
	news.interface = 8;
	news.mac = mac_b;
	assert_true(neighbour_table_update(&table, &news));
	assert_int_equal(table.count, 2);
	assert_memory_equal(neighbour_table_find(&table, 7, &news.address)->mac, mac_a, 6);
	assert_memory_equal(neighbour_table_find(&table, 8, &news.address)->mac, mac_b, 6);
	assert_null(neighbour_table_find(&table, 9, &news.address));
	neighbour_table_free(&table);
}

static void thousands_stay_sorted_and_found(void **state)
{
	struct neighbour_table table = {0};
	uint32_t address = 1;

	(void)state;
	for (int i = 0; i < 3000; i++) {
		struct neighbour_news news = {.interface = 1 + address % 3,
					      .address = address_of(address),
					      .state = NUD_REACHABLE,
					      .mac = mac_a};

		assert_true(neighbour_table_update(&table, &news));
		address = address * 1664525u + 1013904223u;
	}
	for (size_t i = 1; i < table.count; i++) {
		const struct neighbour *a = &table.rows[i - 1], *b = &table.rows[i];

		assert_true(a->interface < b->interface ||
			    (a->interface == b->interface &&
			     address_compare(&a->address, &b->address) < 0));
		assert_ptr_equal(neighbour_table_find(&table, b->interface, &b->address), b);
	}
	assert_true(neighbour_table_flush(&table, 2));
	for (size_t i = 0; i < table.count; i++)
		assert_int_not_equal(table.rows[i].interface, 2);
	neighbour_table_free(&table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mac_is_followed),
		cmocka_unit_test(only_failure_takes_a_mac_away),
		cmocka_unit_test(forgotten_one_is_kept_while_it_is_sent_to),
		cmocka_unit_test(whole_reading_drops_what_it_did_not_see),
		cmocka_unit_test(one_address_on_two_links_is_two_neighbours),
		cmocka_unit_test(thousands_stay_sorted_and_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
