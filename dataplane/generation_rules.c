/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "dataplane/generation_rules.h"

/* The snapshot's look-up tables hold just what steering matches; empty rows are zero. */
int generation_rules(const struct snapshot *snapshot, struct steering_rules *out)
{
	*out = (struct steering_rules){0};
	for (uint32_t i = 0; snapshot->listeners != NULL && i <= snapshot->listener_mask; i++) {
		const struct listener_slot *slot = &snapshot->listeners[i];

		if (slot->protocol != 0)
			steering_rules_add_service(out, slot->be_address, slot->port,
						   slot->protocol);
	}
	for (uint32_t i = 0; snapshot->dnat_endpoints != NULL && i <= snapshot->dnat_endpoint_mask;
	     i++) {
		const struct endpoint_slot *slot = &snapshot->dnat_endpoints[i];

		if (slot->protocol != 0)
			steering_rules_add_endpoint(out, slot->be_address, slot->port,
						    slot->protocol);
	}
	for (uint32_t i = 0; snapshot->locals != NULL && i <= snapshot->local_mask; i++) {
		const struct local_slot *slot = &snapshot->locals[i];

		if (slot->be_address != 0)
			steering_rules_add_local(out, slot->be_address, slot->port_first,
						 slot->port_last);
	}
	for (uint32_t i = 0; snapshot->host_set != NULL && i <= snapshot->host_mask; i++)
		if (snapshot->host_set[i] != 0)
			steering_rules_add_host(out, snapshot->host_set[i]);
	return steering_rules_finish(out);
}
