/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "dataplane/core/classify.h"

#include "dataplane/core/parse.h"
#include "dataplane/core/wire.h"

bool classify_endpoints(const struct snapshot *snapshot, const struct flow_tuple *tuple)
{
	uint8_t protocol = (uint8_t)tuple->protocol;
	uint16_t source_port = be16toh(tuple->be_source_port);
	uint16_t port = be16toh(tuple->be_destination_port);
	uint32_t service;

	if (snapshot_find_service(snapshot, tuple->be_destination, port, protocol, &service) !=
	    NULL)
		return true;
	if (snapshot_is_local(snapshot, tuple->be_destination, port))
		return true;
	if (snapshot_is_dnat_endpoint(snapshot, tuple->be_destination, port, protocol))
		return true;
	return snapshot_is_dnat_endpoint(snapshot, tuple->be_source, source_port, protocol) &&
	       !snapshot_is_host_address(snapshot, tuple->be_destination);
}

bool classify_addresses(const struct snapshot *snapshot, uint32_t be_source,
			uint32_t be_destination)
{
	if (snapshot_is_service_address(snapshot, be_destination) ||
	    snapshot_is_local_address(snapshot, be_destination) ||
	    snapshot_is_dnat_address(snapshot, be_destination))
		return true;
	return snapshot_is_dnat_address(snapshot, be_source) &&
	       !snapshot_is_host_address(snapshot, be_destination);
}

/* `transport` is what follows the IP header, `length` what the frame has of it. */
static bool classify_whole(const struct snapshot *snapshot, const uint8_t *ip,
			   const uint8_t *transport, uint32_t length)
{
	struct flow_tuple tuple = {
		.be_source = wire_load32(ip + IPV4_SOURCE),
		.be_destination = wire_load32(ip + IPV4_DESTINATION),
		.protocol = ip[IPV4_PROTOCOL],
	};
	bool has_ports = true;

	if (tuple.protocol == PROTOCOL_ICMP) {
		if (!parse_icmp_error(transport, length, &tuple, &has_ports))
			return false;
	} else if (parse_is_translated(ip[IPV4_PROTOCOL])) {
		if (length < TRANSPORT_PORTS_SIZE)
			return false;
		tuple.be_source_port = wire_load16(transport + TRANSPORT_SOURCE_PORT);
		tuple.be_destination_port = wire_load16(transport + TRANSPORT_DESTINATION_PORT);
	} else {
		return false;
	}
	return has_ports ? classify_endpoints(snapshot, &tuple)
			 : classify_addresses(snapshot, tuple.be_source, tuple.be_destination);
}

enum classification classify_frame(const struct snapshot *snapshot, const struct engine_port *port,
				   const uint8_t *frame, uint32_t length)
{
	if (snapshot == NULL || length < ETHERNET_SIZE + IPV4_SIZE)
		return CLASSIFY_PASS;
	if (!port->any_mac && memcmp(frame + ETHERNET_DESTINATION, port->mac, sizeof(port->mac)))
		return CLASSIFY_PASS;
	if (wire_read16(frame + ETHERNET_TYPE) != ETHERNET_TYPE_IPV4)
		return CLASSIFY_PASS;

	const uint8_t *ip = frame + ETHERNET_SIZE;
	uint32_t header_size = (ip[0] & 0x0fu) * 4;
	if (ip[0] >> 4 != 4 || header_size < IPV4_SIZE || header_size > length - ETHERNET_SIZE)
		return CLASSIFY_PASS;

	bool ours;
	if (parse_is_fragment(ip))
		ours = parse_is_translated(ip[IPV4_PROTOCOL]) &&
		       classify_addresses(snapshot, wire_load32(ip + IPV4_SOURCE),
					  wire_load32(ip + IPV4_DESTINATION));
	else
		ours = classify_whole(snapshot, ip, ip + header_size,
				      length - ETHERNET_SIZE - header_size);
	return ours ? CLASSIFY_STEER : CLASSIFY_PASS;
}
