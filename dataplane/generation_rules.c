/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "dataplane/generation_rules.h"

/* Steering of IPv6 and of ranges is the next step's. */
static bool is_ipv4(const struct ip_address *address, uint32_t *be_ipv4)
{
	memcpy(be_ipv4, (const uint8_t *)address + 12, sizeof(*be_ipv4));
	return ip_address_is_ipv4(address);
}

/* The snapshot's look-up tables hold just what steering matches; empty rows are zero. */
int generation_rules(const struct snapshot *snapshot, struct steering_rules *out)
{
	uint32_t be_address;

	*out = (struct steering_rules){0};
	for (uint32_t i = 0; snapshot->listeners != NULL && i <= snapshot->listener_mask; i++) {
		const struct listener_slot *slot = &snapshot->listeners[i];

		if (slot->protocol != 0 && is_ipv4(&slot->address, &be_address))
			steering_rules_add_service(out, be_address, slot->port, slot->protocol);
	}
	for (uint32_t i = 0; snapshot->dnat_endpoints != NULL && i <= snapshot->dnat_endpoint_mask;
	     i++) {
		const struct endpoint_slot *slot = &snapshot->dnat_endpoints[i];

		if (slot->protocol != 0 && is_ipv4(&slot->address, &be_address))
			steering_rules_add_endpoint(out, be_address, slot->port, slot->protocol);
	}
	for (uint32_t i = 0; snapshot->locals != NULL && i <= snapshot->local_mask; i++) {
		const struct local_slot *slot = &snapshot->locals[i];

		if (is_ipv4(&slot->address, &be_address))
			steering_rules_add_local(out, be_address, slot->port_first,
						 slot->port_last);
	}
	for (uint32_t i = 0; snapshot->host_set != NULL && i <= snapshot->host_mask; i++)
		if (is_ipv4(&snapshot->host_set[i], &be_address))
			steering_rules_add_host(out, be_address);
	return steering_rules_finish(out);
}
