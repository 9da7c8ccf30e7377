/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* The rings of the pools that services use. */
#include "controlplane/publish/maglev.h"
#include "controlplane/publish/round.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The backends of a pool that take new flows. */
static size_t find_members(const struct round *round, const struct config_pool *pool,
			   struct maglev_member *members)
{
	const struct identities *backends = &round->publisher->kinds[ABI_BACKEND];
	size_t count = 0;

	for (size_t i = 0; i < pool->backend_count; i++) {
		const struct config_backend *config = &pool->backends[i];
		uint32_t index = identities_find(
			backends, identity_of_backend(pool->name, config->name,
						      config->address.bytes, config->port));
		const struct abi_backend *backend = round_bytes(round, ABI_BACKEND, index);

		if (!backend || backend->state != ABI_BACKEND_UP)
			continue;
		members[count] = (struct maglev_member){.port = backend->port,
							.slot_value = (uint16_t)index,
							.weight = backend->weight};
		memcpy(members[count++].address, backend->address, 16);
	}
	return count;
}

/* Building takes milliseconds: what the last generation has of the same members is kept. */
static int put_ring(struct round *round, const struct config_pool *pool,
		    const struct maglev_member *members, size_t count, uint32_t *index)
{
	struct publisher *publisher = round->publisher;
	uint64_t key = identity_of_name(pool->name);
	uint32_t size = round->config->defaults.maglev_size;
	uint64_t signature = maglev_signature(members, count, size);
	size_t length = sizeof(struct abi_ring) + size * sizeof(uint16_t);
	const struct abi_ring *last;
	struct abi_ring *ring;
	uint32_t epoch;
	int rc = round_claim(round, ABI_RING, key, index, &epoch);

	if (rc < 0)
		return rc;
	last = published_bytes(publisher, &publisher->kinds[ABI_RING].rows[*index]);
	if (last && last->members == signature && last->size == size) {
		round_keep(round, ABI_RING, *index);
		return 0;
	}
	ring = scratch_reserve(&round->scratch, length);
	if (!ring)
		return -ENOMEM;
	rc = maglev_build(&publisher->ring_sizes, members, count, ring->slots, size);
	if (rc < 0)
		return round_fail(round, rc, "pool %s: no ring of %zu backends and %u slots",
				  pool->name, count, size);
	ring->size = size;
	ring->backend_count = (uint32_t)count;
	ring->identity = key;
	ring->members = signature;
	return round_put(round, ABI_RING, *index, ring, length);
}

static int put_pool_ring(struct round *round, size_t position)
{
	const struct config_pool *pool = &round->config->pools[position];
	struct maglev_member *members = calloc(pool->backend_count + 1, sizeof(*members));
	size_t count;
	int rc = 0;

	if (!members)
		return -ENOMEM;
	count = find_members(round, pool, members);
	if (count > 0)
		rc = put_ring(round, pool, members, count, &round->uses[position].ring);
	free(members);
	return rc;
}

int round_put_rings(struct round *round)
{
	for (size_t i = 0; i < round->config->pool_count; i++) {
		int rc = round->uses[i].used ? put_pool_ring(round, i) : 0;

		if (rc < 0)
			return rc;
	}
	return 0;
}
