/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "controlplane/vrrp/announcement.h"

#include <string.h>

#define ARP_SIZE 42
#define NA_SIZE  86 /* Ethernet, IPv6, the message, and an option with the MAC address */

/* RFC 4861, 4.4 */
#define NA_TYPE     136
#define NA_ROUTER   0x80
#define NA_OVERRIDE 0x20

static bool is_ipv4(const uint8_t address[16])
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

	return memcmp(address, mapped, sizeof(mapped)) == 0;
}

static size_t make_arp(const uint8_t address[16], const uint8_t mac[6], uint8_t *frame)
{
	/* Ethernet type; then hardware, protocol, their address lengths, and "request" */
	static const uint8_t head[] = {0x08, 0x06, 0, 1, 0x08, 0, 6, 4, 0, 1};

	memset(frame, 0xff, 6);
	memcpy(frame + 6, mac, 6);
	memcpy(frame + 12, head, sizeof(head));
	memcpy(frame + 22, mac, 6);
	memcpy(frame + 28, address + 12, 4);
	memset(frame + 32, 0, 6);
	memcpy(frame + 38, address + 12, 4);
	return ARP_SIZE;
}

static void put_checksum(uint8_t *ipv6, size_t length)
{
	uint32_t sum = 58 + (uint32_t)length;

	for (size_t i = 8; i < 40 + length; i += 2)
		sum += (uint32_t)ipv6[i] << 8 | ipv6[i + 1];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	ipv6[42] = (uint8_t)(~sum >> 8);
	ipv6[43] = (uint8_t)~sum;
}

static size_t make_na(const uint8_t address[16], const uint8_t mac[6], bool is_router,
		      uint8_t *frame)
{
	static const uint8_t all_nodes_mac[] = {0x33, 0x33, 0, 0, 0, 1};
	static const uint8_t all_nodes[16] = {0xff, 0x02, [15] = 1};
	uint8_t *ipv6 = frame + 14;

	memset(frame, 0, NA_SIZE);
	memcpy(frame, all_nodes_mac, 6);
	memcpy(frame + 6, mac, 6);
	frame[12] = 0x86;
	frame[13] = 0xdd;
	ipv6[0] = 0x60;
	ipv6[5] = 32; /* payload */
	ipv6[6] = 58;
	ipv6[7] = 255;
	memcpy(ipv6 + 8, address, 16);
	memcpy(ipv6 + 24, all_nodes, 16);
	ipv6[40] = NA_TYPE;
	ipv6[44] = NA_OVERRIDE | (is_router ? NA_ROUTER : 0);
	memcpy(ipv6 + 48, address, 16);
	ipv6[64] = 2; /* target link-layer address, one unit of 8 bytes */
	ipv6[65] = 1;
	memcpy(ipv6 + 66, mac, 6);
	put_checksum(ipv6, 32);
	return NA_SIZE;
}

size_t announcement_make(const uint8_t address[16], const uint8_t mac[6], bool is_router,
			 uint8_t frame[ANNOUNCEMENT_MAX_SIZE])
{
	return is_ipv4(address) ? make_arp(address, mac, frame)
				: make_na(address, mac, is_router, frame);
}

void announce_pace_start(struct announce_pace *pace, uint64_t now)
{
	*pace = (struct announce_pace){.due = now, .began = now};
}

void announce_pace_stop(struct announce_pace *pace)
{
	*pace = (struct announce_pace){.due = UINT64_MAX};
}

void announce_pace_again(struct announce_pace *pace, uint64_t now)
{
	uint64_t due = pace->began + ANNOUNCE_AGAIN;

	if (pace->due == UINT64_MAX || pace->next != 0)
		return; /* one is under way */
	if (due < now)
		due = now;
	if (due < pace->due)
		pace->due = due;
}

static void end_round(struct announce_pace *pace)
{
	pace->next = 0;
	pace->round++;
	pace->due = pace->began +
		    (pace->round < ANNOUNCE_EARLY_ROUNDS ? ANNOUNCE_AGAIN : ANNOUNCE_REFRESH);
}

uint32_t announce_pace_take(struct announce_pace *pace, uint64_t now, uint32_t count,
			    uint32_t ready, uint32_t *first)
{
	uint32_t burst;

	if (now < pace->due)
		return 0;
	if (pace->next == 0)
		pace->began = now;
	burst = ready > pace->next ? ready - pace->next : 0;
	if (burst > ANNOUNCE_BURST)
		burst = ANNOUNCE_BURST;
	*first = pace->next;
	pace->next += burst;
	pace->due = now + ANNOUNCE_BURST_EVERY;
	if (pace->next >= count)
		end_round(pace);
	return burst;
}
