/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "dataplane/delivery.h"

#include "dataplane/workers.h"

static void tell_workers(const struct delivery *deliveries, struct workers *workers,
			 unsigned port_count)
{
	uint32_t foreign = 0;

	for (unsigned port = 0; port < port_count; port++)
		foreign |= (uint32_t)!deliveries[port].to_owners << port;
	for (unsigned i = 0; i < workers->count; i++)
		__atomic_store_n(&workers->items[i].foreign, foreign, __ATOMIC_RELAXED);
}

void deliveries_begin(struct delivery *deliveries, struct workers *workers,
		      const struct ports *ports)
{
	for (uint16_t port = 0; port < ports->count; port++)
		deliveries[port].to_owners = ports->items[port].rss == ABI_RSS_SET;
	tell_workers(deliveries, workers, ports->count);
}

/* By what all workers counted; each counter is read whole, not all at one moment. */
static void judge(struct delivery *delivery, const struct workers *workers, unsigned port)
{
	uint64_t received = 0, handed_over = 0;

	for (unsigned i = 0; i < workers->count; i++) {
		const struct abi_port_traffic *row =
			&workers->items[i].engine.counters->ports[port];

		received += __atomic_load_n(&row->received, __ATOMIC_RELAXED);
		handed_over += __atomic_load_n(&row->handed_over, __ATOMIC_RELAXED);
	}
	delivery_judge(delivery, received, handed_over);
}

void deliveries_refresh(struct delivery *deliveries, struct workers *workers,
			struct abi_status *status)
{
	if (workers->count == 1)
		return;
	for (unsigned port = 0; port < status->port_count; port++) {
		judge(&deliveries[port], workers, port);
		status->ports[port].delivery =
			deliveries[port].to_owners ? ABI_DELIVERY_TO_OWNERS : ABI_DELIVERY_TO_ANY;
	}
	tell_workers(deliveries, workers, status->port_count);
}
