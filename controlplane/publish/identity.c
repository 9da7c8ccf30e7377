/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "controlplane/publish/identity.h"

#include "dataplane/abi/hash.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Stands in files: never to change. Digits of the square root of 2. */
static const uint64_t identity_key[2] = {0x6a09e667f3bcc908ull, 0xb2fb1366ea957d3eull};

/* Chained, so that no two lists of fields run into one another. */
static uint64_t mix(uint64_t before, const void *data, size_t length)
{
	const uint64_t key[2] = {identity_key[0] ^ before, identity_key[1]};
	uint64_t hash = abi_siphash(key, data, length);

	return hash != 0 ? hash : 1;
}

uint64_t identity_of_name(const char *name)
{
	return mix(0, name, strlen(name));
}

uint64_t identity_of_backend(const char *pool, const char *name, const uint8_t address[16],
			     uint16_t port)
{
	uint64_t hash = mix(identity_of_name(pool), name, strlen(name));

	return mix(mix(hash, address, 16), &port, sizeof(port));
}

uint64_t identity_of_address(const uint8_t address[16])
{
	return mix(0, address, 16);
}

uint64_t identity_of_next_hop(const struct abi_next_hop *hop)
{
	uint64_t hash = identity_of_address(hop->address);

	hash = mix(mix(hash, &hop->port, sizeof(hop->port)), &hop->vlan, sizeof(hop->vlan));
	/* As it was before there were outer ones. */
	return hop->outer_vlan == 0 ? hash : mix(hash, &hop->outer_vlan, sizeof(hop->outer_vlan));
}

void identities_begin(struct identities *identities)
{
	identities->last_wanted = ABI_NONE;
}

void identities_want(struct identities *identities, uint32_t index)
{
	struct identity *row = &identities->rows[index];

	if (row->wanted)
		return;
	if (identities->last_wanted == ABI_NONE)
		identities->first_wanted = index;
	else
		identities->rows[identities->last_wanted].next_wanted = index;
	identities->last_wanted = index;
	row->wanted = true;
}

uint32_t identities_guess(const struct identities *identities)
{
	uint32_t guess = identities->last_wanted == ABI_NONE
				 ? identities->first_wanted
				 : identities->rows[identities->last_wanted].next_wanted;

	return guess < identities->count ? guess : ABI_NONE;
}

uint32_t identities_find(const struct identities *identities, uint64_t key)
{
	return keymap_find(&identities->indexes, key);
}

static int make_room(struct identities *identities, uint32_t index)
{
	uint32_t capacity = identities->capacity ? identities->capacity : 16;
	struct identity *rows;

	if (index < identities->capacity)
		return 0;
	while (capacity <= index)
		capacity *= 2;
	rows = realloc(identities->rows, capacity * sizeof(*rows));
	if (!rows)
		return -ENOMEM;
	memset(rows + identities->capacity, 0, (capacity - identities->capacity) * sizeof(*rows));
	identities->rows = rows;
	identities->capacity = capacity;
	return 0;
}

static int place(struct identities *identities, uint32_t index, uint64_t key, uint32_t epoch)
{
	if (make_room(identities, index) < 0 || keymap_put(&identities->indexes, key, index) < 0)
		return -ENOMEM;
	identities->rows[index] = (struct identity){.key = key, .epoch = epoch};
	identities->moved = true;
	if (index >= identities->count)
		identities->count = index + 1;
	return 0;
}

/* Of the key and nothing else: see the head of identity.h. */
static uint32_t epoch_of(uint64_t key)
{
	uint32_t epoch = (uint32_t)(key ^ key >> 32);

	return epoch != 0 ? epoch : 1; /* 0 is nobody's */
}

int identities_claim(struct identities *identities, uint64_t key, uint32_t *index)
{
	uint32_t at = identities_find(identities, key);

	if (at == ABI_NONE) {
		at = identities->lowest_free;
		while (at < identities->count && identities->rows[at].key != 0)
			at++;
		if (at >= identities->limit) {
			identities->lowest_free = at;
			return -ENOSPC;
		}
		if (place(identities, at, key, epoch_of(key)) < 0)
			return -ENOMEM;
		identities->lowest_free = at + 1;
	}
	*index = at;
	return 0;
}

int identities_adopt(struct identities *identities, const struct abi_ref *ref, uint64_t key,
		     uint32_t epoch)
{
	if (identities_find(identities, key) != ABI_NONE ||
	    (ref->index < identities->count && identities->rows[ref->index].key != 0))
		return -EEXIST;
	if (place(identities, ref->index, key, epoch) < 0)
		return -ENOMEM;
	identities->rows[ref->index].ref = *ref;
	return 0;
}

void identities_sweep(struct identities *identities)
{
	bool freed = false;

	for (uint32_t i = 0; i < identities->count; i++) {
		struct identity *row = &identities->rows[i];

		if (row->key != 0 && !row->wanted) {
			*row = (struct identity){0};
			freed = true;
		}
		row->wanted = row->changed = false;
	}
	if (!freed)
		return;
	identities->moved = true;
	identities->lowest_free = 0;
	/* The map held more than these: putting them back needs no memory. */
	keymap_clear(&identities->indexes);
	for (uint32_t i = 0; i < identities->count; i++)
		if (identities->rows[i].key != 0)
			keymap_put(&identities->indexes, identities->rows[i].key, i);
}

void identities_free(struct identities *identities)
{
	free(identities->rows);
	keymap_free(&identities->indexes);
	*identities = (struct identities){0};
}
