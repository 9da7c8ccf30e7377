/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "dataplane/core/select.h"

#include "dataplane/abi/hash.h"

/* Slots looked at for another backend. */
#define SLOTS_SEARCHED 256

uint32_t select_slot(const struct abi_settings *settings, const struct abi_service *service,
		     const struct abi_ring *ring, const struct flow_tuple *tuple)
{
	uint8_t key[18];
	size_t size = tuple->family == 4 ? 4 : 16;

	if (tuple->family == 4)
		memcpy(key, &tuple->ipv4.be_source, 4);
	else
		memcpy(key, tuple->ipv6.be_source, 16);
	if (service->hash_on == ABI_HASH_ADDRESS_PORT) {
		memcpy(key + size, &tuple->ports.be_source, 2);
		size += 2;
	}
	uint32_t hash = (uint32_t)abi_siphash(settings->ring_key, key, size);
	return (uint32_t)(((uint64_t)hash * ring->size) >> 32);
}

bool select_begin(const struct snapshot *snapshot, const struct abi_service *service,
		  const struct flow_tuple *tuple, struct selection *selection)
{
	if (service->ring >= snapshot->ring_count || snapshot->rings[service->ring] == NULL)
		return false;
	const struct abi_ring *ring = snapshot->rings[service->ring];
	selection->ring = ring;
	selection->slot = select_slot(snapshot->settings, service, ring, tuple);
	selection->tried_count = 0;
	return ring->slots[selection->slot] != ABI_NO_BACKEND;
}

static bool was_tried(const struct selection *selection, uint16_t backend)
{
	for (uint32_t i = 0; i < selection->tried_count; i++)
		if (selection->tried[i] == backend)
			return true;
	return false;
}

uint32_t select_next(struct selection *selection)
{
	const struct abi_ring *ring = selection->ring;

	if (selection->tried_count == SELECT_TRIES)
		return ABI_NONE;
	for (unsigned i = 0; i < SLOTS_SEARCHED; i++) {
		uint16_t backend = ring->slots[selection->slot];
		if (!was_tried(selection, backend)) {
			selection->tried[selection->tried_count++] = backend;
			return backend;
		}
		selection->slot = selection->slot + 1 == ring->size ? 0 : selection->slot + 1;
	}
	return ABI_NONE;
}
