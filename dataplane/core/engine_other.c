/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* Fragments and ICMP errors: not translated, but never let past either. */
#include "dataplane/core/engine_internal.h"

#include "dataplane/core/classify.h"

/*
 * What is addressed to a dnat backend itself, or is about a packet that came
 * from its own address, is of a direct connection: what we translate has other
 * addresses by the time it gets here.
 */
static bool is_direct(const struct engine *engine, const struct headers *headers)
{
	const struct snapshot *snapshot = engine->snapshot;
	const struct flow_table *flows = engine->flows;
	const struct flow_tuple *tuple = &headers->tuple;

	if (!headers->has_ports)
		return snapshot_is_dnat_address(snapshot, tuple->be_destination) &&
		       !snapshot_is_service_address(snapshot, tuple->be_destination) &&
		       !snapshot_is_local_address(snapshot, tuple->be_destination);

	if (snapshot_is_dnat_endpoint(snapshot, tuple->be_destination,
				      be16toh(tuple->be_destination_port),
				      (uint8_t)tuple->protocol))
		return true;
	uint32_t ref = flow_table_find(flows, tuple, flow_hash(flows->secret, tuple));
	return ref != FLOW_NONE && flows->records[flow_ref_record(ref)].state == ABI_FLOW_DIRECT;
}

static bool is_ours(const struct snapshot *snapshot, const struct headers *headers)
{
	const struct flow_tuple *tuple = &headers->tuple;

	return headers->has_ports
		       ? classify_endpoints(snapshot, tuple)
		       : classify_addresses(snapshot, tuple->be_source, tuple->be_destination);
}

uint8_t engine_run_other(struct engine *engine, const struct headers *headers)
{
	if (!is_ours(engine->snapshot, headers) || is_direct(engine, headers))
		return ABI_VERDICT_TO_LINUX;
	return headers->kind == HEADERS_FRAGMENT ? ABI_VERDICT_FRAGMENT : ABI_VERDICT_ICMP_ERROR;
}
