/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* A map from 64-bit keys (hashes already, never 0) to 32-bit values. One thread. */
#pragma once

#include <stdint.h>

struct keymap {
	uint64_t *keys; /* 0: empty slot */
	uint32_t *values;
	uint32_t size, count; /* size: a power of two, or 0 */
};

/* Keeps the first value put under a key; 0, or -ENOMEM. */
int keymap_put(struct keymap *map, uint64_t key, uint32_t value);
/* The value; ABI_NONE: there is none. */
uint32_t keymap_find(const struct keymap *map, uint64_t key);
/* Forgets all keys and keeps the memory. */
void keymap_clear(struct keymap *map);
void keymap_free(struct keymap *map);
