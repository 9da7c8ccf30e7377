/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* The rings of the pools that services use. */
#include "controlplane/publish/maglev.h"
#include "controlplane/publish/round.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static struct maglev_member *make_members(const struct round *round, const struct pool_use *use)
{
	struct maglev_member *members = calloc(use->member_count, sizeof(*members));

	for (size_t i = 0; members && i < use->member_count; i++) {
		const struct abi_backend *backend =
			round_bytes(round, ABI_BACKEND, use->members[i]);

		members[i] = (struct maglev_member){.port = backend->port,
						    .slot_value = (uint16_t)use->members[i],
						    .weight = backend->weight};
		memcpy(members[i].address, backend->address, 16);
	}
	return members;
}

/*
 * Most pools are as they were: each backend is, and as many take new flows as the
 * ring has. A program before this one may have built rings in another way.
 */
static bool is_as_before(const struct round *round, const struct pool_use *use,
			 const struct abi_ring *last)
{
	return last && use->is_kept && !round->publisher->adopted &&
	       last->backend_count == use->member_count &&
	       last->size == round->config->defaults.maglev_size;
}

static int build_ring(struct round *round, const struct config_pool *pool,
		      const struct maglev_member *members, uint32_t index, uint64_t signature)
{
	const struct pool_use *use = &round->uses[pool - round->config->pools];
	uint32_t size = round->config->defaults.maglev_size;
	size_t length = sizeof(struct abi_ring) + size * sizeof(uint16_t);
	struct abi_ring *ring = scratch_reserve(&round->scratch, length);
	int rc;

	if (!ring)
		return -ENOMEM;
	rc = maglev_build(&round->publisher->ring_sizes, members, use->member_count, ring->slots,
			  size);
	if (rc < 0)
		return round_fail(round, rc, "pool %s: no ring of %zu backends and %u slots",
				  pool->name, use->member_count, size);
	ring->size = size;
	ring->backend_count = (uint32_t)use->member_count;
	ring->identity = use->key;
	ring->members = signature;
	return round_put(round, ABI_RING, index, ring, length);
}

/* Building takes a millisecond: what the last generation has of the same members is kept. */
static int put_ring(struct round *round, const struct config_pool *pool, struct pool_use *use)
{
	struct publisher *publisher = round->publisher;
	uint32_t size = round->config->defaults.maglev_size;
	struct maglev_member *members;
	const struct abi_ring *last;
	uint64_t signature;
	uint32_t epoch;
	int rc = round_claim(round, ABI_RING, use->key, &use->ring, &epoch);

	if (rc < 0)
		return rc == -ENOSPC ? 0 : rc;
	last = published_bytes(publisher, &publisher->kinds[ABI_RING].rows[use->ring]);
	if (is_as_before(round, use, last)) {
		round_keep(round, ABI_RING, use->ring);
		return 0;
	}
	members = make_members(round, use);
	if (!members)
		return -ENOMEM;
	signature = maglev_signature(members, use->member_count, size);
	if (last && last->members == signature && last->size == size)
		round_keep(round, ABI_RING, use->ring);
	else
		rc = build_ring(round, pool, members, use->ring, signature);
	free(members);
	return rc;
}

int round_put_rings(struct round *round)
{
	for (size_t i = 0; i < round->config->pool_count; i++) {
		struct pool_use *use = &round->uses[i];
		int rc = 0;

		if (use->used && use->member_count > 0)
			rc = put_ring(round, &round->config->pools[i], use);
		if (rc < 0)
			return rc;
	}
	return 0;
}
