/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "controlplane/gather.h"

#include "controlplane/neighbours/paths.h"
#include "controlplane/neighbours/resolver.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void gathered_free(struct gathered *gathered)
{
	free(gathered->backends);
	free(gathered->next_hops);
	free(gathered->routes);
	free(gathered->hosts);
	*gathered = (struct gathered){0};
}

static bool is_up(const struct health *health, size_t position)
{
	return health_view(health, position).verdict == CHECK_UP;
}

/*
 * A pool of new backends only (a new service, or all of them replaced) would
 * have nobody until their first checks end. Where none is up, those not decided
 * yet are taken for up.
 */
static bool trusts_undecided(const struct health *health, const struct config_pool *pool,
			     size_t position)
{
	for (size_t i = 0; i < pool->backend_count; i++) {
		if (pool->backends[i].admin == CONFIG_READY && pool->backends[i].weight > 0 &&
		    is_up(health, position + i))
			return false;
	}
	return true;
}

static void collect_pool(const struct network *network, const struct health *health,
			 const struct config_pool *pool, struct gathered *out)
{
	size_t first = out->backend_count;
	bool trusting = trusts_undecided(health, pool, first);

	for (size_t i = first; i < first + pool->backend_count && i < network->path_count; i++) {
		const struct network_path *path = &network->paths[i];
		enum check_verdict verdict = health_view(health, i).verdict;

		out->backends[out->backend_count++] = (struct publish_backend){
			.up = verdict == CHECK_UP || (trusting && verdict == CHECK_UNDECIDED),
			.undecided = verdict == CHECK_UNDECIDED,
			.has_next_hop = path->known,
			.port = path->place.port,
			.vlan = path->place.vlan,
			.outer_vlan = path->place.outer_vlan,
			.next_hop = path->next_hop};
	}
}

static void collect_backends(const struct config *config, const struct network *network,
			     const struct health *health, struct gathered *out)
{
	for (size_t i = 0; i < config->pool_count; i++)
		collect_pool(network, health, &config->pools[i], out);
}

static void add_next_hop(struct gathered *out, const struct publish_next_hop *next_hop)
{
	if (out->next_hop_count < ABI_MAX_NEXT_HOPS)
		out->next_hops[out->next_hop_count++] = *next_hop;
}

static void collect_configured(const struct config *config, struct gathered *out)
{
	for (size_t i = 0; i < config->dataplane.next_hop_count; i++) {
		const struct config_next_hop *row = &config->dataplane.next_hops[i];
		int port = paths_port_by_name(config, row->port);
		struct publish_next_hop next_hop = {.address = row->address,
						    .vlan = row->vlan,
						    .port = (uint16_t)port,
						    .mtu = 0, /* the port's */
						    .resolved = true};

		if (port < 0)
			continue;
		memcpy(next_hop.mac, row->mac, sizeof(next_hop.mac));
		add_next_hop(out, &next_hop);
	}
}

/* On the interface's link, unresolved; false: that is none of ours. */
static bool make_next_hop(const struct network *network, uint32_t interface,
			  const struct address *address, struct publish_next_hop *next_hop)
{
	struct network_place place;

	if (!network_find_place(network, interface, &place))
		return false;
	*next_hop = (struct publish_next_hop){.address = *address,
					      .port = place.port,
					      .vlan = place.vlan,
					      .outer_vlan = place.outer_vlan,
					      .mtu = place.mtu};
	return true;
}

/* Of those whose MAC is known the ones that we send to, or the others. */
static void collect_neighbours(const struct network *network, bool are_sent_to,
			       struct gathered *out)
{
	for (size_t i = 0; i < network->neighbours.count; i++) {
		const struct neighbour *row = &network->neighbours.rows[i];
		struct publish_next_hop next_hop;

		if (!row->has_mac ||
		    resolver_wants(network->resolver, row->interface, &row->address) !=
			    are_sent_to ||
		    !make_next_hop(network, row->interface, &row->address, &next_hop))
			continue;
		next_hop.resolved = true;
		memcpy(next_hop.mac, row->mac, sizeof(next_hop.mac));
		add_next_hop(out, &next_hop);
	}
}

static bool has_next_hop(const struct gathered *out, const struct publish_next_hop *next_hop)
{
	for (size_t i = 0; i < out->next_hop_count; i++) {
		const struct publish_next_hop *row = &out->next_hops[i];

		if (row->port == next_hop->port && row->vlan == next_hop->vlan &&
		    row->outer_vlan == next_hop->outer_vlan &&
		    address_equal(&row->address, &next_hop->address))
			return true;
	}
	return false;
}

/* Those we send to and whose MAC is not known: they are told of all the same, as unresolved. */
static void add_unresolved(const struct network *network, uint32_t interface,
			   const struct address *address, struct gathered *out)
{
	const struct neighbour *row =
		neighbour_table_find(&network->neighbours, interface, address);
	struct publish_next_hop next_hop;

	if ((row != NULL && row->has_mac) ||
	    !make_next_hop(network, interface, address, &next_hop) || has_next_hop(out, &next_hop))
		return;
	add_next_hop(out, &next_hop);
}

static void collect_unresolved(const struct network *network, struct gathered *out)
{
	for (size_t i = 0; i < network->path_count; i++) {
		const struct network_path *path = &network->paths[i];

		if (path->known && !path->is_configured)
			add_unresolved(network, path->interface, &path->next_hop, out);
	}
	for (size_t i = 0; i < network->route_count; i++) {
		const struct network_route *route = &network->routes[i];

		if (!address_is_missing(&route->gateway))
			add_unresolved(network, route->interface, &route->gateway, out);
	}
}

/* See paths.h. */
static void add_last_resort(const struct config *config, bool ipv4, struct gathered *out)
{
	const struct config_next_hop *last_resort = paths_last_resort(config, ipv4);
	const struct address none = {{0}};
	int port = last_resort == NULL ? -ENOENT : paths_port_by_name(config, last_resort->port);

	if (port >= 0)
		out->routes[out->route_count++] =
			(struct publish_route){.prefix = ipv4 ? address_from_ipv4(0) : none,
					       .port = (uint16_t)port,
					       .vlan = last_resort->vlan,
					       .gateway = last_resort->address};
}

static void collect_routes(const struct config *config, const struct network *network,
			   struct gathered *out)
{
	bool has_default[2] = {false, false}; /* of IPv6, of IPv4 */

	for (size_t i = 0; i < network->route_count; i++) {
		const struct network_route *route = &network->routes[i];
		struct network_place place;

		if (!network_find_place(network, route->interface, &place))
			continue;
		if (route->length == 0)
			has_default[address_is_ipv4(&route->prefix)] = true;
		out->routes[out->route_count++] =
			(struct publish_route){.prefix = route->prefix,
					       .length = route->length,
					       .port = place.port,
					       .vlan = place.vlan,
					       .outer_vlan = place.outer_vlan,
					       .on_link = address_is_missing(&route->gateway),
					       .gateway = route->gateway};
	}
	for (int ipv4 = 0; ipv4 < 2; ipv4++) {
		if (!has_default[ipv4])
			add_last_resort(config, ipv4, out);
	}
}

static int compare_hosts(const void *left, const void *right)
{
	return address_compare(left, right);
}

static void add_host(struct gathered *out, const struct address *address)
{
	if (out->host_count < ABI_MAX_HOST_ADDRESSES)
		out->hosts[out->host_count++] = *address;
}

/* Each once: Linux may have one on several interfaces. */
static void keep_one_of_each_host(struct gathered *out)
{
	size_t kept = 0;

	qsort(out->hosts, out->host_count, sizeof(out->hosts[0]), compare_hosts);
	for (size_t i = 0; i < out->host_count; i++) {
		if (kept == 0 || !address_equal(&out->hosts[kept - 1], &out->hosts[i]))
			out->hosts[kept++] = out->hosts[i];
	}
	out->host_count = kept;
}

/* The host's own go first: what comes to those of services and local pools is known by these. */
static void collect_hosts(const struct network *network, struct gathered *out)
{
	for (size_t i = 0; i < network->address_count; i++) {
		const struct address *address = &network->addresses[i].address;

		if (!owned_addresses_have(&network->owned, address))
			add_host(out, address);
	}
	keep_one_of_each_host(out);
	for (size_t i = 0; i < network->owned.count; i++)
		add_host(out, &network->owned.rows[i]);
}

int gathered_collect(const struct config *config, const struct network *network,
		     const struct health *health, struct gathered *out)
{
	size_t next_hops = config->dataplane.next_hop_count + network->neighbours.count +
			   network->path_count + network->route_count;

	*out = (struct gathered){0};
	out->backends = calloc(network->path_count + 1, sizeof(out->backends[0]));
	out->next_hops = calloc(next_hops + 1, sizeof(out->next_hops[0]));
	out->routes = calloc(network->route_count + 2, sizeof(out->routes[0]));
	out->hosts =
		calloc(network->address_count + network->owned.count + 1, sizeof(out->hosts[0]));
	if (out->backends == NULL || out->next_hops == NULL || out->routes == NULL ||
	    out->hosts == NULL) {
		gathered_free(out);
		return -ENOMEM;
	}
	collect_backends(config, network, health, out);
	collect_configured(config, out);
	/* There may be more neighbours than places: these are the last to have one. */
	collect_neighbours(network, true, out);
	collect_unresolved(network, out);
	collect_neighbours(network, false, out);
	collect_routes(config, network, out);
	collect_hosts(network, out);
	return 0;
}
