/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "dataplane/core/classify.h"

#include "dataplane/core/tags.h"

static bool classify_endpoints(const struct snapshot *snapshot, const struct flow_tuple *tuple)
{
	struct ip_address source = flow_tuple_source(tuple);
	struct ip_address destination = flow_tuple_destination(tuple);
	uint16_t source_port = be16toh(tuple->ports.be_source);
	uint16_t port = be16toh(tuple->ports.be_destination);
	uint32_t service;

	if (snapshot_find_service(snapshot, &destination, port, tuple->protocol, &service) != NULL)
		return true;
	if (snapshot_is_local(snapshot, &destination, port))
		return true;
	if (snapshot_is_dnat_endpoint(snapshot, &destination, port, tuple->protocol))
		return true;
	return snapshot_is_dnat_endpoint(snapshot, &source, source_port, tuple->protocol) &&
	       !snapshot_is_host_address(snapshot, &destination);
}

static bool classify_addresses(const struct snapshot *snapshot, const struct flow_tuple *tuple)
{
	struct ip_address source = flow_tuple_source(tuple);
	struct ip_address destination = flow_tuple_destination(tuple);

	if (snapshot_is_service_address(snapshot, &destination) ||
	    snapshot_is_local_address(snapshot, &destination) ||
	    snapshot_is_dnat_address(snapshot, &destination))
		return true;
	return snapshot_is_dnat_address(snapshot, &source) &&
	       !snapshot_is_host_address(snapshot, &destination);
}

bool classify_ends(const struct snapshot *snapshot, const struct headers *headers)
{
	if (!parse_is_routable(&headers->tuple))
		return false;
	return headers->has_ports ? classify_endpoints(snapshot, &headers->tuple)
				  : classify_addresses(snapshot, &headers->tuple);
}

enum classification classify_frame(const struct snapshot *snapshot, const struct engine_port *port,
				   const uint8_t *frame, uint32_t length)
{
	struct headers headers;

	if (snapshot == NULL || length < ETHERNET_SIZE || !classify_is_for_port(port, frame))
		return CLASSIFY_PASS;
	/* What is read begins at the type. */
	uint32_t tags = tags_length(frame, length);
	if (!parse_ends(frame + tags, length - tags, &headers))
		return CLASSIFY_PASS;
	return classify_ends(snapshot, &headers) ? CLASSIFY_STEER : CLASSIFY_PASS;
}
