/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * Backends and the rings they stand in.
 *
 * A backend that left the configuration stays, taking no new flows, until the
 * dataplane has none with it or drain_timeout is over. `removed_at` in its
 * object tells since when, so that a restart does not begin the wait again.
 */
#include "controlplane/publish/maglev.h"
#include "controlplane/publish/round.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Before this, workers may still begin flows with a backend that was just removed. */
#define SETTLING_MS 1000

static uint32_t use_flags(const struct config_service *service)
{
	if (service->forwarding == CONFIG_FULL_NAT)
		return ABI_BACKEND_FULL_NAT;
	return ABI_BACKEND_DNAT |
	       (service->protocol == CONFIG_TCP ? ABI_BACKEND_TCP : ABI_BACKEND_UDP);
}

static int find_uses(struct round *round)
{
	const struct config *config = round->config;
	size_t backends = 0;

	for (size_t i = 0; i < config->pool_count; i++) {
		round->uses[i].first_backend = backends;
		round->uses[i].ring = ABI_NONE;
		backends += config->pools[i].backend_count;
		if (keymap_put(&round->pools, identity_of_name(config->pools[i].name),
			       (uint32_t)i) < 0)
			return -ENOMEM;
	}
	if (backends != round->input->backend_count)
		return round_fail(round, -EINVAL,
				  "the configuration has %zu backends, the input %zu", backends,
				  round->input->backend_count);
	for (size_t i = 0; i < config->service_count; i++) {
		const struct config_service *service = &config->services[i];
		uint32_t pool = keymap_find(&round->pools, identity_of_name(service->pool));

		if (pool == ABI_NONE)
			return round_fail(round, -EINVAL, "service %s: there is no pool %s",
					  service->name, service->pool);
		round->uses[pool].used = true;
		round->uses[pool].flags |= use_flags(service);
	}
	return 0;
}

static int put_backend(struct round *round, const struct config_pool *pool,
		       const struct config_backend *backend, const struct publish_backend *health,
		       uint32_t flags)
{
	struct abi_backend object;
	uint32_t index;
	int rc;

	object_backend(&object, pool->name, backend, health->up);
	object.flags = flags;
	object.identity = identity_of_backend(pool->name, backend->name, backend->address.bytes,
					      backend->port);
	if (health->has_next_hop)
		object.next_hop =
			keymap_find(&round->neighbours,
				    identity_of_neighbour(health->port, health->next_hop.bytes));
	rc = round_claim(round, ABI_BACKEND, object.identity, &index, &object.epoch);
	return rc < 0 ? rc : round_put(round, ABI_BACKEND, index, &object, sizeof(object));
}

static int put_configured(struct round *round)
{
	for (size_t i = 0; i < round->config->pool_count; i++) {
		const struct config_pool *pool = &round->config->pools[i];
		const struct pool_use *use = &round->uses[i];

		for (size_t row = 0; row < pool->backend_count; row++) {
			int rc = put_backend(round, pool, &pool->backends[row],
					     &round->input->backends[use->first_backend + row],
					     use->flags);
			if (rc < 0)
				return rc;
		}
	}
	return 0;
}

/* The time at which it goes even with flows. */
static uint64_t drain_deadline(const struct round *round, uint64_t removed_at)
{
	return removed_at + round->config->defaults.drain_timeout;
}

static bool is_drained(const struct round *round, uint32_t index, uint64_t removed_at)
{
	const struct publish_input *input = round->input;

	if (input->now_ms >= drain_deadline(round, removed_at))
		return true;
	return input->now_ms >= removed_at + SETTLING_MS && input->flows_of_backend &&
	       input->flows_of_backend(input->context, index) == 0;
}

static void set_next_due(struct round *round, uint64_t removed_at)
{
	struct publisher *publisher = round->publisher;
	uint64_t due = round->input->now_ms + SETTLING_MS;

	if (due > drain_deadline(round, removed_at))
		due = drain_deadline(round, removed_at);
	if (publisher->next_due == 0 || due < publisher->next_due)
		publisher->next_due = due;
}

/* The way to a removed backend stays as long as it does, though nobody asks for it any more. */
static uint32_t keep_next_hop(struct round *round, uint32_t index)
{
	const struct identities *hops = &round->publisher->kinds[ABI_NEXT_HOP];
	const struct abi_next_hop *hop;

	if (index >= hops->count || hops->rows[index].wanted)
		return index < hops->count ? index : ABI_NONE;
	hop = published_bytes(round->publisher, &hops->rows[index]);
	if (!hop || hop->port >= round->config->dataplane.port_count)
		return ABI_NONE;
	round_keep(round, ABI_NEXT_HOP, index);
	return index;
}

static int put_removed(struct round *round)
{
	struct identities *backends = &round->publisher->kinds[ABI_BACKEND];

	round->publisher->next_due = 0;
	for (uint32_t i = 0; i < backends->count; i++) {
		const struct abi_backend *last =
			published_bytes(round->publisher, &backends->rows[i]);
		struct abi_backend object;
		int rc;

		if (backends->rows[i].key == 0 || backends->rows[i].wanted || !last)
			continue;
		object = *last;
		if (object.removed_at == 0 || object.removed_at > round->input->now_ms)
			object.removed_at = round->input->now_ms > 0 ? round->input->now_ms : 1;
		if (is_drained(round, i, object.removed_at))
			continue;
		if (object.state == ABI_BACKEND_UP)
			object.state = ABI_BACKEND_DRAINING;
		object.next_hop = keep_next_hop(round, object.next_hop);
		rc = round_put(round, ABI_BACKEND, i, &object, sizeof(object));
		if (rc < 0)
			return rc;
		set_next_due(round, object.removed_at);
	}
	return 0;
}

int round_put_backends(struct round *round)
{
	int rc = find_uses(round);

	if (rc == 0)
		rc = put_configured(round);
	if (rc == 0)
		rc = put_removed(round);
	return rc;
}

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
	rc = maglev_build(members, count, ring->slots, size);
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
