/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * What a generation must satisfy before workers forward by it. Looks only at
 * private copies. The packet path trusts what passed here and checks nothing
 * again.
 */
#include "dataplane/core/packet.h"
#include "dataplane/core/snapshot.h"

#include <inttypes.h>
#include <netinet/in.h>

bool validate_reference(const struct abi_ref *ref, const struct abi_ref *previous,
			uint64_t generation, uint64_t file_size, const struct refusal *refusal)
{
	const struct abi_kind_bounds *kind = abi_kind_bounds(ref->kind);

	if (kind->indexes == 0)
		return refuse(refusal, "directory: there is no kind %u", ref->kind);
	if (ref->index >= kind->indexes)
		return refuse(refusal, "%s %u: index is not below %u", kind->name, ref->index,
			      kind->indexes);
	if (previous && (previous->kind > ref->kind ||
			 (previous->kind == ref->kind && previous->index >= ref->index)))
		return refuse(refusal, "directory: %s %u is out of order", kind->name, ref->index);
	if (ref->birth == 0 || ref->birth > generation)
		return refuse(refusal, "%s %u: born in generation %" PRIu64 ", this is %" PRIu64,
			      kind->name, ref->index, ref->birth, generation);
	if (ref->length < kind->least || ref->length > kind->most)
		return refuse(refusal, "%s %u: length %" PRIu64 " is not %" PRIu64 " to %" PRIu64,
			      kind->name, ref->index, ref->length, kind->least, kind->most);
	if (ref->offset % ABI_CACHE_LINE || ref->offset < ABI_TABLES_HEAP ||
	    ref->offset > file_size || ref->length > file_size - ref->offset)
		return refuse(refusal, "%s %u: offset %" PRIu64 " lies outside the file's heap",
			      kind->name, ref->index, ref->offset);
	return true;
}

/* What is checked, for the sentences. */
struct subject {
	const char *kind;
	uint32_t index;
	const struct refusal *refusal;
};

static bool check_name(const struct subject *subject, const char name[ABI_NAME_SIZE])
{
	if (!memchr(name, '\0', ABI_NAME_SIZE))
		return refuse(subject->refusal, "%s %u: name has no end", subject->kind,
			      subject->index);
	if (name[0] == '\0')
		return refuse(subject->refusal, "%s %u: name is empty", subject->kind,
			      subject->index);
	return true;
}

static bool check_range(const struct subject *subject, const char *field, uint64_t value,
			uint64_t least, uint64_t most)
{
	if (value < least || value > most)
		return refuse(subject->refusal,
			      "%s %u: %s is %" PRIu64 ", not %" PRIu64 " to %" PRIu64,
			      subject->kind, subject->index, field, value, least, most);
	return true;
}

/* `count` rows behind a head of `head` bytes must be all there is. */
static bool check_count(const struct subject *subject, const struct object *object, size_t head,
			uint64_t count, size_t row)
{
	if (object->ref.length != head + count * row)
		return refuse(subject->refusal,
			      "%s %u: length %" PRIu64 " does not fit a count of %" PRIu64,
			      subject->kind, subject->index, object->ref.length, count);
	return true;
}

/* `family` 0: any. */
static bool check_address(const struct subject *subject, const char *field, uint32_t row,
			  const uint8_t bytes[16], uint8_t family)
{
	struct ip_address address = ip_address_load(bytes);
	bool ipv4 = ip_address_is_ipv4(&address);

	if (family != 0 && ipv4 != (family == 4))
		return refuse(subject->refusal, "%s %u: %s %u is IPv%c, not IPv%u", subject->kind,
			      subject->index, field, row, ipv4 ? '4' : '6', family);
	if (ip_address_is_zero(&address))
		return refuse(subject->refusal, "%s %u: %s %u is ::", subject->kind, subject->index,
			      field, row);
	if (ipv4 && (uint32_t)be64toh(address.be_words[1]) == 0)
		return refuse(subject->refusal, "%s %u: %s %u is 0.0.0.0", subject->kind,
			      subject->index, field, row);
	return true;
}

static bool check_epoch(const struct subject *subject, uint32_t epoch)
{
	return epoch != 0 ||
	       refuse(subject->refusal, "%s %u: epoch is 0", subject->kind, subject->index);
}

static bool check_family(const struct subject *subject, uint8_t family)
{
	return family == 6 || check_range(subject, "family", family, 4, 4);
}

static bool check_protocol(const struct subject *subject, uint32_t row, uint8_t protocol)
{
	if (protocol != IPPROTO_TCP && protocol != IPPROTO_UDP)
		return refuse(subject->refusal,
			      "%s %u: listener %u has protocol %u, not TCP or UDP", subject->kind,
			      subject->index, row, protocol);
	return true;
}

static bool check_settings(const struct subject *subject, const struct object *object)
{
	const struct abi_settings *settings = (const void *)object->bytes;

	return check_range(subject, "node_id", settings->node_id, 0, 1) &&
	       check_range(subject, "node_count", settings->node_count, 1, 2);
}

static bool check_listener(const struct subject *subject, uint32_t row, uint8_t family,
			   const struct abi_listener *listener)
{
	return check_address(subject, "listener", row, listener->address, family) &&
	       check_protocol(subject, row, listener->protocol) &&
	       check_range(subject, "port_first of a listener", listener->port_first, 1,
			   listener->port_last);
}

static bool check_ranges(const struct subject *subject, const char *field, uint8_t family,
			 const struct abi_range *ranges, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		struct ip_address first = ip_address_load(ranges[i].first);
		struct ip_address last = ip_address_load(ranges[i].last);

		if (ip_address_is_ipv4(&first) != (family == 4) ||
		    ip_address_is_ipv4(&last) != (family == 4))
			return refuse(subject->refusal, "%s %u: %s %u is not IPv%u", subject->kind,
				      subject->index, field, i, family);
		if (ip_address_compare(&first, &last) > 0 ||
		    (i > 0 && memcmp(ranges[i - 1].last, &first, 16) >= 0))
			return refuse(subject->refusal, "%s %u: %s %u is out of order",
				      subject->kind, subject->index, field, i);
	}
	return true;
}

static bool check_service_length(const struct subject *subject, const struct object *object,
				 const struct abi_service *service)
{
	uint32_t ranges = service->allow_count + service->deny_count;

	if (object->ref.length != sizeof(*service) +
					  service->listener_count * sizeof(struct abi_listener) +
					  ranges * sizeof(struct abi_range))
		return refuse(subject->refusal,
			      "%s %u: length %" PRIu64
			      " does not fit %u listeners and %u ranges of clients",
			      subject->kind, subject->index, object->ref.length,
			      service->listener_count, ranges);
	return true;
}

static bool check_service(const struct subject *subject, const struct object *object)
{
	const struct abi_service *service = (const void *)object->bytes;

	if (!check_name(subject, service->name) || !check_family(subject, service->family) ||
	    !check_epoch(subject, service->epoch) ||
	    !check_range(subject, "forwarding", service->forwarding, ABI_DNAT, ABI_FULL_NAT) ||
	    !check_range(subject, "hash_on", service->hash_on, ABI_HASH_ADDRESS,
			 ABI_HASH_ADDRESS_PORT) ||
	    !check_range(subject, "when_down", service->when_down, ABI_WHEN_DOWN_RESET,
			 ABI_WHEN_DOWN_DROP) ||
	    !check_range(subject, "on_backend_down", service->on_backend_down,
			 ABI_BACKEND_DOWN_KEEP, ABI_BACKEND_DOWN_RESET) ||
	    !check_range(subject, "group", service->group, 0, ABI_MAX_GROUPS) ||
	    !check_range(subject, "listener_count", service->listener_count, 1,
			 ABI_MAX_LISTENERS) ||
	    !check_range(subject, "allow_count", service->allow_count, 0, ABI_MAX_RANGES) ||
	    !check_range(subject, "deny_count", service->deny_count, 0, ABI_MAX_RANGES) ||
	    !check_service_length(subject, object, service))
		return false;
	for (unsigned i = 0; i < ABI_TIMEOUT_COUNT; i++)
		if (!check_range(subject, "a timeout", service->timeouts[i], 1, UINT32_MAX))
			return false;
	for (uint32_t i = 0; i < service->listener_count; i++)
		if (!check_listener(subject, i, service->family, &service->listeners[i]))
			return false;
	return check_ranges(subject, "allow", service->family, abi_service_allow(service),
			    service->allow_count) &&
	       check_ranges(subject, "deny", service->family, abi_service_deny(service),
			    service->deny_count);
}

static bool check_backend(const struct subject *subject, const struct object *object)
{
	const struct abi_backend *backend = (const void *)object->bytes;
	const uint32_t known =
		ABI_BACKEND_DNAT | ABI_BACKEND_FULL_NAT | ABI_BACKEND_TCP | ABI_BACKEND_UDP;

	return check_name(subject, backend->name) && check_family(subject, backend->family) &&
	       check_epoch(subject, backend->epoch) &&
	       check_address(subject, "address", 0, backend->address, backend->family) &&
	       check_range(subject, "state", backend->state, ABI_BACKEND_UP, ABI_BACKEND_DOWN) &&
	       check_range(subject, "flags", backend->flags, 0, known) &&
	       check_range(subject, "expired", backend->expired, 0, 1);
}

static bool check_ring(const struct subject *subject, const struct object *object)
{
	const struct abi_ring *ring = (const void *)object->bytes;

	if (!check_range(subject, "size", ring->size, 2, ABI_MAX_RING_SIZE) ||
	    !check_count(subject, object, sizeof(*ring), ring->size, sizeof(ring->slots[0])))
		return false;
	if (!abi_is_prime(ring->size))
		return refuse(subject->refusal, "%s %u: size %u is not a prime", subject->kind,
			      subject->index, ring->size);
	return true;
}

static bool check_next_hop(const struct subject *subject, const struct object *object,
			   const struct tables_limits *limits)
{
	static const uint8_t nobody[6];
	const struct abi_next_hop *hop = (const void *)object->bytes;

	if (!check_address(subject, "address", 0, hop->address, 0) ||
	    !check_range(subject, "resolved", hop->resolved, 0, 1) ||
	    !check_range(subject, "vlan", hop->vlan, 0, 4094) ||
	    !check_range(subject, "outer_vlan", hop->outer_vlan & ~PACKET_OUTER_8021Q,
			 hop->outer_vlan != 0, 4094))
		return false;
	if (hop->port >= limits->port_count)
		return refuse(subject->refusal, "%s %u: port %u does not exist", subject->kind,
			      subject->index, hop->port);
	if (hop->resolved && ((hop->mac[0] & 1) || memcmp(hop->mac, nobody, 6) == 0))
		return refuse(subject->refusal, "%s %u: MAC is nobody's or a group's",
			      subject->kind, subject->index);
	return true;
}

static bool check_local_pool(const struct subject *subject, const struct object *object)
{
	const struct abi_local_pool *pool = (const void *)object->bytes;

	if (!check_name(subject, pool->name) ||
	    !check_range(subject, "group", pool->group, 0, ABI_MAX_GROUPS) ||
	    !check_range(subject, "port_first", pool->port_first, 1, pool->port_last) ||
	    !check_range(subject, "address_count", pool->address_count, 1,
			 ABI_MAX_POOL_ADDRESSES) ||
	    !check_count(subject, object, sizeof(*pool), pool->address_count, 16))
		return false;
	for (uint32_t i = 0; i < pool->address_count; i++)
		if (!check_address(subject, "address", i, pool->addresses[i],
				   abi_address_family(pool->addresses[0])))
			return false;
	return true;
}

static bool check_route(const struct subject *subject, uint32_t row, const struct abi_route *route,
			const struct tables_limits *limits)
{
	struct ip_address address = ip_address_load(route->prefix);
	struct ip_address prefix = address_prefix(&address, route->length);

	if (route->length > 128)
		return refuse(subject->refusal, "%s: row %u has a prefix of %u bits", subject->kind,
			      row, route->length);
	if (ip_address_is_ipv4(&address) && route->length < 96)
		return refuse(subject->refusal, "%s: row %u is IPv4, with a prefix of %u bits",
			      subject->kind, row, route->length);
	if (!ip_address_is_equal(&prefix, &address))
		return refuse(subject->refusal, "%s: row %u has bits set behind its prefix",
			      subject->kind, row);
	if (route->port >= limits->port_count)
		return refuse(subject->refusal, "%s: row %u: port %u does not exist", subject->kind,
			      row, route->port);
	return true;
}

static bool check_routes(const struct subject *subject, const struct object *object,
			 const struct tables_limits *limits)
{
	const struct abi_routes *routes = (const void *)object->bytes;

	if (!check_count(subject, object, sizeof(*routes), routes->count, sizeof(routes->rows[0])))
		return false;
	for (uint32_t i = 0; i < routes->count; i++) {
		const struct abi_route *row = &routes->rows[i];

		if (!check_route(subject, i, row, limits))
			return false;
		if (i > 0 && (row[-1].length < row->length ||
			      (row[-1].length == row->length &&
			       memcmp(row[-1].prefix, row->prefix, 16) >= 0)))
			return refuse(subject->refusal, "%s: row %u is out of order", subject->kind,
				      i);
	}
	return true;
}

static bool check_host_addresses(const struct subject *subject, const struct object *object)
{
	const struct abi_host_addresses *host = (const void *)object->bytes;

	if (!check_count(subject, object, sizeof(*host), host->count, 16))
		return false;
	for (uint32_t i = 0; i < host->count; i++)
		if (!check_address(subject, "row", i, host->addresses[i], 0))
			return false;
	return true;
}

static bool check_group_addresses(const struct subject *subject, const struct object *object)
{
	const struct abi_group_addresses *groups = (const void *)object->bytes;

	if (!check_count(subject, object, sizeof(*groups), groups->count, sizeof(groups->rows[0])))
		return false;
	for (uint32_t i = 0; i < groups->count; i++) {
		const struct abi_group_address *row = &groups->rows[i];

		if (!check_address(subject, "row", i, row->address, 0) ||
		    !check_range(subject, "group of a row", row->group, 1, ABI_MAX_GROUPS))
			return false;
		if (i > 0 && memcmp(row[-1].address, row->address, 16) >= 0)
			return refuse(subject->refusal, "%s: row %u is out of order", subject->kind,
				      i);
	}
	return true;
}

bool validate_object(const struct object *object, const struct tables_limits *limits,
		     const struct refusal *refusal)
{
	const struct abi_kind_bounds *kind = abi_kind_bounds(object->ref.kind);
	const struct subject subject = {kind->name, object->ref.index, refusal};

	switch (object->ref.kind) {
	case ABI_SETTINGS:
		return check_settings(&subject, object);
	case ABI_SERVICE:
		return check_service(&subject, object);
	case ABI_BACKEND:
		return check_backend(&subject, object);
	case ABI_RING:
		return check_ring(&subject, object);
	case ABI_NEXT_HOP:
		return check_next_hop(&subject, object, limits);
	case ABI_LOCAL_POOL:
		return check_local_pool(&subject, object);
	case ABI_ROUTES:
		return check_routes(&subject, object, limits);
	case ABI_HOST_ADDRESSES:
		return check_host_addresses(&subject, object);
	case ABI_GROUP_ADDRESSES:
		return check_group_addresses(&subject, object);
	default:
		return refuse(refusal, "there is no kind %u", object->ref.kind);
	}
}
