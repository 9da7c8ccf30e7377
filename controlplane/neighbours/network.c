/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "controlplane/neighbours/network.h"

#include "controlplane/log.h"
#include "controlplane/neighbours/past_us.h"
#include "controlplane/neighbours/paths.h"
#include "controlplane/neighbours/read.h"
#include "controlplane/neighbours/resolver.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Changes come in bursts (an interface going down takes its routes along): read once, a little
 * later. */
#define SETTLE_SECONDS 0.005

const struct network_link *network_find_link(const struct network *network, uint32_t index)
{
	return links_find(network->links, network->link_count, index);
}

const struct network_link *network_find_link_by_name(const struct network *network,
						     const char *name)
{
	for (size_t i = 0; i < network->link_count; i++) {
		if (strcmp(network->links[i].name, name) == 0)
			return &network->links[i];
	}
	return NULL;
}

bool network_find_place(const struct network *network, uint32_t interface,
			struct network_place *place)
{
	const struct network_link *link = network_find_link(network, interface);
	const struct network_port *port;

	if (link == NULL || link->port < 0)
		return false;
	port = &network->ports[link->port];
	*place = (struct network_place){.port = (uint16_t)link->port,
					.vlan = link->tag,
					.outer_vlan = link->outer_tag,
					.mtu = link->mtu < port->mtu ? link->mtu : port->mtu};
	return true;
}

bool network_is_ours(const struct network *network, uint32_t interface)
{
	struct network_place place;

	return network_find_place(network, interface, &place);
}

/* A PCI device is gone from Linux while DPDK drives it: the kernel path's tap stands for it. */
static void name_interface(const struct config_port *port, struct network_port *out)
{
	if (port->kind == CONFIG_DEVICE_AF_XDP)
		snprintf(out->interface, sizeof(out->interface), "%.*s", IFNAMSIZ - 1,
			 port->device_argument);
	else if (port->kind == CONFIG_DEVICE_PCI)
		snprintf(out->interface, sizeof(out->interface), "hr-%.*s", IFNAMSIZ - 4,
			 port->name);
}

static void name_ports(struct network *network)
{
	const struct config_dataplane *dataplane = &network->config->dataplane;

	network->port_count = dataplane->port_count;
	for (size_t i = 0; i < network->port_count; i++)
		name_interface(&dataplane->ports[i], &network->ports[i]);
}

static void find_ports(struct network *network)
{
	for (size_t i = 0; i < network->port_count; i++) {
		struct network_port *port = &network->ports[i];
		const struct network_link *link =
			network_find_link_by_name(network, port->interface);
		uint32_t before = port->index;

		if (port->interface[0] == '\0')
			continue;
		if (link == NULL && (before != 0 || port->mtu == 0))
			log_warning("port %s: there is no interface %s; waiting for it",
				    network->config->dataplane.ports[i].name, port->interface);
		port->index = link == NULL ? 0 : link->index;
		port->mtu = link == NULL ? 1500 : link->mtu;
		if (link != NULL)
			memcpy(port->mac, link->mac, sizeof(port->mac));
	}
}

static void place_links(struct network *network)
{
	uint32_t ports[ABI_MAX_PORTS];

	for (size_t i = 0; i < network->port_count; i++)
		ports[i] = network->ports[i].index;
	links_place(network->links, network->link_count, ports, network->port_count);
}

/* Nothing is believed of neighbours on links that went, or are down. */
static void flush_neighbours(struct network *network)
{
	struct neighbour_table *neighbours = &network->neighbours;

	for (size_t i = 0; i < neighbours->count;) {
		uint32_t interface = neighbours->rows[i].interface;
		const struct network_link *link = network_find_link(network, interface);

		if (link == NULL || link->port < 0 || !link->up)
			neighbour_table_flush(neighbours, interface);
		else
			i++;
	}
}

int network_read(struct network *network)
{
	int error = read_links(network);

	if (error < 0)
		return error;
	find_ports(network);
	place_links(network);
	flush_neighbours(network);
	/* Before anybody is asked for: what Linux knows it need not be asked. */
	if (network->links_changed)
		error = read_neighbours(network);
	if (error < 0)
		return error;
	network->links_changed = false;
	error = read_addresses(network);
	if (error == 0)
		error = read_routes(network);
	if (error == 0)
		error = paths_find(network);
	if (error < 0)
		return error;
	resolver_refresh(network->resolver);
	return 0;
}

static void network_read_again(struct ev_loop *loop, ev_timer *watcher, int events)
{
	struct network *network = watcher->data;

	(void)loop;
	(void)events;

	int error = network_read(network);

	if (error < 0)
		log_error("cannot read Linux's links, addresses and routes: %s", strerror(-error));
	network->on_change(network->context);
}

static void on_message(void *context, const struct nlmsghdr *message)
{
	struct network *network = context;

	if (message->nlmsg_type == RTM_NEWNEIGH || message->nlmsg_type == RTM_DELNEIGH) {
		if (read_neighbour_message(network, message))
			network->on_change(network->context);
		return;
	}
	if (message->nlmsg_type == RTM_NEWLINK || message->nlmsg_type == RTM_DELLINK)
		network->links_changed = true;
	if (!ev_is_active(&network->read_again)) {
		ev_timer_set(&network->read_again, SETTLE_SECONDS, 0.0);
		ev_timer_start(network->loop, &network->read_again);
	}
}

static void on_overrun(void *context)
{
	struct network *network = context;

	log_warning("more changes in Linux's network than the socket holds: reading all anew");
	network->links_changed = true;
	if (!ev_is_active(&network->read_again)) {
		ev_timer_set(&network->read_again, SETTLE_SECONDS, 0.0);
		ev_timer_start(network->loop, &network->read_again);
	}
}

static int gather_addresses(const struct config *config, struct owned_addresses *owned,
			    struct owned_addresses *held)
{
	int error = owned_addresses_gather(config, owned);

	if (error == 0)
		error = owned_addresses_select_held(config, owned, held);
	if (error < 0)
		owned_addresses_free(owned);
	return error;
}

int network_open(struct ev_loop *loop, const struct config *config,
		 void (*on_change)(void *context), void *context, struct network **out)
{
	struct network *network = calloc(1, sizeof(*network));

	if (network == NULL)
		return -ENOMEM;
	network->loop = loop;
	network->config = config;
	network->on_change = on_change;
	network->context = context;
	network->links_changed = true;
	ev_init(&network->read_again, network_read_again);
	network->read_again.data = network;
	name_ports(network);

	struct netlink_monitor_callbacks callbacks = {
		.on_message = on_message, .on_overrun = on_overrun, .context = network};
	int error = gather_addresses(config, &network->owned, &network->held);

	if (error == 0)
		error = netlink_open(&network->netlink);
	/* The monitor first: what changes while we read is told again. */
	if (error == 0)
		error = netlink_monitor_open(loop, &callbacks, &network->monitor);
	if (error == 0)
		error = resolver_open(network, &network->resolver);
	if (error == 0)
		error = network_read(network);
	if (error < 0) {
		network_close(network);
		return error;
	}
	past_us_warn(network);
	*out = network;
	return 0;
}

void network_close(struct network *network)
{
	if (network == NULL)
		return;
	ev_timer_stop(network->loop, &network->read_again);
	resolver_close(network->resolver);
	netlink_monitor_close(network->monitor);
	netlink_close(network->netlink);
	neighbour_table_free(&network->neighbours);
	owned_addresses_free(&network->owned);
	owned_addresses_free(&network->held);
	free(network->links);
	free(network->addresses);
	free(network->routes);
	free(network->paths);
	free(network);
}

int network_set_config(struct network *network, const struct config *config)
{
	const struct config *config_before = network->config;
	struct owned_addresses owned_before = network->owned, held_before = network->held;
	struct owned_addresses owned, held;
	int error = gather_addresses(config, &owned, &held);

	if (error < 0)
		return error;
	network->owned = owned;
	network->held = held;
	network->config = config;
	error = paths_follow(network, config_before);
	if (error < 0) {
		owned_addresses_free(&network->owned);
		owned_addresses_free(&network->held);
		network->owned = owned_before;
		network->held = held_before;
		network->config = config_before;
		return error;
	}
	owned_addresses_free(&owned_before);
	owned_addresses_free(&held_before);
	resolver_refresh(network->resolver);
	past_us_warn(network);
	return 0;
}
