/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "dataplane/core/owner.h"

#define DNAT     OWNER_ROLE_DNAT
#define FULL_NAT OWNER_ROLE_FULL_NAT
#define LOCAL    OWNER_ROLE_LOCAL
#define ENDPOINT OWNER_ROLE_ENDPOINT

/*
 * Of each packet that may be of a flow they say what owner_part_by_ports()
 * does, or nothing, OWNER_PART_BY_PORTS. What has a service or local address is no
 * client: an endpoint sends nothing to it that is a reply of dnat.
 */
const uint8_t owner_parts[2][16] = {
	/* From an address that is no endpoint's. */
	{
		[0] = OWNER_PART_ALL,
		[DNAT] = OWNER_PART_SOURCE,
		[ENDPOINT] = OWNER_PART_SOURCE,
		[DNAT | ENDPOINT] = OWNER_PART_SOURCE,
		[FULL_NAT] = OWNER_PART_ALL,
		[LOCAL] = OWNER_PART_ALL,
		[FULL_NAT | LOCAL] = OWNER_PART_ALL,
	},
	/* From an endpoint's. To another one's: the source's port tells whether it is a reply. */
	{
		[0] = OWNER_PART_DESTINATION,
		[DNAT] = OWNER_PART_SOURCE,
		[FULL_NAT] = OWNER_PART_ALL,
		[LOCAL] = OWNER_PART_ALL,
		[FULL_NAT | LOCAL] = OWNER_PART_ALL,
	},
};

enum owner_part owner_part_by_ports(const struct snapshot *snapshot, const struct flow_tuple *tuple)
{
	struct ip_address destination = flow_tuple_destination(tuple);
	struct ip_address source = flow_tuple_source(tuple);
	uint16_t port = be16toh(tuple->ports.be_destination);
	uint32_t index;
	const struct abi_service *service =
		snapshot_find_service(snapshot, &destination, port, tuple->protocol, &index);

	if (service != NULL)
		return service->forwarding == ABI_DNAT ? OWNER_PART_SOURCE : OWNER_PART_ALL;
	if (snapshot_is_local(snapshot, &destination, port))
		return OWNER_PART_ALL;
	if (snapshot_is_dnat_endpoint(snapshot, &source, be16toh(tuple->ports.be_source),
				      tuple->protocol))
		return OWNER_PART_DESTINATION;
	if (snapshot_is_dnat_endpoint(snapshot, &destination, port, tuple->protocol))
		return OWNER_PART_SOURCE;
	return OWNER_PART_ALL;
}

void owner_fill_reta(uint8_t *reta, uint32_t reta_size, uint32_t workers)
{
	for (uint32_t i = 0; i < reta_size; i++)
		reta[i] = (uint8_t)(i % workers);
}

/* Sorts the RETA's entries by worker. */
static void turn_reta_round(struct owner *owner)
{
	uint16_t count = 0;

	for (uint32_t worker = 0; worker < owner->workers; worker++) {
		owner->buckets_begin[worker] = count;
		for (uint32_t i = 0; i <= owner->mask; i++)
			if (owner->reta[i] == worker)
				owner->buckets[count++] = (uint16_t)i;
	}
	owner->buckets_begin[owner->workers] = count;
}

const char *owner_init(struct owner *owner, const uint8_t *key, size_t key_size, uint32_t workers,
		       const uint8_t *reta, uint32_t reta_size)
{
	if (workers == 0 || workers > OWNER_WORKERS_MAX)
		return "not from 1 to 64 workers";
	if (reta_size == 0 || reta_size > OWNER_RETA_MAX || (reta_size & (reta_size - 1)) != 0)
		return "the redirection table's size is no power of two up to 512";
	for (uint32_t i = 0; i < reta_size; i++)
		if (reta[i] >= workers)
			return "the redirection table names a worker that does not exist";
	if (!toeplitz_init(&owner->toeplitz, key, key_size))
		return "the key has fewer than 40 bytes";
	for (unsigned i = 0; i < 2; i++)
		if (!toeplitz_ports_init(&owner->ports[i], &owner->toeplitz, i == 0 ? 4 : 6,
					 (unsigned)__builtin_ctz(reta_size)))
			return "with this key no port leads to some of the redirection table";
	owner->workers = workers;
	owner->mask = reta_size - 1;
	memcpy(owner->reta, reta, reta_size);
	turn_reta_round(owner);
	return NULL;
}

/* Addresses of a generation, each as often as it is named. */
static uint32_t count_addresses(const struct snapshot *snapshot)
{
	uint32_t count = snapshot->backend_count;

	for (uint32_t i = 0; i < snapshot->service_count; i++)
		if (snapshot->services[i] != NULL)
			count += snapshot->services[i]->listener_count;
	for (uint32_t i = 0; i < snapshot->local_pool_count; i++)
		if (snapshot->local_pools[i] != NULL)
			count += snapshot->local_pools[i]->address_count;
	return count;
}

/* Four times as many as addresses, or more: most packets have one that is not there. */
static uint32_t slot_count(const struct snapshot *snapshot)
{
	return 8u << (31 - __builtin_clz(count_addresses(snapshot) | 1));
}

size_t owner_roles_size(const struct snapshot *snapshot)
{
	return slot_count(snapshot) * sizeof(struct owner_role);
}

static void add(struct owner_roles *roles, const uint8_t bytes[16], uint8_t role)
{
	struct ip_address address = ip_address_load(bytes);
	uint32_t at = owner_role_slot(roles, &address);

	for (; !ip_address_is_zero(&roles->slots[at].address); at = (at + 1) & roles->mask)
		if (ip_address_is_equal(&roles->slots[at].address, &address))
			break;
	roles->slots[at].address = address;
	roles->slots[at].roles |= role;
}

static void add_service(struct owner_roles *roles, const struct abi_service *service)
{
	bool is_dnat = service->forwarding == ABI_DNAT;

	roles->has_dnat |= is_dnat;
	for (uint32_t i = 0; i < service->listener_count; i++)
		add(roles, service->listeners[i].address, is_dnat ? DNAT : FULL_NAT);
}

void owner_roles_fill(struct owner_roles *roles, void *memory, const struct snapshot *snapshot)
{
	*roles = (struct owner_roles){
		.snapshot = snapshot,
		.slots = memory,
		.mask = slot_count(snapshot) - 1,
	};
	for (uint32_t i = 0; i < snapshot->service_count; i++)
		if (snapshot->services[i] != NULL)
			add_service(roles, snapshot->services[i]);
	for (uint32_t i = 0; i < snapshot->local_pool_count; i++) {
		const struct abi_local_pool *pool = snapshot->local_pools[i];

		for (uint32_t row = 0; pool != NULL && row < pool->address_count; row++)
			add(roles, pool->addresses[row], LOCAL);
	}
	/* Of services that are gone, too, while backends still have flows of theirs. */
	for (uint32_t i = 0; i < snapshot->backend_count; i++) {
		const struct abi_backend *backend = snapshot->backends[i];

		if (backend == NULL || !(backend->flags & ABI_BACKEND_DNAT))
			continue;
		roles->has_dnat = true;
		add(roles, backend->address, ENDPOINT);
	}
}

uint8_t owner_of_fragment(const struct owner *owner, const struct flow_tuple *tuple, uint32_t id)
{
	if (owner->workers == 1)
		return 0;
	/* In the place of the ports: so that one id after another spreads. */
	if (tuple->family == 4)
		return owner_of_hash(
			owner, toeplitz_hash_addresses(&owner->toeplitz, tuple) ^
				       toeplitz_share(&owner->toeplitz, 8,
						      (uint16_t)id | tuple->protocol << 16, 3));
	return owner_of_hash(owner, toeplitz_hash_addresses(&owner->toeplitz, tuple) ^
					    toeplitz_share(&owner->toeplitz, 32, id, 4));
}

bool owner_draw_port(const struct owner *owner, const struct flow_tuple *reply, uint32_t worker,
		     struct port_range range, uint64_t random[2], uint16_t *port)
{
	const struct toeplitz_buckets buckets = {
		.list = &owner->buckets[owner->buckets_begin[worker]],
		.count = owner->buckets_begin[worker + 1] - owner->buckets_begin[worker],
	};
	struct flow_tuple to_port_0 = *reply;

	to_port_0.head &= ~0xffff0000ull;
	return toeplitz_ports_draw(&owner->ports[reply->family == 4 ? 0 : 1],
				   toeplitz_hash(&owner->toeplitz, &to_port_0), &buckets, range,
				   random, port);
}
