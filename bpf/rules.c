/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "bpf/rules.h"

#include "bpf/steering.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void add(struct steering_rules *rules, enum steering_map map, const void *key,
		size_t key_size, const void *value, size_t value_size)
{
	size_t capacity = rules->maps[map].capacity;
	struct steering_row *row;

	if (rules->maps[map].count == capacity) {
		capacity = capacity == 0 ? 64 : capacity * 2;
		row = realloc(rules->maps[map].rows, capacity * sizeof(*row));
		if (row == NULL) {
			rules->out_of_memory = true;
			return;
		}
		rules->maps[map].rows = row;
		rules->maps[map].capacity = capacity;
	}
	row = &rules->maps[map].rows[rules->maps[map].count++];
	memset(row, 0, sizeof(*row));
	memcpy(row->key, key, key_size);
	memcpy(row->value, value, value_size);
}

static void add_endpoint(struct steering_rules *rules, enum steering_map map, uint32_t be_address,
			 uint16_t port, uint8_t protocol)
{
	const struct steering_endpoint exact = {
		.address = be_address, .port = port, .protocol = protocol};
	const struct steering_endpoint alone = {.address = be_address};
	const uint8_t present = 1;

	add(rules, map, &exact, sizeof(exact), &present, sizeof(present));
	add(rules, map, &alone, sizeof(alone), &present, sizeof(present));
}

void steering_rules_add_service(struct steering_rules *rules, uint32_t be_address, uint16_t port,
				uint8_t protocol)
{
	add_endpoint(rules, STEERING_SERVICES, be_address, port, protocol);
}

void steering_rules_add_endpoint(struct steering_rules *rules, uint32_t be_address, uint16_t port,
				 uint8_t protocol)
{
	add_endpoint(rules, STEERING_ENDPOINTS, be_address, port, protocol);
}

void steering_rules_add_local(struct steering_rules *rules, uint32_t be_address, uint16_t first,
			      uint16_t last)
{
	const struct steering_ports ports = {.first = first, .last = last};

	add(rules, STEERING_LOCALS, &be_address, sizeof(be_address), &ports, sizeof(ports));
}

void steering_rules_add_host(struct steering_rules *rules, uint32_t be_address)
{
	const uint8_t present = 1;

	add(rules, STEERING_HOSTS, &be_address, sizeof(be_address), &present, sizeof(present));
}

static int compare_keys(const void *a, const void *b)
{
	const struct steering_row *left = a, *right = b;

	return memcmp(left->key, right->key, sizeof(left->key));
}

int steering_rules_finish(struct steering_rules *rules)
{
	for (int map = 0; map < STEERING_MAP_COUNT; map++) {
		struct steering_row *rows = rules->maps[map].rows;
		size_t kept = 0;

		if (rules->maps[map].count == 0)
			continue;
		qsort(rows, rules->maps[map].count, sizeof(*rows), compare_keys);
		for (size_t i = 1; i < rules->maps[map].count; i++)
			if (compare_keys(&rows[kept], &rows[i]) != 0)
				rows[++kept] = rows[i];
		rules->maps[map].count = kept + 1;
	}
	return rules->out_of_memory ? -ENOMEM : 0;
}

void steering_rules_free(struct steering_rules *rules)
{
	for (int map = 0; map < STEERING_MAP_COUNT; map++)
		free(rules->maps[map].rows);
	memset(rules, 0, sizeof(*rules));
}

int steering_rules_difference(const struct steering_rules *a, const struct steering_rules *b,
			      bool compare_values,
			      int (*visit)(void *context, enum steering_map map,
					   const struct steering_row *row),
			      void *context)
{
	for (int map = 0; map < STEERING_MAP_COUNT; map++) {
		const struct steering_row *others = b->maps[map].rows;
		size_t at = 0, count = b->maps[map].count;

		for (size_t i = 0; i < a->maps[map].count; i++) {
			const struct steering_row *row = &a->maps[map].rows[i];
			int result;

			while (at < count && compare_keys(&others[at], row) < 0)
				at++;
			if (at < count && compare_keys(&others[at], row) == 0 &&
			    (!compare_values ||
			     memcmp(others[at].value, row->value, sizeof(row->value)) == 0))
				continue;
			result = visit(context, map, row);
			if (result != 0)
				return result;
		}
	}
	return 0;
}
