/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* Where the fields of Ethernet, IP, TCP, UDP and ICMP lie, and how to get at them. */
#pragma once

#include <endian.h>
#include <stdint.h>
#include <string.h>

#define ETHERNET_SIZE        14
#define ETHERNET_DESTINATION 0
#define ETHERNET_SOURCE      6
#define ETHERNET_TYPE        12
#define ETHERNET_TYPE_IPV4   0x0800
#define ETHERNET_TYPE_IPV6   0x86dd

#define IPV4_SIZE           20 /* without options */
#define IPV4_TOTAL_LENGTH   2
#define IPV4_ID             4
#define IPV4_FRAGMENT       6
#define IPV4_TTL            8 /* with the protocol: one word of the checksum */
#define IPV4_PROTOCOL       9
#define IPV4_CHECKSUM       10
#define IPV4_SOURCE         12
#define IPV4_DESTINATION    16
#define IPV4_DONT_FRAGMENT  0x4000
#define IPV4_MORE_FRAGMENTS 0x2000
#define IPV4_OFFSET_MASK    0x1fff

#define IPV6_SIZE           40
#define IPV6_PAYLOAD_LENGTH 4
#define IPV6_NEXT_HEADER    6
#define IPV6_HOP_LIMIT      7
#define IPV6_SOURCE         8
#define IPV6_DESTINATION    24

/* Extension headers (RFC 8200): how far they are walked, and the fragment header. */
#define IPV6_EXTENSIONS_MAX  6
#define IPV6_EXTENSIONS_SIZE 256
#define IPV6_ROUTING_TYPE    2 /* of a routing header */
#define IPV6_SEGMENTS_LEFT   3 /* of a routing header */
#define IPV6_FRAGMENT_SIZE   8
#define IPV6_FRAGMENT_OFFSET 2
#define IPV6_FRAGMENT_ID     4
#define IPV6_MORE_FRAGMENTS  0x0001
#define IPV6_FRAGMENT_MASK   0xfff9 /* offset and more-fragments: 0 in an atomic one (RFC 6946) */

#define PROTOCOL_HOP_BY_HOP          0
#define PROTOCOL_ICMP                1
#define PROTOCOL_TCP                 6
#define PROTOCOL_UDP                 17
#define PROTOCOL_ROUTING             43
#define PROTOCOL_FRAGMENT            44
#define PROTOCOL_ICMPV6              58
#define PROTOCOL_DESTINATION_OPTIONS 60

/* The same place in TCP and UDP. */
#define TRANSPORT_SOURCE_PORT      0
#define TRANSPORT_DESTINATION_PORT 2
#define TRANSPORT_PORTS_SIZE       4

#define TCP_SIZE        20 /* without options */
#define TCP_SEQUENCE    4
#define TCP_ACKNOWLEDGE 8
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
#define ICMP_CHECKSUM                2
#define ICMP_QUOTED_WORDS            5 /* how much of a packet is quoted, in 4 bytes (RFC 4884) */
#define ICMP_DESTINATION_UNREACHABLE 3
#define ICMP_PORT_UNREACHABLE        3 /* codes of type 3 */
#define ICMP_FRAGMENTATION_NEEDED    4
#define ICMP_TIME_EXCEEDED           11
#define ICMP_PARAMETER_PROBLEM       12

/* ICMPv6: errors are types 1 to 4 (RFC 4443), with the packet they are about at the same place. */
#define ICMPV6_ERROR_FIRST             1
#define ICMPV6_ERROR_LAST              4
#define ICMPV6_QUOTED_WORDS            4 /* in 8 bytes, of the two that may have extensions */
#define ICMPV6_DESTINATION_UNREACHABLE 1
#define ICMPV6_PORT_UNREACHABLE        4 /* code of type 1 */
#define ICMPV6_PACKET_TOO_BIG          2
#define ICMPV6_TIME_EXCEEDED           3

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

static inline uint64_t wire_load64(const uint8_t *bytes)
{
	uint64_t value;
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

static inline void wire_store64(uint8_t *bytes, uint64_t value)
{
	memcpy(bytes, &value, sizeof(value));
}

/* As a number: host order. */
static inline uint16_t wire_read16(const uint8_t *bytes)
{
	return be16toh(wire_load16(bytes));
}
