/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * Linux's view of the network, as far as it concerns us: links, the host's
 * addresses, routes of the main table through our ports and VLAN interfaces on
 * them, neighbours there, and how each backend is reached. Read whole at start, followed by a
 * monitor socket; links, addresses and routes are read anew when one of them changed, neighbours
 * are followed one by one.
 *
 * Owned by the control plane's one thread;
 * others read the fields and change nothing.
 */
#pragma once

#include "config/model.h"
#include "controlplane/addresses/owned.h"
#include "controlplane/neighbours/links.h"
#include "controlplane/neighbours/neighbour_table.h"
#include "controlplane/netlink/monitor.h"
#include "dataplane/abi/tables.h"

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct network_address {
	uint32_t interface;
	struct address address;
	uint8_t length;   /* of its prefix */
	uint8_t protocol; /* IFA_PROTO: who put it there; 0: not told */
};

struct network_route {
	struct address prefix;
	uint8_t length; /* of the prefix's own family */
	uint32_t interface;
	struct address gateway; /* missing: on link. IPv6's are link-local ones for the most part */
	uint32_t metric;
};

/* A port of the dataplane and its place in Linux. */
struct network_port {
	char interface[IFNAMSIZ]; /* empty: none (memif, ring, pcap, null) */
	uint32_t index;           /* 0: not there now */
	uint8_t mac[6];
	uint16_t mtu;
};

/* Where packets for a link leave: a port, with VLAN tags as in struct abi_next_hop. */
struct network_place {
	uint16_t port; /* position in config->dataplane.ports */
	uint16_t vlan, outer_vlan;
	uint16_t mtu; /* of the link */
};

/* How a backend is reached. */
struct network_path {
	bool known;
	struct network_place place;
	struct address next_hop; /* the gateway's address or its own */
	bool is_configured;      /* the configuration says where that is, and Linux need not know */
	struct address source;   /* of this host, to speak to it from; missing: none found */
	uint32_t interface;      /* where Linux's route leads, ours or not; 0: no route */
};

struct resolver;

struct network {
	struct ev_loop *loop;
	struct netlink *netlink;
	struct netlink_monitor *monitor;
	struct resolver *resolver;
	const struct config *config;
	struct owned_addresses owned; /* by that configuration */
	struct owned_addresses held;  /* of these, those that are always held */
	ev_timer read_again;
	bool links_changed; /* since they were read: neighbours may be on links that were none of
			       ours */

	struct network_link *links;
	size_t link_count, link_room;
	struct network_address *addresses;
	size_t address_count, address_room;
	struct network_route *routes;
	size_t route_count, route_room;
	bool has_more_routes; /* than we take */
	struct neighbour_table neighbours;
	struct network_port ports[ABI_MAX_PORTS];
	size_t port_count;
	struct network_path *paths; /* of each backend, pool after pool */
	size_t path_count;
	uint64_t past_us; /* which services were warned of: past_us.h */

	void (*on_change)(void *context);
	void *context;
};

/*
 * Opens the sockets and reads everything. `on_change` is called afterwards from
 * the loop whenever something changed, once for a burst.
 */
int network_open(struct ev_loop *loop, const struct config *config,
		 void (*on_change)(void *context), void *context, struct network **out);
void network_close(struct network *network);

/* Another configuration: other backends to reach. Ports stay as they were at start. 0 or -ENOMEM.
 */
int network_set_config(struct network *network, const struct config *config);

/* Reads links, addresses and routes anew and finds the paths again. */
int network_read(struct network *network);

const struct network_link *network_find_link(const struct network *network, uint32_t index);
const struct network_link *network_find_link_by_name(const struct network *network,
						     const char *name);
/* True when the interface is a port's, or a VLAN interface on one. */
bool network_find_place(const struct network *network, uint32_t interface,
			struct network_place *place);
bool network_is_ours(const struct network *network, uint32_t interface);
