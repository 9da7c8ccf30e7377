/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* What Linux knows of the links: next hops, routes, its own addresses. */
#include "controlplane/publish/round.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static bool is_same_hop(const struct abi_next_hop *a, const struct abi_next_hop *b)
{
	return a->port == b->port && a->vlan == b->vlan && a->outer_vlan == b->outer_vlan &&
	       memcmp(a->address, b->address, 16) == 0;
}

/* Its index and epoch, most times without working out its key. */
static int claim_next_hop(struct round *round, struct abi_next_hop *object, uint32_t *index)
{
	const struct abi_next_hop *guess = round_guess(round, ABI_NEXT_HOP, index);

	if (guess && is_same_hop(guess, object)) {
		object->epoch = round->publisher->kinds[ABI_NEXT_HOP].rows[*index].epoch;
		return 0;
	}
	return round_claim(round, ABI_NEXT_HOP, identity_of_next_hop(object), index,
			   &object->epoch);
}

static int put_next_hop(struct round *round, const struct publish_next_hop *hop, uint32_t *index)
{
	struct abi_next_hop object;
	char text[ADDRESS_TEXT_SIZE];
	int rc;

	if (hop->port >= round->config->dataplane.port_count)
		return round_fail(round, -EINVAL, "next hop %s is on port %u, which does not exist",
				  address_format(&hop->address, text), hop->port);
	object_next_hop(&object, hop);
	rc = claim_next_hop(round, &object, index);
	return rc < 0 ? rc : round_put(round, ABI_NEXT_HOP, *index, &object, sizeof(object));
}

static bool has_put(const struct round *round, uint32_t index, const struct abi_next_hop *wanted)
{
	const struct abi_next_hop *hop = round_bytes(round, ABI_NEXT_HOP, index);

	return hop && is_same_hop(hop, wanted);
}

uint32_t round_find_next_hop(const struct round *round, const struct abi_next_hop *wanted,
			     uint32_t guess)
{
	uint32_t index = guess;

	if (has_put(round, index, wanted))
		return index;
	index = identities_find(&round->publisher->kinds[ABI_NEXT_HOP],
				identity_of_next_hop(wanted));
	/* It may be one that only the last generation wants. */
	return has_put(round, index, wanted) ? index : ABI_NONE;
}

static int put_next_hops(struct round *round)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < round->input->next_hop_count; i++) {
		uint32_t index;

		rc = put_next_hop(round, &round->input->next_hops[i], &index);
		if (rc == -ENOSPC)
			rc = 0;
	}
	return rc;
}

/* A gateway nobody has resolved yet is a next hop all the same: its packets wait for it. */
static int find_gateway(struct round *round, const struct publish_route *route, uint32_t *index)
{
	const struct publish_next_hop unresolved = {.address = route->gateway,
						    .port = route->port,
						    .vlan = route->vlan,
						    .outer_vlan = route->outer_vlan};
	struct abi_next_hop wanted;

	object_next_hop(&wanted, &unresolved);
	*index = round_find_next_hop(round, &wanted, ABI_NONE);
	return *index != ABI_NONE ? 0 : put_next_hop(round, &unresolved, index);
}

static int fill_routes(struct round *round, struct abi_route *rows, size_t *count)
{
	for (size_t i = 0; i < round->input->route_count; i++) {
		const struct publish_route *route = &round->input->routes[i];
		uint32_t next_hop = ABI_NONE;
		int rc;

		if (route->port >= round->config->dataplane.port_count ||
		    route->length > address_bits(&route->prefix))
			return round_fail(round, -EINVAL,
					  "route %zu: port %u or prefix length %u out of range", i,
					  route->port, route->length);
		rc = route->on_link ? 0 : find_gateway(round, route, &next_hop);
		if (rc == -ENOSPC)
			continue;
		if (rc < 0)
			return rc;
		object_route(&rows[(*count)++], route, next_hop);
	}
	return 0;
}

static int put_sorted_routes(struct round *round, struct abi_route *rows, struct abi_route *room)
{
	struct abi_routes *object;
	size_t count = 0, length;
	uint32_t index, epoch;
	int rc = fill_routes(round, rows, &count);

	if (rc < 0)
		return rc;
	count = object_sort_routes(rows, room, count);
	if (count > ABI_MAX_ROUTES)
		return round_fail(round, -E2BIG,
				  "%zu routes through our ports, at most %u: keep a full routing "
				  "table away from them",
				  count, ABI_MAX_ROUTES);
	length = sizeof(*object) + count * sizeof(rows[0]);
	object = scratch_reserve(&round->scratch, length);
	if (!object)
		return -ENOMEM;
	object->count = (uint32_t)count;
	memcpy(object->rows, rows, count * sizeof(rows[0]));
	rc = round_claim(round, ABI_ROUTES, 1, &index, &epoch);
	return rc < 0 ? rc : round_put(round, ABI_ROUTES, index, object, length);
}

static int put_routes(struct round *round)
{
	size_t count = round->input->route_count + 1;
	struct abi_route *rows = calloc(count, sizeof(*rows));
	struct abi_route *room = calloc(count, sizeof(*room));
	int rc = rows && room ? put_sorted_routes(round, rows, room) : -ENOMEM;

	free(rows);
	free(room);
	return rc;
}

static int put_host_addresses(struct round *round)
{
	struct abi_host_addresses *object;
	uint32_t index, epoch;
	size_t length;
	int rc;

	object = object_host_addresses(&round->scratch, round->input->host_addresses,
				       round->input->host_address_count, &length);
	if (!object)
		return -ENOMEM;
	if (object->count > ABI_MAX_HOST_ADDRESSES)
		return round_fail(round, -E2BIG, "this host has %u addresses, at most %u",
				  object->count, ABI_MAX_HOST_ADDRESSES);
	rc = round_claim(round, ABI_HOST_ADDRESSES, 1, &index, &epoch);
	return rc < 0 ? rc : round_put(round, ABI_HOST_ADDRESSES, index, object, length);
}

int round_put_links(struct round *round)
{
	int rc = put_next_hops(round);

	if (rc == 0)
		rc = put_routes(round);
	if (rc == 0)
		rc = put_host_addresses(round);
	return rc;
}
