/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "tests/fuzz/native_steering.h"

#include "bpf/steering.bpf.c"

#include <stdlib.h>
#include <string.h>

#define ROWS_MOST 64

/* The frame's IP header lies as it does in most kernels; the compiler counts on no less. */
#define NET_IP_ALIGN 2

struct row {
	void *key, *value;
};

struct native_map {
	const void *map;
	size_t key_size, value_size;
	unsigned count;
	struct row rows[ROWS_MOST];
};

/* As the program describes it. */
#define MAP(name)                                                \
	{                                                        \
		.map = &(name), .key_size = sizeof(*(name).key), \
		.value_size = sizeof(*(name).value),             \
	}

static struct native_map maps[STEERING_MAP_COUNT] = {
	[STEERING_SERVICES] = MAP(services),   [STEERING_RANGES] = MAP(ranges),
	[STEERING_ENDPOINTS] = MAP(endpoints), [STEERING_LOCALS] = MAP(locals),
	[STEERING_HOSTS] = MAP(hosts),         [STEERING_GROUPS] = MAP(groups),
};

static struct steering_port the_port;
static uint64_t leases[STEERING_MAX_GROUPS];

static void *copy_of(const void *bytes, size_t size)
{
	void *copy = malloc(size);

	if (copy == NULL)
		abort();
	return memcpy(copy, bytes, size);
}

static int add_row(void *context, enum steering_map which, const void *key, const void *value)
{
	struct native_map *map = &maps[which];

	(void)context;
	if (map->count == ROWS_MOST)
		abort();
	map->rows[map->count++] =
		(struct row){copy_of(key, map->key_size), copy_of(value, map->value_size)};
	return 0;
}

void native_steering_fill(const struct steering_rules *rules, const uint8_t mac[6])
{
	const struct steering_rules none = {0};

	steering_rules_difference(rules, &none, true, add_row, NULL);
	the_port.in_use = 1;
	memcpy(the_port.mac, mac, sizeof(the_port.mac));
}

void native_steering_set_lease(uint32_t group, uint64_t until)
{
	leases[group] = until;
}

static void *find_lease(const void *key)
{
	__u32 group;

	memcpy(&group, key, sizeof(group));
	return group < STEERING_MAX_GROUPS ? &leases[group] : NULL;
}

__u64 native_time(void)
{
	return NATIVE_STEERING_NOW;
}

void *native_lookup(const void *map, const void *key)
{
	static const __u32 first;

	if (map == &port)
		return memcmp(key, &first, sizeof(first)) == 0 ? &the_port : NULL;
	if (map == &lease)
		return find_lease(key);
	for (unsigned i = 0; i < STEERING_MAP_COUNT; i++)
		for (unsigned row = 0; maps[i].map == map && row < maps[i].count; row++)
			if (memcmp(maps[i].rows[row].key, key, maps[i].key_size) == 0)
				return maps[i].rows[row].value;
	return NULL;
}

int native_redirect(const void *map, __u32 index, __u64 flags)
{
	if (map != &xsks_map || index != 0)
		abort();
	return (int)flags;
}

bool native_steering_ask(const uint8_t *frame, uint32_t length)
{
	uint8_t *memory = malloc(NET_IP_ALIGN + length), *bytes = memory + NET_IP_ALIGN;

	if (memory == NULL)
		abort();
	if (length > 0)
		memcpy(bytes, frame, length);
	struct xdp_md context = {(unsigned long)bytes, (unsigned long)(bytes + length), 0};
	int verdict = headrace_steer(&context);
	free(memory);
	if (verdict != XDP_PASS && verdict != XDP_DROP)
		abort();
	return verdict == XDP_DROP;
}
