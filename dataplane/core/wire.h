/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* Where the fields of Ethernet, IPv4, TCP, UDP and ICMP lie, and how to get at them. */
#pragma once

#include <endian.h>
#include <stdint.h>
#include <string.h>

#define ETHERNET_SIZE        14
#define ETHERNET_DESTINATION 0
#define ETHERNET_SOURCE      6
#define ETHERNET_TYPE        12
#define ETHERNET_TYPE_IPV4   0x0800

#define IPV4_SIZE           20 /* without options */
#define IPV4_TOTAL_LENGTH   2
#define IPV4_FRAGMENT       6
#define IPV4_TTL            8 /* with the protocol: one word of the checksum */
#define IPV4_PROTOCOL       9
#define IPV4_CHECKSUM       10
#define IPV4_SOURCE         12
#define IPV4_DESTINATION    16
#define IPV4_MORE_FRAGMENTS 0x2000
#define IPV4_OFFSET_MASK    0x1fff

#define PROTOCOL_ICMP 1
#define PROTOCOL_TCP  6
#define PROTOCOL_UDP  17

/* The same place in TCP and UDP. */
#define TRANSPORT_SOURCE_PORT      0
#define TRANSPORT_DESTINATION_PORT 2
#define TRANSPORT_PORTS_SIZE       4

#define TCP_SIZE        20 /* without options */
#define TCP_DATA_OFFSET 12
#define TCP_FLAGS       13
#define TCP_CHECKSUM    16
#define TCP_FLAG_FIN    0x01
#define TCP_FLAG_SYN    0x02
#define TCP_FLAG_RST    0x04
#define TCP_FLAG_ACK    0x10

#define UDP_SIZE     8
#define UDP_LENGTH   4
#define UDP_CHECKSUM 6

#define ICMP_SIZE                    8
#define ICMP_DESTINATION_UNREACHABLE 3
#define ICMP_TIME_EXCEEDED           11
#define ICMP_PARAMETER_PROBLEM       12

/* As it lies in the packet: network order. */
static inline uint16_t wire_load16(const uint8_t *bytes)
{
	uint16_t value;
	memcpy(&value, bytes, sizeof(value));
	return value;
}

static inline uint32_t wire_load32(const uint8_t *bytes)
{
	uint32_t value;
	memcpy(&value, bytes, sizeof(value));
	return value;
}

static inline void wire_store16(uint8_t *bytes, uint16_t value)
{
	memcpy(bytes, &value, sizeof(value));
}

static inline void wire_store32(uint8_t *bytes, uint32_t value)
{
	memcpy(bytes, &value, sizeof(value));
}

/* As a number: host order. */
static inline uint16_t wire_read16(const uint8_t *bytes)
{
	return be16toh(wire_load16(bytes));
}
