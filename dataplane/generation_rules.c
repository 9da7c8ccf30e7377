/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "dataplane/generation_rules.h"

static const uint8_t *bytes_of(const struct ip_address *address)
{
	return (const uint8_t *)address;
}

static void add_ranges(const struct snapshot *snapshot, const struct range_slot *slot,
		       struct steering_rules *out)
{
	for (uint32_t i = slot->first; i < slot->first + slot->count; i++)
		steering_rules_add_service(out, bytes_of(&slot->address),
					   snapshot->ranges[i].port_first,
					   snapshot->ranges[i].port_last, slot->protocol);
}

static void add_services(const struct snapshot *snapshot, struct steering_rules *out)
{
	for (uint32_t i = 0; snapshot->listeners != NULL && i <= snapshot->listener_mask; i++) {
		const struct listener_slot *slot = &snapshot->listeners[i];

		if (slot->protocol != 0)
			steering_rules_add_service(out, bytes_of(&slot->address), slot->port,
						   slot->port, slot->protocol);
	}
	for (uint32_t i = 0; snapshot->range_slots != NULL && i <= snapshot->range_mask; i++)
		if (snapshot->range_slots[i].protocol != 0)
			add_ranges(snapshot, &snapshot->range_slots[i], out);
}

/* The snapshot's look-up tables hold just what steering matches; empty rows are zero. */
int generation_rules(const struct snapshot *snapshot, struct steering_rules *out)
{
	*out = (struct steering_rules){0};
	add_services(snapshot, out);
	for (uint32_t i = 0; snapshot->dnat_endpoints != NULL && i <= snapshot->dnat_endpoint_mask;
	     i++) {
		const struct endpoint_slot *slot = &snapshot->dnat_endpoints[i];

		if (slot->protocol != 0)
			steering_rules_add_endpoint(out, bytes_of(&slot->address), slot->port,
						    slot->protocol);
	}
	for (uint32_t i = 0; snapshot->locals != NULL && i <= snapshot->local_mask; i++) {
		const struct local_slot *slot = &snapshot->locals[i];

		if (!ip_address_is_zero(&slot->address))
			steering_rules_add_local(out, bytes_of(&slot->address), slot->port_first,
						 slot->port_last);
	}
	for (uint32_t i = 0; snapshot->host_set != NULL && i <= snapshot->host_mask; i++)
		if (!ip_address_is_zero(&snapshot->host_set[i]))
			steering_rules_add_host(out, bytes_of(&snapshot->host_set[i]));
	for (uint32_t i = 0; snapshot->grouped != NULL && i <= snapshot->grouped_mask; i++)
		if (snapshot->grouped[i].group != 0)
			steering_rules_add_group(out, bytes_of(&snapshot->grouped[i].address),
						 snapshot->grouped[i].group);
	return steering_rules_finish(out);
}
