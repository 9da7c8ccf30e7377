/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * Linux's interfaces, and where each lies for the dataplane: on a port, with the
 * VLAN tags of the interfaces between. Pure.
 *
 * A VLAN interface (802.1Q or 802.1ad) lies on another one, which is a port's or a
 * VLAN interface too. The dataplane puts on one tag of either kind, or an outer one of
 * either with one of 802.1Q inside; what is deeper, or other, has no place in it.
 */
#pragma once

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct nlmsghdr;

struct network_link {
	uint32_t index;
	char name[IFNAMSIZ];
	uint8_t mac[6];
	uint16_t mtu;
	bool up;
	/* Of a VLAN interface: the one it lies on; 0: it is none, or that is in another namespace.
	 */
	uint32_t lower;
	uint16_t vlan;      /* its number, */
	bool is_8021ad;     /* and kind */
	bool has_uppers;    /* VLAN interfaces lie on it */
	int port;           /* the port it lies on; negative: on none */
	uint16_t tag;       /* as in struct abi_next_hop: `vlan`, */
	uint16_t outer_tag; /* and `outer_vlan` */
};

/* Reads RTM_NEWLINK; false: it is another message, or has no name. */
bool link_read(const struct nlmsghdr *message, struct network_link *link);

/* Sorts them by index, for links_find(). */
void links_sort(struct network_link *links, size_t count);
/* NULL: none has it. */
const struct network_link *links_find(const struct network_link *links, size_t count,
				      uint32_t index);

/* Fills port and tags of every link, and has_uppers; `ports` are the indexes of ports'
 * interfaces, 0 of one that has none. */
void links_place(struct network_link *links, size_t count, const uint32_t *ports,
		 size_t port_count);
