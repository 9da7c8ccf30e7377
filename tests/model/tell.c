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

static void put_message(uint8_t *ip, uint32_t size, uint32_t length, bool is_ipv4, bool is_too_big,
			uint32_t mtu)
{
	uint8_t *message = ip + size;
	uint32_t pseudo = is_ipv4 ? 0 : sum_words(ip + 8, 32) + 58 + length;

	memset(message, 0, 8);
	if (is_too_big) {
		message[0] = is_ipv4 ? 3 : 2;
		message[1] = is_ipv4 ? 4 : 0;
		model_put16(message + 6, mtu);
	} else {
		message[0] = is_ipv4 ? 11 : 3;
	}
	model_put16(message + 2, fold(pseudo + sum_words(message, length)));
}

static void put_ip(uint8_t *ip, bool is_ipv4, uint32_t length, const uint8_t from[16],
		   const uint8_t to[16])
{
	memset(ip, 0, is_ipv4 ? 20 : 40);
	if (is_ipv4) {
		ip[0] = 0x45;
		ip[1] = 0xc0;
		model_put16(ip + 2, 20 + length);
		ip[6] = 0x40;
		ip[8] = 64;
		ip[9] = PROTO_ICMP;
		memcpy(ip + 12, from + 12, 4);
		memcpy(ip + 16, to + 12, 4);
		model_put16(ip + 10, fold(sum_words(ip, 20)));
		return;
	}
	ip[0] = 0x60;
	model_put16(ip + 4, length);
	ip[6] = PROTO_ICMP6;
	ip[7] = 64;
	memcpy(ip + 8, from, 16);
	memcpy(ip + 24, to, 16);
}

uint8_t model_tell(struct model *model, struct model_packet *packet,
		   const struct model_headers *headers, uint8_t verdict, const uint8_t source[16],
		   uint32_t mtu, uint32_t now)
{
	bool is_too_big = verdict == ABI_VERDICT_TOO_BIG, is_ipv4 = headers->family == 4;
	uint32_t size = is_ipv4 ? 20 : 40, most = is_ipv4 ? 576 : 1280;
	uint8_t about[MODEL_FRAME], *ip = packet->frame + ETHERNET;

	if ((!is_too_big && verdict != ABI_VERDICT_TTL_EXPIRED) ||
	    ((packet->frame[0] | packet->frame[6]) & 1) ||
	    !is_single_host(headers->tuple.source.address) ||
	    !may_send(is_too_big ? &model->too_big : &model->expired, now))
		return verdict;
	memcpy(about, ip, headers->ip_length);
	uint32_t length = 8 + headers->ip_length;
	if (size + length > most)
		length = most - size;
	put_ip(ip, is_ipv4, length, source, headers->tuple.source.address);
	memcpy(ip + size + 8, about, length - 8);
	put_message(ip, size, length, is_ipv4, is_too_big, mtu);
	memcpy(packet->frame, packet->frame + 6, 6);
	memcpy(packet->frame + 6, model->ports[packet->in_port].mac, 6);
	packet->length = ETHERNET + size + length;
	packet->out_port = packet->in_port;
	model->generated++;
	return is_too_big ? ABI_VERDICT_TOO_BIG_TOLD : ABI_VERDICT_TTL_EXPIRED_TOLD;
}
