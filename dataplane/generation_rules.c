/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "dataplane/generation_rules.h"

#include <string.h>

struct address {
	uint8_t bytes[16];
};

/* As steering has IPv4: ::ffff:a.b.c.d. */
static struct address mapped(uint32_t be_address)
{
	struct address address = {.bytes = {[10] = 0xff, [11] = 0xff}};

	memcpy(address.bytes + 12, &be_address, sizeof(be_address));
	return address;
}

/* The snapshot's look-up tables hold just what steering matches; empty rows are zero. */
int generation_rules(const struct snapshot *snapshot, struct steering_rules *out)
{
	*out = (struct steering_rules){0};
	for (uint32_t i = 0; snapshot->listeners != NULL && i <= snapshot->listener_mask; i++) {
		const struct listener_slot *slot = &snapshot->listeners[i];

		if (slot->protocol != 0)
			steering_rules_add_service(out, mapped(slot->be_address).bytes, slot->port,
						   slot->port, slot->protocol);
	}
	for (uint32_t i = 0; snapshot->dnat_endpoints != NULL && i <= snapshot->dnat_endpoint_mask;
	     i++) {
		const struct endpoint_slot *slot = &snapshot->dnat_endpoints[i];

		if (slot->protocol != 0)
			steering_rules_add_endpoint(out, mapped(slot->be_address).bytes, slot->port,
						    slot->protocol);
	}
	for (uint32_t i = 0; snapshot->locals != NULL && i <= snapshot->local_mask; i++) {
		const struct local_slot *slot = &snapshot->locals[i];

		if (slot->be_address != 0)
			steering_rules_add_local(out, mapped(slot->be_address).bytes,
						 slot->port_first, slot->port_last);
	}
	for (uint32_t i = 0; snapshot->host_set != NULL && i <= snapshot->host_mask; i++)
		if (snapshot->host_set[i] != 0)
			steering_rules_add_host(out, mapped(snapshot->host_set[i]).bytes);
	return steering_rules_finish(out);
}
