/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* The frames that steering is asked about: each described once, built of either family. */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#define FRAME_SIZE 512

enum family { IPV4, IPV6, FAMILY_COUNT };

/* Who is who; each has an address of both families. */
enum place {
	CLIENT,
	ROUTER,
	HOST,         /* the balancer's own */
	SERVICE,      /* 80/tcp full-nat, 53/udp dnat */
	RANGES,       /* services: 443, 8000-8099, 9000-9001, 9002-9010/tcp; every port/udp */
	MANY_RANGES,  /* services: more ranges than steering holds, of tcp */
	LOCAL,        /* 2000-3000 */
	DNAT_ONE,     /* 8080/tcp, 8080/udp */
	DNAT_ANY,     /* tcp, every port */
	FULL_NAT,     /* never steered by its address */
	ELSEWHERE,    /* nobody configured */
	LINK_LOCAL,   /* IPv6 only */
	AS_IPV4,      /* the client's IPv4 address in IPv6 form, where none should be */
	SERVICE_IPV4, /* the service's so */
	PLACE_COUNT
};

const char *place_text(enum place place, enum family family);
/* In 16 bytes, IPv4 as ::ffff:a.b.c.d. */
void place_address(enum place place, enum family family, uint8_t out[16]);

struct frame {
	uint8_t bytes[FRAME_SIZE];
	uint32_t length;
	uint32_t transport; /* where the ports of the packet asked about are */
};

enum families { BOTH, ONLY_IPV4, ONLY_IPV6 };

/*
 * A frame; what is 0 is the usual: of both families, TCP, whole, to the port's MAC.
 *
 * Extension headers are letters, in order: h hop-by-hop, r routing, R routing with a hop left, z
 * the same of type 0, d destination options, D such of 128 bytes, f an atomic fragment, g such with
 * reserved bits, F a fragment as `offset` and `more` say, a authentication, e encryption, n no next
 * header, u an unknown one.
 */
struct packet_case {
	const char *name;
	int expected; /* enum classification */
	enum place source;
	uint16_t source_port;
	enum place destination;
	uint16_t destination_port;
	enum families families;
	uint8_t protocol;
	uint16_t offset;        /* of a fragment, in 8 bytes */
	uint8_t more;           /* fragments follow */
	uint8_t dont_fragment;  /* IPv4 */
	uint8_t option_words;   /* of the IPv4 header */
	const char *extensions; /* of IPv6; NULL: "F" where a fragment is asked for */
	uint8_t icmp[2]; /* types by family: the packet above is inside it, sent to its source */
	const char *outer_extensions; /* of that message */
	uint8_t wrong_icmp;           /* it is of the other family's protocol */
	uint8_t wrong_mac;
	uint16_t ethernet_type;
	const char *tags; /* VLAN tags, outer one first: q 802.1Q, a 802.1ad */
	uint8_t version;  /* of the outer IP header */
	uint8_t inner_version;
	uint8_t is_cut;
	int16_t cut; /* where the frame ends, from the ports on */
};

extern const struct packet_case steering_cases[];
extern const unsigned steering_case_count;

extern const uint8_t steering_mac[6];

bool is_case_of(const struct packet_case *from, enum family family);
void build_frame(const struct packet_case *from, enum family family, struct frame *frame);
