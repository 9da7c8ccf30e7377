/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "bpf/rules.h"

#include "bpf/steering.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Every key is kept as long as the longest, zero behind; the value follows. */
#define KEY_SIZE sizeof(struct steering_endpoint)

/* As the maps have them, padded to 4 bytes. */
static const size_t value_sizes[STEERING_MAP_COUNT] = {
	[STEERING_SERVICES] = 4,  [STEERING_RANGES] = sizeof(struct steering_ranges),
	[STEERING_ENDPOINTS] = 4, [STEERING_LOCALS] = sizeof(struct steering_ports),
	[STEERING_HOSTS] = 4,     [STEERING_GROUPS] = 4,
};

static size_t row_size(enum steering_map map)
{
	return KEY_SIZE + value_sizes[map];
}

static uint8_t *row_at(const struct steering_rules *rules, enum steering_map map, size_t index)
{
	return rules->maps[map].rows + index * row_size(map);
}

static void add(struct steering_rules *rules, enum steering_map map, const void *key,
		size_t key_size, const void *value, size_t value_size)
{
	size_t capacity = rules->maps[map].capacity;
	uint8_t *row;

	if (rules->maps[map].count == capacity) {
		uint8_t *rows;

		capacity = capacity == 0 ? 64 : capacity * 2;
		rows = realloc(rules->maps[map].rows, capacity * row_size(map));
		if (rows == NULL) {
			rules->out_of_memory = true;
			return;
		}
		rules->maps[map].rows = rows;
		rules->maps[map].capacity = capacity;
	}
	row = row_at(rules, map, rules->maps[map].count++);
	memset(row, 0, row_size(map));
	memcpy(row, key, key_size);
	memcpy(row + KEY_SIZE, value, value_size);
}

static void add_endpoint(struct steering_rules *rules, enum steering_map map,
			 const uint8_t address[16], uint16_t port, uint8_t protocol)
{
	struct steering_endpoint key = {.port = port, .protocol = protocol};
	const uint8_t present = 1;

	memcpy(&key.address, address, sizeof(key.address));
	add(rules, map, &key, sizeof(key), &present, sizeof(present));
}

static void add_range(struct steering_rules *rules, const uint8_t address[16], uint16_t first,
		      uint16_t last, uint8_t protocol)
{
	const struct steering_ranges range = {.count = 1, .ports = {{first, last}}};
	struct steering_endpoint key = {.protocol = protocol};

	memcpy(&key.address, address, sizeof(key.address));
	add(rules, STEERING_RANGES, &key, sizeof(key), &range, sizeof(range));
}

void steering_rules_add_service(struct steering_rules *rules, const uint8_t address[16],
				uint16_t port_first, uint16_t port_last, uint8_t protocol)
{
	if (port_first == port_last)
		add_endpoint(rules, STEERING_SERVICES, address, port_first, protocol);
	else
		add_range(rules, address, port_first, port_last, protocol);
	add_endpoint(rules, STEERING_SERVICES, address, 0, 0);
}

void steering_rules_add_endpoint(struct steering_rules *rules, const uint8_t address[16],
				 uint16_t port, uint8_t protocol)
{
	add_endpoint(rules, STEERING_ENDPOINTS, address, port, protocol);
	add_endpoint(rules, STEERING_ENDPOINTS, address, 0, 0);
}

void steering_rules_add_local(struct steering_rules *rules, const uint8_t address[16],
			      uint16_t port_first, uint16_t port_last)
{
	const struct steering_ports ports = {.first = port_first, .last = port_last};

	add(rules, STEERING_LOCALS, address, sizeof(struct steering_address), &ports,
	    sizeof(ports));
}

void steering_rules_add_host(struct steering_rules *rules, const uint8_t address[16])
{
	const uint8_t present = 1;

	add(rules, STEERING_HOSTS, address, sizeof(struct steering_address), &present,
	    sizeof(present));
}

void steering_rules_add_group(struct steering_rules *rules, const uint8_t address[16],
			      uint8_t group)
{
	add(rules, STEERING_GROUPS, address, sizeof(struct steering_address), &group,
	    sizeof(group));
}

static int compare_keys(const void *a, const void *b)
{
	return memcmp(a, b, KEY_SIZE);
}

/* By key, then by where the first range begins. */
static int compare_ranges(const void *a, const void *b)
{
	const int keys = compare_keys(a, b);
	struct steering_ranges left, right;

	if (keys != 0)
		return keys;
	memcpy(&left, (const uint8_t *)a + KEY_SIZE, sizeof(left));
	memcpy(&right, (const uint8_t *)b + KEY_SIZE, sizeof(right));
	return left.ports[0].first - right.ports[0].first;
}

/* Adds a range that begins behind all of them, or within the last. */
static void append_range(struct steering_ranges *ranges, struct steering_ports added)
{
	struct steering_ports *last = &ranges->ports[ranges->count - 1];

	if (added.first <= last->last + 1) {
		if (added.last > last->last)
			last->last = added.last;
	} else if (ranges->count < STEERING_MAX_RANGES) {
		ranges->ports[ranges->count++] = added;
	} else {
		*ranges = (struct steering_ranges){.count = 1, .ports = {{1, UINT16_MAX}}};
	}
}

/* What two rows of one key become: a set's row stays, ranges are put together. */
static void merge(enum steering_map map, uint8_t *into, const uint8_t *from)
{
	struct steering_ranges left, right;

	if (map != STEERING_RANGES)
		return;
	memcpy(&left, into + KEY_SIZE, sizeof(left));
	memcpy(&right, from + KEY_SIZE, sizeof(right));
	append_range(&left, right.ports[0]);
	memcpy(into + KEY_SIZE, &left, sizeof(left));
}

int steering_rules_finish(struct steering_rules *rules)
{
	for (enum steering_map map = 0; map < STEERING_MAP_COUNT; map++) {
		const size_t size = row_size(map), count = rules->maps[map].count;
		size_t kept = 0;

		if (count == 0)
			continue;
		qsort(rules->maps[map].rows, count, size,
		      map == STEERING_RANGES ? compare_ranges : compare_keys);
		for (size_t i = 1; i < count; i++) {
			uint8_t *last = row_at(rules, map, kept), *row = row_at(rules, map, i);

			if (compare_keys(last, row) == 0)
				merge(map, last, row);
			else if (++kept < i)
				memcpy(row_at(rules, map, kept), row, size);
		}
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
			      int (*visit)(void *context, enum steering_map map, const void *key,
					   const void *value),
			      void *context)
{
	for (enum steering_map map = 0; map < STEERING_MAP_COUNT; map++) {
		const size_t compared = compare_values ? row_size(map) : KEY_SIZE;
		size_t at = 0, count = b->maps[map].count;

		for (size_t i = 0; i < a->maps[map].count; i++) {
			const uint8_t *row = row_at(a, map, i);
			int result;

			while (at < count && compare_keys(row_at(b, map, at), row) < 0)
				at++;
			if (at < count && memcmp(row_at(b, map, at), row, compared) == 0)
				continue;
			result = visit(context, map, row, row + KEY_SIZE);
			if (result != 0)
				return result;
		}
	}
	return 0;
}
