/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * What clients talk to: single ports in a hash table; ranges side by side for
 * each address and protocol, by port, and every port behind them.
 */
#include "dataplane/core/snapshot.h"

#include <stdlib.h>

/* A range with the address and the service it is of, for sorting. */
struct row {
	struct ip_address address;
	uint8_t protocol;
	struct listener_range range;
};

static bool refuse_taken(const struct snapshot *snapshot, uint32_t service, uint32_t holder,
			 uint16_t first, uint16_t last, const struct refusal *refusal)
{
	return refuse(refusal, "service %u (%s): ports %u-%u of an address are service %u's (%s)",
		      service, snapshot->services[service]->name, first, last, holder,
		      snapshot->services[holder]->name);
}

static bool add_single(struct snapshot *snapshot, const struct abi_listener *listener,
		       uint32_t service, const struct refusal *refusal)
{
	uint32_t mask = snapshot->listener_mask;
	struct ip_address address = ip_address_load(listener->address);
	uint16_t port = listener->port_first;
	uint32_t at = hash_endpoint(&address, port, listener->protocol) & mask;
	struct listener_slot *slot;

	for (;; at = (at + 1) & mask) {
		slot = &snapshot->listeners[at];
		if (slot->protocol == 0)
			break;
		if (ip_address_is_equal(&slot->address, &address) && slot->port == port &&
		    slot->protocol == listener->protocol)
			return slot->service == service ||
			       refuse_taken(snapshot, service, slot->service, port, port, refusal);
	}
	*slot = (struct listener_slot){address, port, listener->protocol, (uint16_t)service};
	return true;
}

static bool is_every_port(const struct listener_range *range)
{
	return range->port_first <= 1 && range->port_last == UINT16_MAX;
}

static int compare_rows(const void *a, const void *b)
{
	const struct row *one = a, *other = b;
	int order = ip_address_compare(&one->address, &other->address);

	if (order == 0)
		order = (int)one->protocol - (int)other->protocol;
	if (order == 0)
		order = (int)is_every_port(&one->range) - (int)is_every_port(&other->range);
	return order != 0 ? order : (int)one->range.port_first - (int)other->range.port_first;
}

/* Of sorted neighbours; what is every port lies behind the others, and may hold them. */
static bool overlap(const struct listener_range *before, const struct listener_range *range)
{
	return range->port_first <= before->port_last &&
	       is_every_port(before) == is_every_port(range);
}

static bool same_place(const struct row *one, const struct row *other)
{
	return one->protocol == other->protocol &&
	       ip_address_is_equal(&one->address, &other->address);
}

static void add_slot(struct snapshot *snapshot, const struct row *row, uint32_t first,
		     uint32_t count)
{
	uint32_t mask = snapshot->range_mask;
	uint32_t at = hash_endpoint(&row->address, 0, row->protocol) & mask;

	while (snapshot->range_slots[at].protocol != 0)
		at = (at + 1) & mask;
	snapshot->range_slots[at] = (struct range_slot){row->address, row->protocol, first, count};
}

/* Places the sorted rows of one address and protocol, which begin at `first`. */
static bool place_rows(struct snapshot *snapshot, const struct row *rows, uint32_t first,
		       uint32_t count, const struct refusal *refusal)
{
	for (uint32_t i = first; i < first + count; i++) {
		const struct listener_range *range = &rows[i].range;

		if (i > first && overlap(&rows[i - 1].range, range))
			return refuse_taken(snapshot, range->service, rows[i - 1].range.service,
					    range->port_first, range->port_last, refusal);
		snapshot->ranges[i] = *range;
	}
	add_slot(snapshot, &rows[first], first, count);
	return true;
}

static uint32_t collect_rows(const struct snapshot *snapshot, struct row *rows)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < snapshot->service_count; i++) {
		const struct abi_service *service = snapshot->services[i];

		for (uint32_t row = 0; service && row < service->listener_count; row++) {
			const struct abi_listener *listener = &service->listeners[row];

			if (is_single_port(listener))
				continue;
			if (rows != NULL)
				rows[count] = (struct row){
					ip_address_load(listener->address),
					listener->protocol,
					{listener->port_first, listener->port_last, (uint16_t)i}};
			count++;
		}
	}
	return count;
}

static bool fill_ranges(struct snapshot *snapshot, const struct refusal *refusal)
{
	const struct allocator *allocator = &snapshot->allocator;
	uint32_t count = collect_rows(snapshot, NULL);
	bool good = true;

	if (count == 0)
		return true;
	struct row *rows = allocator->allocate(allocator->context, count * sizeof(*rows));
	if (rows == NULL)
		return refuse(refusal, "no memory for %u ranges of ports", count);
	collect_rows(snapshot, rows);
	qsort(rows, count, sizeof(*rows), compare_rows);
	for (uint32_t first = 0, end; good && first < count; first = end) {
		for (end = first + 1; end < count && same_place(&rows[first], &rows[end]);)
			end++;
		good = place_rows(snapshot, rows, first, end - first, refusal);
	}
	allocator->release(allocator->context, rows);
	return good;
}

bool snapshot_fill_listeners(struct snapshot *snapshot, const struct refusal *refusal)
{
	for (uint32_t i = 0; i < snapshot->service_count; i++) {
		const struct abi_service *service = snapshot->services[i];

		for (uint32_t row = 0; service && row < service->listener_count; row++) {
			const struct abi_listener *listener = &service->listeners[row];
			struct ip_address address = ip_address_load(listener->address);

			if (is_single_port(listener) && !add_single(snapshot, listener, i, refusal))
				return false;
			snapshot_add_address(snapshot->service_addresses,
					     snapshot->service_address_mask, &address);
		}
	}
	return fill_ranges(snapshot, refusal);
}
