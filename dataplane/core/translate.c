/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "dataplane/core/translate.h"

#include "dataplane/core/checksum.h"
#include "dataplane/core/wire.h"

static void adjust_transport(uint8_t *transport, uint32_t protocol, uint32_t difference)
{
	if (protocol == PROTOCOL_TCP) {
		uint8_t *checksum = transport + TCP_CHECKSUM;
		wire_store16(checksum, checksum_adjust(wire_load16(checksum), difference));
	} else {
		uint8_t *checksum = transport + UDP_CHECKSUM;
		wire_store16(checksum, checksum_adjust_udp(wire_load16(checksum), difference));
	}
}

void translate_packet(const struct engine *engine, struct packet *packet,
		      const struct headers *headers, const struct flow_tuple *to,
		      const struct egress *egress)
{
	const struct flow_tuple *from = &headers->tuple;
	uint8_t *ip = packet->data + ETHERNET_SIZE;
	uint8_t *transport = packet->data + headers->transport;

	memcpy(packet->data + ETHERNET_DESTINATION, egress->mac, sizeof(egress->mac));
	memcpy(packet->data + ETHERNET_SOURCE, engine->ports[egress->port].mac, 6);

	/* The addresses are part of both sums: of the IP header's, and of the pseudo header's. */
	uint32_t difference = checksum_replace32(0, from->be_source, to->be_source);
	difference = checksum_replace32(difference, from->be_destination, to->be_destination);

	uint16_t ttl_and_protocol = wire_load16(ip + IPV4_TTL);
	ip[IPV4_TTL]--;
	uint32_t ip_difference =
		checksum_replace16(difference, ttl_and_protocol, wire_load16(ip + IPV4_TTL));
	uint16_t ip_checksum = wire_load16(ip + IPV4_CHECKSUM);
	wire_store16(ip + IPV4_CHECKSUM, checksum_adjust(ip_checksum, ip_difference));
	wire_store32(ip + IPV4_SOURCE, to->be_source);
	wire_store32(ip + IPV4_DESTINATION, to->be_destination);

	difference = checksum_replace16(difference, from->be_source_port, to->be_source_port);
	difference =
		checksum_replace16(difference, from->be_destination_port, to->be_destination_port);
	adjust_transport(transport, from->protocol, difference);
	wire_store16(transport + TRANSPORT_SOURCE_PORT, to->be_source_port);
	wire_store16(transport + TRANSPORT_DESTINATION_PORT, to->be_destination_port);

	packet->length = ETHERNET_SIZE + headers->ip_length;
	packet->out_port = egress->port;
	packet->vlan = egress->vlan;
}
