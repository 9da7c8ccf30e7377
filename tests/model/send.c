/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "tests/model/send.h"

#include "tests/model/lookup.h"

#include <stdlib.h>
#include <string.h>

static bool by_next_hop(const struct model *model, uint32_t index, struct model_way *way)
{
	const struct abi_next_hop *hop =
		index < MODEL_OBJECTS ? model->tables->next_hops[index] : NULL;

	if (!hop || !hop->resolved || hop->port >= model->port_count)
		return false;
	way->port = hop->port;
	way->vlan = hop->vlan;
	way->outer_vlan = hop->outer_vlan;
	way->mtu = model->ports[hop->port].mtu;
	if (hop->mtu != 0 && hop->mtu < way->mtu)
		way->mtu = hop->mtu;
	memcpy(way->mac, hop->mac, 6);
	return true;
}

/* With the MAC the neighbour has now, if it is known whose it was. */
static bool by_learned_hop(const struct model *model, const struct model_flow *flow,
			   struct model_way *way)
{
	if (flow->hop < 0)
		return false;

	const struct model_hop *hop = &model->hops[flow->hop];
	const struct abi_next_hop *neighbour =
		hop->neighbour < MODEL_OBJECTS ? model->tables->next_hops[hop->neighbour] : NULL;
	if (neighbour && neighbour->epoch == hop->neighbour_epoch &&
	    by_next_hop(model, hop->neighbour, way))
		return true;
	way->port = hop->port;
	way->vlan = hop->vlan;
	way->outer_vlan = hop->outer_vlan;
	way->mtu = model->ports[hop->port].mtu;
	memcpy(way->mac, hop->mac, 6);
	return true;
}

static bool by_route(const struct model *model, const uint8_t address[16], struct model_way *way)
{
	const struct abi_route *route = model_find_route(model->tables, address);

	if (!route)
		return false;
	if (route->next_hop != ABI_NONE)
		return by_next_hop(model, route->next_hop, way);
	return by_next_hop(model, model_find_neighbour(model->tables, route->port, address), way);
}

static uint8_t judge(const struct model_headers *headers, const struct model_way *way)
{
	if (headers->hop_limit < 2)
		return ABI_VERDICT_TTL_EXPIRED;
	return headers->ip_length > way->mtu ? ABI_VERDICT_TOO_BIG : MODEL_NO_VERDICT;
}

uint8_t model_way_to_backend(const struct model *model, const struct abi_backend *backend,
			     const struct model_headers *headers, struct model_way *way)
{
	if (!by_next_hop(model, backend->next_hop, way))
		return ABI_VERDICT_NO_NEXT_HOP;
	return judge(headers, way);
}

uint8_t model_way_to_client(const struct model *model, const struct model_flow *flow,
			    const struct model_headers *headers, struct model_way *way)
{
	if (!by_learned_hop(model, flow, way) && !by_route(model, flow->client.source.address, way))
		return ABI_VERDICT_NO_NEXT_HOP;
	return judge(headers, way);
}

/* RFC 1624, equation 3, for one word: what was wrong by something stays wrong by as much. */
uint32_t model_change_sum(uint32_t sum, uint32_t old, uint32_t new)
{
	uint32_t value = (~sum & 0xffff) + (~old & 0xffff) + new;

	while (value > 0xffff)
		value = (value & 0xffff) + (value >> 16);
	return ~value & 0xffff;
}

static uint32_t change_address(uint32_t sum, const uint8_t old[16], const uint8_t new[16])
{
	for (unsigned i = 0; i < 16; i += 2)
		sum = model_change_sum(sum, model_get16(old + i), model_get16(new + i));
	return sum;
}

uint32_t model_change_addresses(uint32_t sum, const struct model_tuple *old,
				const struct model_tuple *new)
{
	sum = change_address(sum, old->source.address, new->source.address);
	return change_address(sum, old->destination.address, new->destination.address);
}

void model_change_transport(uint8_t *checksum, const struct model_tuple *old,
			    const struct model_tuple *new)
{
	bool is_udp = old->protocol == PROTO_UDP;
	uint32_t sum = model_get16(checksum);

	if (is_udp && sum == 0)
		return; /* the sender computed none */
	sum = model_change_addresses(sum, old, new);
	sum = model_change_sum(sum, old->source.port, new->source.port);
	sum = model_change_sum(sum, old->destination.port, new->destination.port);
	model_put16(checksum, is_udp && sum == 0 ? 0xffff : sum);
}

static void write_transport(uint8_t *bytes, const struct model_headers *headers,
			    const struct model_tuple *to)
{
	model_put16(bytes, to->source.port);
	model_put16(bytes + 2, to->destination.port);
	model_change_transport(bytes + (to->protocol == PROTO_UDP ? 6 : 16), &headers->tuple, to);
}

void model_write_ipv4(uint8_t *bytes, const struct model_tuple *old, const struct model_tuple *to)
{
	uint32_t word = model_get16(bytes + 8);
	uint32_t sum = model_change_addresses(model_get16(bytes + 10), old, to);

	bytes[8]--;
	model_put16(bytes + 10, model_change_sum(sum, word, model_get16(bytes + 8)));
	memcpy(bytes + 12, to->source.address + 12, 4);
	memcpy(bytes + 16, to->destination.address + 12, 4);
}

void model_write_ipv6(uint8_t *bytes, const struct model_tuple *to)
{
	bytes[7]--;
	memcpy(bytes + 8, to->source.address, 16);
	memcpy(bytes + 24, to->destination.address, 16);
}

void model_write_link(const struct model *model, struct model_packet *packet,
		      const struct model_headers *headers, const struct model_way *way)
{
	memcpy(packet->frame, way->mac, 6);
	memcpy(packet->frame + 6, model->ports[way->port].mac, 6);
	packet->length = ETHERNET + headers->ip_length;
	packet->out_port = way->port;
	packet->vlan = way->vlan;
	packet->outer_vlan = way->outer_vlan;
}

void model_send(const struct model *model, struct model_packet *packet,
		const struct model_headers *headers, const struct model_tuple *to,
		const struct model_way *way)
{
	if (headers->family == 4)
		model_write_ipv4(packet->frame + ETHERNET, &headers->tuple, to);
	else
		model_write_ipv6(packet->frame + ETHERNET, to);
	write_transport(packet->frame + headers->transport, headers, to);
	model_write_link(model, packet, headers, way);
}

static int find_hop(const struct model *model, bool is_ipv4, const struct model_packet *packet)
{
	for (int i = 0; i < model->hop_count; i++) {
		const struct model_hop *hop = &model->hops[i];

		if (hop->is_ipv4 == is_ipv4 && hop->port == packet->in_port &&
		    hop->vlan == packet->vlan && hop->outer_vlan == packet->outer_vlan &&
		    memcmp(hop->mac, packet->frame + 6, 6) == 0)
			return i;
	}
	return -1;
}

/* A place for another hop: there are more of them than flows name at a time. */
static int new_hop(struct model *model)
{
	if (model->hop_count < ABI_FLOW_HOPS)
		return model->hop_count++;
	for (int i = 0; i < ABI_FLOW_HOPS; i++) {
		bool is_used = false;

		for (uint32_t flow = 0; flow < model->flow_count; flow++)
			is_used = is_used || model->flows[flow].hop == i;
		if (!is_used)
			return i;
	}
	abort();
}

/* Neighbours are learned from, and clients on the link the packet came in by. */
static bool may_learn(const struct model *model, const struct model_flow *flow, uint16_t in_port,
		      uint32_t neighbour)
{
	const struct abi_route *route;

	if (model->ports[in_port].learn_from_anyone || neighbour != ABI_NONE)
		return true;
	route = model_find_route(model->tables, flow->client.source.address);
	return route && route->next_hop == ABI_NONE && route->port == in_port;
}

void model_learn_hop(struct model *model, struct model_flow *flow,
		     const struct model_packet *packet, uint32_t now)
{
	bool is_ipv4 = model_is_ipv4(flow->client.source.address);
	int at = find_hop(model, is_ipv4, packet);

	if (flow->hop >= 0 && flow->hop == at)
		return;
	/* Of a sender that one may not learn from it is asked once a tick. */
	if (flow->hop < 0 && flow->from_client > 0 && flow->last_seen == now)
		return;
	if (model->ports[packet->in_port].reply_by_route)
		return;

	uint32_t neighbour = model_find_mac(model->tables, packet->in_port, packet->vlan,
					    packet->outer_vlan, packet->frame + 6, is_ipv4);
	if (!may_learn(model, flow, packet->in_port, neighbour))
		return;
	if (at < 0)
		at = new_hop(model);
	struct model_hop *hop = &model->hops[at];
	hop->is_ipv4 = is_ipv4;
	memcpy(hop->mac, packet->frame + 6, 6);
	hop->vlan = packet->vlan;
	hop->outer_vlan = packet->outer_vlan;
	hop->port = packet->in_port;
	hop->neighbour = neighbour;
	hop->neighbour_epoch =
		neighbour == ABI_NONE ? 0 : model->tables->next_hops[neighbour]->epoch;
	flow->hop = at;
}
