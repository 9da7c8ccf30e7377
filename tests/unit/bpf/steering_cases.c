/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* Frames whose answer is known. */
#include "dataplane/core/classify.h"
#include "tests/unit/bpf/steering_frames.h"

#define STEER CLASSIFY_STEER
#define PASS  CLASSIFY_PASS
#define UDP   IPPROTO_UDP
#define ICMP  IPPROTO_ICMP /* that of the family */

/* Types of ICMP and ICMPv6. */
#define UNREACHABLE  \
	{            \
		3, 1 \
	}
#define TIME_OVER     \
	{             \
		11, 3 \
	}
#define BAD_FIELD     \
	{             \
		12, 4 \
	}
#define REDIRECT       \
	{              \
		5, 137 \
	}

#define ROW(says, verdict, from, from_port, to, to_port, ...)                                \
	{                                                                                    \
		.name = says, .expected = verdict, .source = from, .source_port = from_port, \
		.destination = to, .destination_port = to_port, ##__VA_ARGS__                \
	}
#define ROW4(...) ROW(__VA_ARGS__, .families = ONLY_IPV4)
#define ROW6(...) ROW(__VA_ARGS__, .families = ONLY_IPV6)

/* A TCP packet of a client to the service, and whether extension headers take it elsewhere. */
#define CHAIN(says, verdict, letters, ...) \
	ROW6(says, verdict, CLIENT, 40000, SERVICE, 80, .extensions = letters, ##__VA_ARGS__)
/* A packet to a service of ranges. */
#define RANGE(says, verdict, ...) ROW(says, verdict, CLIENT, 40000, __VA_ARGS__)
/* A message of that type with a reply of the service's inside. */
#define MESSAGE(says, verdict, type, ...) \
	ROW6(says, verdict, SERVICE, 80, CLIENT, 40000, .icmp = {0, type}, ##__VA_ARGS__)

const struct packet_case steering_cases[] = {
	ROW("client to a TCP service", STEER, CLIENT, 40000, SERVICE, 80),
	ROW("client to a UDP service", STEER, CLIENT, 40000, SERVICE, 53, .protocol = UDP),
	ROW("service's port of the other protocol", PASS, CLIENT, 40000, SERVICE, 80,
	    .protocol = UDP),
	ROW("another port of the service's address", PASS, CLIENT, 40000, SERVICE, 81),
	ROW("port 0 of the service's address", PASS, CLIENT, 40000, SERVICE, 0),
	ROW("service's port of another address", PASS, CLIENT, 40000, HOST, 80),
	ROW("service, from a dnat backend", STEER, DNAT_ONE, 8080, SERVICE, 80),
	ROW4("service with IP options", STEER, CLIENT, 40000, SERVICE, 80, .option_words = 10),
	ROW4("other port with IP options", PASS, CLIENT, 40000, SERVICE, 81, .option_words = 1),

	RANGE("below a range", PASS, RANGES, 7999),
	RANGE("first port of a range", STEER, RANGES, 8000),
	RANGE("last port of a range", STEER, RANGES, 8099),
	RANGE("above a range", PASS, RANGES, 8100),
	RANGE("single port beside ranges", STEER, RANGES, 443),
	RANGE("second range", STEER, RANGES, 9001),
	RANGE("range that begins where another ends", STEER, RANGES, 9002),
	RANGE("its end", STEER, RANGES, 9010),
	RANGE("above all ranges", PASS, RANGES, 9011),
	RANGE("every port: the first", STEER, RANGES, 1, .protocol = UDP),
	RANGE("every port: the last", STEER, RANGES, 65535, .protocol = UDP),
	RANGE("every port: not 0, which is none", PASS, RANGES, 0, .protocol = UDP),
	RANGE("fragment to ranges", STEER, RANGES, 1, .offset = 185),

	ROW("local address, first port", STEER, FULL_NAT, 8080, LOCAL, 2000),
	ROW("local address, last port", STEER, FULL_NAT, 8080, LOCAL, 3000),
	ROW("local address, below the range", PASS, FULL_NAT, 8080, LOCAL, 1999),
	ROW("local address, above the range", PASS, FULL_NAT, 8080, LOCAL, 3001),
	ROW("local address by UDP", STEER, FULL_NAT, 53, LOCAL, 2500, .protocol = UDP),

	ROW("to a dnat backend's port", STEER, CLIENT, 40000, DNAT_ONE, 8080),
	ROW("to another port of it", PASS, CLIENT, 40000, DNAT_ONE, 22),
	ROW("to a dnat backend without a port", STEER, CLIENT, 40000, DNAT_ANY, 22),
	ROW("to it by a protocol it does not serve", PASS, CLIENT, 40000, DNAT_ANY, 22,
	    .protocol = UDP),
	ROW("from a dnat backend's port", STEER, DNAT_ONE, 8080, CLIENT, 40000),
	ROW("from another port of it", PASS, DNAT_ONE, 22, CLIENT, 40000),
	ROW("from a dnat backend without a port", STEER, DNAT_ANY, 22, CLIENT, 40000),
	ROW("from a dnat backend to this host", PASS, DNAT_ONE, 8080, HOST, 40000),
	ROW("from a dnat backend to the local address, out of range", PASS, DNAT_ONE, 8080, LOCAL,
	    1000),
	ROW("from a full-nat backend to anyone", PASS, FULL_NAT, 8080, CLIENT, 40000),
	ROW("to a full-nat backend", PASS, CLIENT, 40000, FULL_NAT, 8080),
	ROW("between strangers", PASS, CLIENT, 40000, ELSEWHERE, 80),

	ROW("first fragment to a service", STEER, CLIENT, 40000, SERVICE, 81, .protocol = UDP,
	    .more = 1),
	ROW("later fragment to a service", STEER, CLIENT, 1, SERVICE, 1, .offset = 185),
	ROW("fragment to the local address", STEER, FULL_NAT, 1, LOCAL, 1, .offset = 185),
	ROW("fragment from a dnat backend", STEER, DNAT_ONE, 1, CLIENT, 1, .offset = 185),
	ROW("fragment from a dnat backend to this host", PASS, DNAT_ONE, 1, HOST, 1, .more = 1),
	ROW("fragment between strangers", PASS, CLIENT, 1, ELSEWHERE, 1, .offset = 185),
	ROW("fragment of something else to a service", PASS, CLIENT, 1, SERVICE, 1,
	    .protocol = ICMP, .offset = 185),
	ROW4("don't fragment is no fragment", PASS, CLIENT, 40000, SERVICE, 81, .dont_fragment = 1),

	ROW("error about a reply of a service", STEER, SERVICE, 80, CLIENT, 40000,
	    .icmp = UNREACHABLE),
	ROW("error about a packet to a full-nat backend", STEER, LOCAL, 2500, FULL_NAT, 8080,
	    .icmp = TIME_OVER),
	ROW("error about a packet to a dnat backend", STEER, CLIENT, 40000, DNAT_ONE, 8080,
	    .icmp = BAD_FIELD),
	ROW("error about a health check", PASS, HOST, 40000, DNAT_ONE, 8080, .icmp = UNREACHABLE),
	ROW("error about another port", PASS, SERVICE, 81, CLIENT, 40000, .icmp = UNREACHABLE),
	ROW("error about a fragment of a service's", STEER, SERVICE, 1, CLIENT, 1,
	    .icmp = UNREACHABLE, .more = 1),
	ROW4("error about a UDP reply, options inside", STEER, SERVICE, 53, CLIENT, 40000,
	     .protocol = UDP, .icmp = UNREACHABLE, .option_words = 3),
	ROW("error about ICMP", PASS, SERVICE, 80, CLIENT, 40000, .protocol = ICMP,
	    .icmp = UNREACHABLE),
	ROW("redirect about a service's reply", PASS, SERVICE, 80, CLIENT, 40000, .icmp = REDIRECT),
	ROW("error by the other family's protocol", PASS, SERVICE, 80, CLIENT, 40000,
	    .icmp = UNREACHABLE, .wrong_icmp = 1),
	ROW4("echo request to a service's address", PASS, CLIENT, 8 << 8, SERVICE, 0,
	     .protocol = ICMP),

	ROW("service, another MAC", PASS, CLIENT, 40000, SERVICE, 80, .wrong_mac = 1),
	ROW("ARP", PASS, CLIENT, 40000, SERVICE, 80, .ethernet_type = 0x0806),
	ROW("VLAN tag without what follows", PASS, CLIENT, 40000, SERVICE, 80,
	    .ethernet_type = 0x8100),
	ROW("VLAN tag", STEER, CLIENT, 40000, SERVICE, 80, .tags = "q"),
	ROW("VLAN tag, nobody's", PASS, CLIENT, 40000, ELSEWHERE, 80, .tags = "q"),
	ROW("VLAN tag of 802.1ad", STEER, CLIENT, 40000, SERVICE, 80, .tags = "a"),
	ROW("two VLAN tags", STEER, CLIENT, 40000, SERVICE, 80, .tags = "aq"),
	ROW("two VLAN tags of 802.1Q", STEER, CLIENT, 40000, SERVICE, 80, .tags = "qq"),
	ROW("802.1ad inside 802.1Q", PASS, CLIENT, 40000, SERVICE, 80, .tags = "qa"),
	ROW("802.1ad twice", PASS, CLIENT, 40000, SERVICE, 80, .tags = "aa"),
	ROW("three VLAN tags", PASS, CLIENT, 40000, SERVICE, 80, .tags = "aqq"),
	ROW("two VLAN tags, another MAC", PASS, CLIENT, 40000, SERVICE, 80, .tags = "aq",
	    .wrong_mac = 1),
	ROW("error behind two VLAN tags", STEER, SERVICE, 80, CLIENT, 40000, .icmp = UNREACHABLE,
	    .tags = "aq"),
	ROW4("IPv6 in a frame of IPv4", PASS, CLIENT, 40000, SERVICE, 80, .version = 6),
	ROW6("IPv4 in a frame of IPv6", PASS, CLIENT, 40000, SERVICE, 80, .version = 4),
	ROW4("cut behind the Ethernet header", PASS, CLIENT, 40000, SERVICE, 80, .is_cut = 1,
	     .cut = -20),
	ROW6("cut behind the Ethernet header", PASS, CLIENT, 40000, SERVICE, 80, .is_cut = 1,
	     .cut = -40),
	ROW("cut within the IP header", PASS, CLIENT, 40000, SERVICE, 80, .is_cut = 1, .cut = -1),
	ROW("cut within the ports", PASS, CLIENT, 40000, SERVICE, 80, .is_cut = 1, .cut = 3),
	ROW("cut behind the ports", STEER, CLIENT, 40000, SERVICE, 80, .is_cut = 1, .cut = 4),
	ROW4("cut within the options", PASS, CLIENT, 40000, SERVICE, 80, .option_words = 10,
	     .is_cut = 1, .cut = -24),
	ROW("error cut within the inner IP header", PASS, SERVICE, 80, CLIENT, 40000,
	    .icmp = UNREACHABLE, .is_cut = 1, .cut = -1),
	ROW("error cut within the inner ports", PASS, SERVICE, 80, CLIENT, 40000,
	    .icmp = UNREACHABLE, .is_cut = 1, .cut = 3),
	ROW("error cut behind the inner ports", STEER, SERVICE, 80, CLIENT, 40000,
	    .icmp = UNREACHABLE, .is_cut = 1, .cut = 4),

	CHAIN("hop-by-hop options", STEER, "h"),
	CHAIN("hop-by-hop options that are not first", PASS, "dh"),
	CHAIN("hop-by-hop options twice", PASS, "hh"),
	CHAIN("routing header that is done", STEER, "r"),
	CHAIN("routing header with a hop left", PASS, "R"),
	CHAIN("routing header of type 0 with a hop left", STEER, "z"),
	CHAIN("destination options", STEER, "d"),
	CHAIN("six extension headers", STEER, "hdrfdd"),
	CHAIN("seven extension headers", PASS, "hdrfddd"),
	CHAIN("256 bytes of extension headers", STEER, "DD"),
	CHAIN("264 bytes of extension headers", PASS, "DDd"),
	CHAIN("authentication header", PASS, "a"),
	CHAIN("encryption header", PASS, "he"),
	CHAIN("no next header", PASS, "dn"),
	CHAIN("unknown header", PASS, "u"),
	CHAIN("extension header, cut", PASS, "d", .is_cut = 1, .cut = -1),
	CHAIN("long extension header, cut", PASS, "hD", .is_cut = 1, .cut = -1),
	CHAIN("ports behind extension headers, cut", PASS, "hd", .is_cut = 1, .cut = 3),
	CHAIN("ports behind extension headers, just there", STEER, "hd", .is_cut = 1, .cut = 4),
	CHAIN("atomic fragment", STEER, "f"),
	CHAIN("atomic fragment with reserved bits", STEER, "hg"),
	CHAIN("fragment header, cut", PASS, "f", .is_cut = 1, .cut = -1),
	CHAIN("fragment without a byte", STEER, "F", .offset = 1, .is_cut = 1, .cut = 0),
	CHAIN("fragment behind other extension headers", STEER, "hdF", .more = 1),
	CHAIN("fragment that begins with destination options", PASS, "Fd", .more = 1),
	ROW6("other port behind extension headers", PASS, CLIENT, 40000, SERVICE, 81,
	     .extensions = "hd"),
	ROW6("atomic fragment to another port", PASS, CLIENT, 40000, SERVICE, 81,
	     .extensions = "f"),
	ROW6("atomic fragment with reserved bits to another port", PASS, CLIENT, 40000, SERVICE, 81,
	     .extensions = "hg"),
	ROW6("atomic fragment from a dnat backend", STEER, DNAT_ONE, 8080, CLIENT, 40000,
	     .extensions = "f"),

	MESSAGE("ICMPv6 type 255", PASS, 255),
	MESSAGE("packet too big", STEER, 2),
	MESSAGE("ICMPv6 type 5", PASS, 5),
	MESSAGE("ICMPv6 type 127", PASS, 127),
	MESSAGE("echo request", PASS, 128),
	MESSAGE("multicast listener report", PASS, 143),
	MESSAGE("neighbour solicitation", PASS, 135),
	MESSAGE("error behind extension headers", STEER, 1, .outer_extensions = "hd"),
	MESSAGE("error in an atomic fragment", STEER, 1, .outer_extensions = "f"),
	MESSAGE("error behind too many", PASS, 1, .outer_extensions = "hdrfddd"),
	MESSAGE("error with a hop left", PASS, 1, .outer_extensions = "R"),
	MESSAGE("extension headers inside an error", STEER, 1, .extensions = "hdr"),
	MESSAGE("six and six of them", STEER, 1, .outer_extensions = "hdrfdd",
		.extensions = "hdrfdd"),
	MESSAGE("seven inside", PASS, 1, .extensions = "hdrfddd"),
	MESSAGE("fragment inside, too big", STEER, 2, .extensions = "hF", .offset = 7),
	MESSAGE("encryption inside", PASS, 1, .extensions = "e"),
	MESSAGE("IPv4 inside", PASS, 1, .inner_version = 4),
	MESSAGE("extension header inside, cut", PASS, 1, .extensions = "d", .is_cut = 1, .cut = -1),

	ROW6("link-local client to a service", PASS, LINK_LOCAL, 40000, SERVICE, 80),
	ROW6("from a dnat backend to a link-local address", PASS, DNAT_ONE, 8080, LINK_LOCAL,
	     40000),
	ROW6("fragment to a link-local address", PASS, DNAT_ONE, 1, LINK_LOCAL, 1, .more = 1),
	ROW6("error about a packet to a link-local address", PASS, SERVICE, 80, LINK_LOCAL, 40000,
	     .icmp = UNREACHABLE),
	ROW6("IPv4-mapped addresses", PASS, AS_IPV4, 40000, SERVICE_IPV4, 80),
	ROW6("IPv4-mapped service", PASS, CLIENT, 40000, SERVICE_IPV4, 80),
	ROW6("IPv4-mapped client", PASS, AS_IPV4, 40000, SERVICE, 80),
	ROW6("error about IPv4-mapped addresses", PASS, SERVICE_IPV4, 80, CLIENT, 40000,
	     .icmp = UNREACHABLE),
};

const unsigned steering_case_count = sizeof(steering_cases) / sizeof(steering_cases[0]);
