/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "tests/model/tell.h"

#include "tests/model/flows.h"
#include "tests/model/lookup.h"

#include <string.h>

/* What a worker may send at once, and more of it with each tick. */
#define MOST      256
#define EACH_TICK 64

static bool may_send(struct model_allowance *allowance, uint32_t now)
{
	int64_t ticks = allowance->was_used ? model_ticks(allowance->since, now) : MOST;
	int64_t left = allowance->left + ticks * EACH_TICK;

	allowance->was_used = true;
	allowance->since = now;
	allowance->left = left > MOST ? MOST : left;
	if (allowance->left == 0)
		return false;
	allowance->left--;
	return true;
}

/* One host can have this address. */
static bool is_single_host(const uint8_t address[16])
{
	static const uint8_t nothing[8] = {0};

	if (model_is_ipv4(address))
		return address[12] != 0 && address[12] != 127 && address[12] < 224;
	return address[0] != 0xff && memcmp(address, nothing, 8) != 0;
}

static bool may_answer(const struct model_packet *packet, const struct model_headers *headers)
{
	return ((packet->frame[0] | packet->frame[6]) & 1) == 0 &&
	       is_single_host(headers->tuple.source.address);
}

/* To whom the frame came from. */
static void send_back(struct model *model, struct model_packet *packet, uint32_t ip_length)
{
	memcpy(packet->frame, packet->frame + 6, 6);
	memcpy(packet->frame + 6, model->ports[packet->in_port].mac, 6);
	packet->length = ETHERNET + ip_length;
	packet->out_port = packet->in_port;
	model->generated++;
}

static uint32_t sum_words(const uint8_t *bytes, uint32_t length)
{
	uint32_t sum = 0;

	for (uint32_t i = 0; i < length; i++)
		sum += i % 2 == 0 ? (uint32_t)bytes[i] << 8 : bytes[i];
	return sum;
}

static uint32_t fold(uint32_t sum)
{
	while (sum > 0xffff)
		sum = (sum & 0xffff) + (sum >> 16);
	return ~sum & 0xffff;
}

/* Type, code and MTU of ICMP. */
struct message {
	uint8_t type, code;
	uint32_t mtu;
};

static void put_ip(uint8_t *ip, bool is_ipv4, uint8_t protocol, uint32_t length,
		   const uint8_t from[16], const uint8_t to[16])
{
	memset(ip, 0, is_ipv4 ? 20 : 40);
	if (is_ipv4) {
		ip[0] = 0x45;
		ip[1] = protocol == PROTO_ICMP ? 0xc0 : 0;
		model_put16(ip + 2, 20 + length);
		ip[6] = 0x40;
		ip[8] = 64;
		ip[9] = protocol;
		memcpy(ip + 12, from + 12, 4);
		memcpy(ip + 16, to + 12, 4);
		model_put16(ip + 10, fold(sum_words(ip, 20)));
		return;
	}
	ip[0] = 0x60;
	model_put16(ip + 4, length);
	ip[6] = protocol;
	ip[7] = 64;
	memcpy(ip + 8, from, 16);
	memcpy(ip + 24, to, 16);
}

/* The packet becomes the message, which quotes it. */
static void become(struct model *model, struct model_packet *packet,
		   const struct model_headers *headers, const struct message *message,
		   const uint8_t source[16])
{
	bool is_ipv4 = headers->family == 4;
	uint32_t size = is_ipv4 ? 20 : 40, most = is_ipv4 ? 576 : 1280;
	uint8_t about[MODEL_FRAME], *ip = packet->frame + ETHERNET, *out = ip + size;

	memcpy(about, ip, headers->ip_length);
	uint32_t length = 8 + headers->ip_length;
	if (size + length > most)
		length = most - size;
	put_ip(ip, is_ipv4, is_ipv4 ? PROTO_ICMP : PROTO_ICMP6, length, source,
	       headers->tuple.source.address);
	memset(out, 0, 8);
	out[0] = message->type;
	out[1] = message->code;
	model_put16(out + 6, message->mtu);
	memcpy(out + 8, about, length - 8);
	uint32_t pseudo = is_ipv4 ? 0 : sum_words(ip + 8, 32) + 58 + length;
	model_put16(out + 2, fold(pseudo + sum_words(out, length)));
	send_back(model, packet, size + length);
}

uint8_t model_tell(struct model *model, struct model_packet *packet,
		   const struct model_headers *headers, uint8_t verdict, const uint8_t source[16],
		   uint32_t mtu, uint32_t now)
{
	bool is_too_big = verdict == ABI_VERDICT_TOO_BIG, is_ipv4 = headers->family == 4;
	struct message too_big = {is_ipv4 ? 3 : 2, is_ipv4 ? 4 : 0, mtu};
	struct message expired = {is_ipv4 ? 11 : 3, 0, 0};

	if ((!is_too_big && verdict != ABI_VERDICT_TTL_EXPIRED) || !may_answer(packet, headers) ||
	    !may_send(is_too_big ? &model->too_big : &model->expired, now))
		return verdict;
	become(model, packet, headers, is_too_big ? &too_big : &expired, source);
	return is_too_big ? ABI_VERDICT_TOO_BIG_TOLD : ABI_VERDICT_TTL_EXPIRED_TOLD;
}

static uint32_t get32(const uint8_t *bytes)
{
	return model_get16(bytes) << 16 | model_get16(bytes + 2);
}

static void put32(uint8_t *bytes, uint32_t value)
{
	model_put16(bytes, value >> 16);
	model_put16(bytes + 2, value & 0xffff);
}

/* From the tuple's source; how long the IP packet is. */
static uint32_t put_reset(uint8_t *ip, const struct model_tuple *tuple, uint8_t flags,
			  uint32_t sequence, uint32_t acknowledge)
{
	bool is_ipv4 = model_is_ipv4(tuple->source.address);
	uint32_t size = is_ipv4 ? 20 : 40;
	uint8_t *segment = ip + size;

	put_ip(ip, is_ipv4, PROTO_TCP, 20, tuple->source.address, tuple->destination.address);
	memset(segment, 0, 20);
	model_put16(segment, tuple->source.port);
	model_put16(segment + 2, tuple->destination.port);
	put32(segment + 4, sequence);
	put32(segment + 8, acknowledge);
	segment[12] = 5 << 4;
	segment[13] = flags;
	uint32_t pseudo = sum_words(is_ipv4 ? ip + 12 : ip + 8, is_ipv4 ? 8 : 32) + PROTO_TCP + 20;
	model_put16(segment + 16, fold(pseudo + sum_words(segment, 20)));
	return size + 20;
}

static void make_other(struct model *model, const struct model_packet *packet,
		       const struct model_headers *headers, const struct model_tuple *other,
		       const struct model_way *way)
{
	struct model_packet *made = &model->made[model->made_count++];

	model_put16(made->frame + 12, headers->family == 4 ? TYPE_IPV4 : TYPE_IPV6);
	memcpy(made->frame, way->mac, 6);
	memcpy(made->frame + 6, model->ports[way->port].mac, 6);
	made->length = ETHERNET + put_reset(made->frame + ETHERNET, other, FLAG_RST,
					    get32(packet->frame + headers->transport + 4), 0);
	made->out_port = way->port;
	made->vlan = way->vlan;
	model->generated++;
}

/* What the segment takes of the sequence. */
static uint32_t length_of(const struct model_packet *packet, const struct model_headers *headers)
{
	uint32_t header = (packet->frame[headers->transport + 12] >> 4) * 4u;
	uint32_t data = ETHERNET + headers->ip_length - headers->transport - header;

	return data + !!(headers->tcp_flags & FLAG_SYN) + !!(headers->tcp_flags & FLAG_FIN);
}

/* RFC 9293, 3.10.7.1: what a host says of a segment of no connection. */
static void answer(struct model *model, struct model_packet *packet,
		   const struct model_headers *headers)
{
	const uint8_t *segment = packet->frame + headers->transport;
	uint8_t *ip = packet->frame + ETHERNET;
	struct model_tuple back = model_turn(&headers->tuple);
	uint32_t next = get32(segment + 4) + length_of(packet, headers);

	if (headers->tcp_flags & FLAG_ACK)
		send_back(model, packet, put_reset(ip, &back, FLAG_RST, get32(segment + 8), 0));
	else
		send_back(model, packet, put_reset(ip, &back, FLAG_RST | FLAG_ACK, 0, next));
}

uint8_t model_reset(struct model *model, struct model_packet *packet,
		    const struct model_headers *headers, const struct model_tuple *other,
		    const struct model_way *way, uint32_t now)
{
	if (!may_answer(packet, headers) || !may_send(&model->reset, now))
		return ABI_VERDICT_BACKEND_GONE;
	if (way)
		make_other(model, packet, headers, other, way);
	answer(model, packet, headers);
	return ABI_VERDICT_BACKEND_GONE_TOLD;
}

uint8_t model_refuse(struct model *model, struct model_packet *packet,
		     const struct model_headers *headers, uint32_t now)
{
	bool is_ipv4 = headers->family == 4;
	struct message unreachable = {is_ipv4 ? 3 : 1, is_ipv4 ? 3 : 4, 0};

	if ((headers->tcp_flags & FLAG_RST) || !may_answer(packet, headers) ||
	    !may_send(&model->refused, now))
		return ABI_VERDICT_NO_BACKEND;
	if (headers->tuple.protocol == PROTO_TCP)
		answer(model, packet, headers);
	else
		become(model, packet, headers, &unreachable, headers->tuple.destination.address);
	return ABI_VERDICT_NO_BACKEND_TOLD;
}
