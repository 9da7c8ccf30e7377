/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* Telling a sender why its packet goes no further: by ICMP, or by a TCP reset. */
#include "dataplane/core/engine_internal.h"
#include "dataplane/core/icmp_make.h"
#include "dataplane/core/tcp_reset.h"

#include "dataplane/abi/verdicts.h"

/* 1000 messages a second, and 256 at once (RFC 1812, 4.3.2.8; RFC 4443, 2.4 (f)). */
#define TELL_EACH_TICK 64
#define TELL_AT_ONCE   256

_Static_assert(TELL_EACH_TICK * 1000 / ABI_FLOW_TICK_MS == 1000, "of each kind");
_Static_assert(ENGINE_MADE_SIZE == TCP_RESET_SIZE, "resets are all that is made");

/* A token bucket, filled by the ticks that went by. */
static bool take_token(struct engine_budget *budget, uint32_t now)
{
	uint32_t ticks = now - budget->tick, back = TELL_AT_ONCE;

	if (ticks < TELL_AT_ONCE / TELL_EACH_TICK)
		back = ticks * TELL_EACH_TICK;
	budget->tick = now;
	budget->spent = budget->spent > back ? budget->spent - back : 0;
	if (budget->spent == TELL_AT_ONCE)
		return false;
	budget->spent++;
	return true;
}

/* Whether one may answer a packet at all (RFC 1812, 4.3.2.7; RFC 4443, 2.4 (e)): not what was sent
 * to a group, nor what comes from no single host. It is TCP or UDP, and no later
 * fragment. */
static bool may_answer(const struct packet *packet, const struct headers *headers)
{
	struct ip_address sender = flow_tuple_source(&headers->tuple);
	uint8_t groups = packet->data[ETHERNET_DESTINATION] | packet->data[ETHERNET_SOURCE];

	return (groups & 1) == 0 && ip_address_is_answerable(&sender);
}

/* Back to whom the packet came from, whatever the way to its sender is. */
static void send_back(const struct engine *engine, struct packet *packet, const uint8_t mac[6])
{
	memcpy(packet->data + ETHERNET_DESTINATION, mac, 6);
	memcpy(packet->data + ETHERNET_SOURCE, engine->ports[packet->in_port].mac, 6);
	packet->out_port = packet->in_port; /* the VLAN is the one it came by */
}

uint8_t engine_tell(struct engine *engine, struct packet *packet, const struct headers *headers,
		    uint8_t verdict, const struct ip_address *source, uint16_t mtu, uint32_t now)
{
	uint8_t family = headers->tuple.family, mac[6];
	bool is_too_big = verdict == ABI_VERDICT_TOO_BIG;

	if ((!is_too_big && verdict != ABI_VERDICT_TTL_EXPIRED) || !may_answer(packet, headers) ||
	    !take_token(&engine->budgets[is_too_big ? ENGINE_TELL_TOO_BIG : ENGINE_TELL_EXPIRED],
			now))
		return verdict;
	struct icmp_message message =
		is_too_big ? icmp_too_big(family, mtu) : icmp_time_exceeded(family);
	memcpy(mac, packet->data + ETHERNET_SOURCE, sizeof(mac));
	icmp_make(packet, headers, &message, source);
	send_back(engine, packet, mac);
	counter_add(&engine->counters->generated, 1);
	return is_too_big ? ABI_VERDICT_TOO_BIG_TOLD : ABI_VERDICT_TTL_EXPIRED_TOLD;
}

uint8_t engine_refuse(struct engine *engine, struct packet *packet, const struct headers *headers,
		      uint32_t now)
{
	uint8_t mac[6];

	if ((headers->tcp_flags & TCP_FLAG_RST) != 0 || !may_answer(packet, headers) ||
	    !take_token(&engine->budgets[ENGINE_TELL_REFUSED], now))
		return ABI_VERDICT_NO_BACKEND;
	memcpy(mac, packet->data + ETHERNET_SOURCE, sizeof(mac));
	if (headers->tuple.protocol == PROTOCOL_TCP) {
		tcp_reset_make(packet, headers);
	} else {
		const struct ip_address source = flow_tuple_destination(&headers->tuple);
		const struct icmp_message message = icmp_port_unreachable(headers->tuple.family);

		icmp_make(packet, headers, &message, &source);
	}
	send_back(engine, packet, mac);
	counter_add(&engine->counters->generated, 1);
	return ABI_VERDICT_NO_BACKEND_TOLD;
}

static void make_other(struct engine *engine, const struct packet *packet,
		       const struct headers *headers, const struct flow_tuple *other,
		       const struct way *way)
{
	if (engine->made_count == PACKET_BURST)
		return;
	struct engine_made *made = &engine->made[engine->made_count++];
	made->way = *way;
	made->length = tcp_reset_instead(packet, headers, other, made->frame);
}

uint8_t engine_reset(struct engine *engine, struct packet *packet, const struct headers *headers,
		     const struct flow_tuple *other, const struct way *way, uint32_t now)
{
	uint8_t mac[6];

	if (!may_answer(packet, headers) || !take_token(&engine->budgets[ENGINE_TELL_RESET], now))
		return ABI_VERDICT_BACKEND_GONE;
	if (way != NULL && way->known)
		make_other(engine, packet, headers, other, way);
	memcpy(mac, packet->data + ETHERNET_SOURCE, sizeof(mac));
	tcp_reset_make(packet, headers);
	send_back(engine, packet, mac);
	counter_add(&engine->counters->generated, 1);
	return ABI_VERDICT_BACKEND_GONE_TOLD;
}

bool engine_take_made(struct engine *engine, struct packet *packet)
{
	if (engine->made_count == 0)
		return false;
	const struct engine_made *made = &engine->made[--engine->made_count];
	memcpy(packet->data, made->frame, made->length);
	memcpy(packet->data, made->way.ethernet, sizeof(made->way.ethernet));
	packet->length = made->length;
	packet->out_port = made->way.port;
	packet->vlan = made->way.vlan;
	packet->outer_vlan = made->way.outer_vlan;
	counter_add(&engine->counters->generated, 1);
	return true;
}
