/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * The indexes between the objects of a generation: each must name one that
 * exists. One that is shared with the snapshot before may name what is not there
 * any more: most kinds are looked at as a whole, the many backends and the long
 * rings only when something is gone.
 */
#include "dataplane/core/snapshot.h"

static bool link_service(const struct snapshot *snapshot, uint32_t index,
			 const struct refusal *refusal)
{
	const struct abi_service *service = snapshot->services[index];
	bool needs_pool = service->forwarding == ABI_FULL_NAT;

	if (service->ring != ABI_NONE &&
	    (service->ring >= snapshot->ring_count || !snapshot->rings[service->ring]))
		return refuse(refusal, "service %u (%s): ring %u does not exist", index,
			      service->name, service->ring);
	if (!needs_pool && service->local_pool != ABI_NONE)
		return refuse(refusal, "service %u (%s): has a local pool but is not full-nat",
			      index, service->name);
	if (needs_pool && (service->local_pool >= snapshot->local_pool_count ||
			   !snapshot->local_pools[service->local_pool]))
		return refuse(refusal, "service %u (%s): local pool %u does not exist", index,
			      service->name, service->local_pool);
	if (needs_pool &&
	    abi_address_family(snapshot->local_pools[service->local_pool]->addresses[0]) !=
		    service->family)
		return refuse(refusal, "service %u (%s): local pool %u is not IPv%u", index,
			      service->name, service->local_pool, service->family);
	return true;
}

static bool next_hop_exists(const struct snapshot *snapshot, uint32_t index)
{
	return index == ABI_NONE ||
	       (index < snapshot->next_hop_count && snapshot->next_hops[index]);
}

static bool link_ring(const struct snapshot *snapshot, uint32_t index,
		      const struct refusal *refusal)
{
	const struct abi_ring *ring = snapshot->rings[index];
	bool nobody = ring->slots[0] == ABI_NO_BACKEND;
	uint8_t family = 0;

	for (uint32_t i = 0; i < ring->size; i++) {
		uint16_t slot = ring->slots[i];

		if (nobody ? slot != ABI_NO_BACKEND
			   : slot >= snapshot->backend_count || !snapshot->backends[slot])
			return refuse(refusal,
				      "ring %u: slot %u names backend %u, which does not exist",
				      index, i, slot);
		if (nobody)
			continue;
		if (family != 0 && snapshot->backends[slot]->family != family)
			return refuse(refusal, "ring %u: backends of both families", index);
		family = snapshot->backends[slot]->family;
	}
	return true;
}

/* Gone, or another in its place that the rings were not made for. */
static bool backend_is_gone(const struct snapshot *snapshot, const struct snapshot *before)
{
	for (uint32_t i = 0; i < before->backend_count; i++) {
		const struct abi_backend *last = before->backends[i];
		const struct abi_backend *now =
			i < snapshot->backend_count ? snapshot->backends[i] : NULL;

		if (last != now && last && (!now || now->family != last->family))
			return true;
	}
	return false;
}

static bool next_hop_is_gone(const struct snapshot *snapshot, const struct snapshot *before)
{
	for (uint32_t i = 0; i < before->next_hop_count; i++)
		if (before->next_hops[i] && !next_hop_exists(snapshot, i))
			return true;
	return false;
}

/* Backends that have passed are looked at again only when a next hop is gone. */
static bool link_backends(const struct snapshot *snapshot, const struct snapshot *before,
			  const struct refusal *refusal)
{
	bool all = !before || next_hop_is_gone(snapshot, before);

	for (uint32_t i = 0; i < snapshot->backend_count; i++) {
		const struct abi_backend *backend = snapshot->backends[i];

		if (!backend ||
		    (!all && i < before->backend_count && backend == before->backends[i]))
			continue;
		if (!next_hop_exists(snapshot, backend->next_hop))
			return refuse(refusal, "backend %u (%s): next hop %u does not exist", i,
				      backend->name, backend->next_hop);
	}
	return true;
}

/* The ring has passed. */
static bool link_families(const struct snapshot *snapshot, uint32_t index,
			  const struct refusal *refusal)
{
	const struct abi_service *service = snapshot->services[index];

	if (service->ring == ABI_NONE)
		return true;
	uint16_t backend = snapshot->rings[service->ring]->slots[0];
	if (backend != ABI_NO_BACKEND && snapshot->backends[backend]->family != service->family)
		return refuse(refusal, "service %u (%s): the backends of ring %u are not IPv%u",
			      index, service->name, service->ring, service->family);
	return true;
}

/* Rings are long: one that has passed is looked at again only when a backend is gone. */
static bool link_rings(const struct snapshot *snapshot, const struct snapshot *before,
		       const struct refusal *refusal)
{
	bool all = !before || backend_is_gone(snapshot, before);

	for (uint32_t i = 0; i < snapshot->ring_count; i++) {
		const struct abi_ring *ring = snapshot->rings[i];

		if (!ring || (!all && i < before->ring_count && ring == before->rings[i]))
			continue;
		if (!link_ring(snapshot, i, refusal))
			return false;
	}
	return true;
}

bool validate_links(const struct snapshot *snapshot, const struct snapshot *before,
		    const struct refusal *refusal)
{
	if (!snapshot->settings)
		return refuse(refusal, "the settings are missing");
	for (uint32_t i = 0; i < snapshot->service_count; i++)
		if (snapshot->services[i] && !link_service(snapshot, i, refusal))
			return false;
	if (!link_backends(snapshot, before, refusal))
		return false;
	for (uint32_t i = 0; snapshot->routes && i < snapshot->routes->count; i++)
		if (!next_hop_exists(snapshot, snapshot->routes->rows[i].next_hop))
			return refuse(refusal, "routes: row %u: next hop %u does not exist", i,
				      snapshot->routes->rows[i].next_hop);
	if (!link_rings(snapshot, before, refusal))
		return false;
	for (uint32_t i = 0; i < snapshot->service_count; i++)
		if (snapshot->services[i] && !link_families(snapshot, i, refusal))
			return false;
	return true;
}
