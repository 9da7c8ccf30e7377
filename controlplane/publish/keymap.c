/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "controlplane/publish/keymap.h"

#include "dataplane/abi/tables.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Where the key is, or the empty slot where it would go. */
static uint32_t locate(const struct keymap *map, uint64_t key)
{
	uint32_t mask = map->size - 1;
	uint32_t at = (uint32_t)(key ^ key >> 32) & mask;

	while (map->keys[at] != 0 && map->keys[at] != key)
		at = (at + 1) & mask;
	return at;
}

static int grow(struct keymap *map)
{
	struct keymap larger = {.size = map->size ? map->size * 2 : 64};

	larger.keys = calloc(larger.size, sizeof(*larger.keys));
	larger.values = calloc(larger.size, sizeof(*larger.values));
	if (!larger.keys || !larger.values) {
		keymap_free(&larger);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < map->size; i++)
		if (map->keys[i] != 0)
			keymap_put(&larger, map->keys[i], map->values[i]);
	keymap_free(map);
	*map = larger;
	return 0;
}

int keymap_put(struct keymap *map, uint64_t key, uint32_t value)
{
	uint32_t at;

	if (2 * (map->count + 1) > map->size && grow(map) < 0)
		return -ENOMEM;
	at = locate(map, key);
	if (map->keys[at] == key)
		return 0;
	map->keys[at] = key;
	map->values[at] = value;
	map->count++;
	return 0;
}

uint32_t keymap_find(const struct keymap *map, uint64_t key)
{
	uint32_t at;

	if (map->count == 0)
		return ABI_NONE;
	at = locate(map, key);
	return map->keys[at] == key ? map->values[at] : ABI_NONE;
}

void keymap_clear(struct keymap *map)
{
	if (map->size)
		memset(map->keys, 0, map->size * sizeof(*map->keys));
	map->count = 0;
}

void keymap_free(struct keymap *map)
{
	free(map->keys);
	free(map->values);
	*map = (struct keymap){0};
}
