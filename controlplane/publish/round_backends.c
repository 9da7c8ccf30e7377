/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * Backends of the configuration.
 *
 * Steering knows by a backend's flags what it sends back to clients. They stay
 * when the last service with that use has gone or turned to another pool, as
 * long as open flows may need them: what round_drains.c says of backends that
 * were removed holds for a use that was.
 */
#include "controlplane/publish/round.h"

#include <errno.h>
#include <string.h>

#define DNAT_FLAGS (ABI_BACKEND_DNAT | ABI_BACKEND_TCP | ABI_BACKEND_UDP)

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
		round->uses[i] = (struct pool_use){.key = identity_of_name(config->pools[i].name),
						   .first_backend = backends,
						   .ring = ABI_NONE,
						   .is_kept = true};
		backends += config->pools[i].backend_count;
		if (keymap_put(&round->pools, round->uses[i].key, (uint32_t)i) < 0)
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

/* The time begins anew when another use joins those that have gone. */
static void keep_flags(struct round *round, uint32_t index, struct abi_backend *object)
{
	const struct identity *row = &round->publisher->kinds[ABI_BACKEND].rows[index];
	const struct abi_backend *last = published_bytes(round->publisher, row);
	uint32_t now = (uint32_t)((round->input->now_ms + 999) / 1000);
	uint32_t left = last ? last->flags & DNAT_FLAGS & ~object->flags : 0;
	uint32_t since;

	if (left == 0)
		return;
	since = last->kept_since;
	if (since == 0 || since > now || (left & ~last->kept_flags) != 0)
		since = now;
	if (!round_drains(round, index, since * UINT64_C(1000)))
		return;
	object->flags |= left;
	object->kept_flags = (uint8_t)left;
	object->kept_since = since;
}

/* The same by all that is its identity; a name that may have been cut says too little. */
static bool is_same_backend(const struct abi_backend *a, const struct abi_backend *b)
{
	return a->name[ABI_NAME_SIZE - 2] == '\0' &&
	       memcmp(a->name, b->name, sizeof(a->name)) == 0 &&
	       memcmp(a->address, b->address, sizeof(a->address)) == 0 && a->port == b->port;
}

/* Its index, identity and epoch, most times without working them out. */
static int claim_backend(struct round *round, const char *pool,
			 const struct config_backend *backend, struct abi_backend *object,
			 uint32_t *index)
{
	struct identities *backends = &round->publisher->kinds[ABI_BACKEND];
	const struct abi_backend *last = round_guess(round, ABI_BACKEND, index);
	int rc = 0;

	if (last && is_same_backend(last, object)) {
		object->identity = backends->rows[*index].key;
	} else {
		object->identity = identity_of_backend(pool, backend->name, backend->address.bytes,
						       backend->port);
		rc = identities_claim(backends, object->identity, index);
	}
	if (rc < 0)
		return rc;
	last = published_bytes(round->publisher, &backends->rows[*index]);
	if (last && last->removed_at != 0)
		backends->moved = true; /* it is somebody's again */
	object->epoch = backends->rows[*index].epoch;
	return 0;
}

/*
 * Who waits for its first check takes no new flows, but keeps those that it may
 * have: it is back in the configuration, or was taken for up when nobody was. Down it would
 * lose them.
 */
static bool may_have_flows(const struct round *round, uint32_t index,
			   const struct config_backend *backend,
			   const struct publish_backend *health)
{
	const struct identity *row = &round->publisher->kinds[ABI_BACKEND].rows[index];
	const struct abi_backend *last = published_bytes(round->publisher, row);

	return health->undecided && backend->admin != CONFIG_MAINT && last &&
	       last->state != ABI_BACKEND_DOWN;
}

/* Where it was is looked at first. */
static uint32_t find_next_hop(const struct round *round, uint32_t index,
			      const struct publish_backend *backend)
{
	const struct identity *row = &round->publisher->kinds[ABI_BACKEND].rows[index];
	const struct abi_backend *last = published_bytes(round->publisher, row);

	struct abi_next_hop wanted = {
		.port = backend->port, .vlan = backend->vlan, .outer_vlan = backend->outer_vlan};

	if (!backend->has_next_hop)
		return ABI_NONE;
	memcpy(wanted.address, backend->next_hop.bytes, sizeof(wanted.address));
	return round_find_next_hop(round, &wanted, last ? last->next_hop : ABI_NONE);
}

static int put_backend(struct round *round, const struct config_pool *pool,
		       const struct config_backend *backend, const struct publish_backend *health,
		       struct pool_use *use)
{
	struct abi_backend object;
	uint32_t index;
	int rc;

	object_backend(&object, pool->name, backend, health->up);
	object.flags = use->flags;
	rc = claim_backend(round, pool->name, backend, &object, &index);
	if (rc == -ENOSPC) {
		round->waiting++;
		return 0;
	}
	if (rc < 0)
		return rc;
	if (object.state == ABI_BACKEND_DOWN && may_have_flows(round, index, backend, health))
		object.state = ABI_BACKEND_DRAINING;
	object.next_hop = find_next_hop(round, index, health);
	keep_flags(round, index, &object);
	rc = round_put(round, ABI_BACKEND, index, &object, sizeof(object));
	use->is_kept = use->is_kept && rc == 0 && round_has_kept(round, ABI_BACKEND, index);
	if (object.state == ABI_BACKEND_UP)
		use->members[use->member_count++] = index;
	return rc;
}

static int put_configured(struct round *round)
{
	for (size_t i = 0; i < round->config->pool_count; i++) {
		const struct config_pool *pool = &round->config->pools[i];
		struct pool_use *use = &round->uses[i];

		use->members = &round->members[use->first_backend];
		for (size_t row = 0; row < pool->backend_count; row++) {
			int rc =
				put_backend(round, pool, &pool->backends[row],
					    &round->input->backends[use->first_backend + row], use);
			if (rc < 0)
				return rc;
		}
	}
	return 0;
}

int round_put_backends(struct round *round)
{
	int rc = find_uses(round);

	round->publisher->next_due = 0;
	if (rc == 0)
		rc = put_configured(round);
	if (rc == 0)
		rc = round_put_removed(round);
	return rc;
}
