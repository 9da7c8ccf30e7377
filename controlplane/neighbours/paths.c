/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "controlplane/neighbours/paths.h"

#include "controlplane/log.h"
#include "controlplane/netlink/attributes.h"
#include "controlplane/publish/identity.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* Linux's answer to "where would you send this?". */
struct route_answer {
	uint8_t type; /* RTN_*; 0: no answer */
	uint32_t interface;
	struct address gateway, source; /* missing: none */
};

static int on_answer(const struct nlmsghdr *message, void *context)
{
	struct route_answer *answer = context;
	const struct rtmsg *info = mnl_nlmsg_get_payload(message);
	const struct nlattr *items[RTA_VIA + 1] = {NULL};

	if (message->nlmsg_type != RTM_NEWROUTE || !netlink_is_internet(info->rtm_family))
		return MNL_CB_OK;
	attributes_read(message, sizeof(*info), items, RTA_VIA);
	*answer = (struct route_answer){.type = info->rtm_type,
					.interface = attribute_u32(items[RTA_OIF]),
					.gateway = attributes_gateway(items),
					.source = attribute_address(items[RTA_PREFSRC])};
	return MNL_CB_OK;
}

static struct route_answer ask_route(struct network *network, const struct address *address)
{
	char buffer[NETLINK_REQUEST_SIZE] __attribute__((aligned(8)));
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
	struct rtmsg *info = mnl_nlmsg_put_extra_header(request, sizeof(*info));
	struct route_answer answer = {0};

	request->nlmsg_type = RTM_GETROUTE;
	info->rtm_family = netlink_family(address);
	info->rtm_dst_len = (uint8_t)address_bits(address);
	netlink_put_address(request, RTA_DST, address);
	if (netlink_request(network->netlink, request, on_answer, &answer) < 0)
		answer.type = 0; /* ENETUNREACH, EACCES, ...: no route */
	return answer;
}

/*
 * Health checks speak from an address of the node, never from one of ours: the
 * answers to those would be taken for clients' packets.
 */
static struct address choose_source(const struct network *network, const struct address *towards,
				    const struct route_answer *answer)
{
	struct address other = {{0}};

	if (!address_is_missing(&answer->source) &&
	    !owned_addresses_have(&network->owned, &answer->source))
		return answer->source;
	for (size_t i = 0; i < network->address_count; i++) {
		const struct network_address *row = &network->addresses[i];
		const struct network_link *link = network_find_link(network, row->interface);

		if (!address_same_family(&row->address, towards) ||
		    address_is_link_local(&row->address) ||
		    owned_addresses_have(&network->owned, &row->address) ||
		    (link != NULL && strcmp(link->name, "lo") == 0))
			continue;
		if (row->interface == answer->interface)
			return row->address;
		if (address_is_missing(&other))
			other = row->address;
	}
	return other;
}

int paths_port_by_name(const struct config *config, const char *name)
{
	for (size_t i = 0; i < config->dataplane.port_count; i++) {
		if (strcmp(config->dataplane.ports[i].name, name) == 0)
			return (int)i;
	}
	return -ENOENT;
}

static void take_configured(struct network_path *path, const struct config *config,
			    const struct config_next_hop *next_hop)
{
	int port = paths_port_by_name(config, next_hop->port);

	if (port < 0)
		return;
	path->known = true;
	path->is_configured = true;
	path->place = (struct network_place){.port = (uint16_t)port, .vlan = next_hop->vlan};
	path->next_hop = next_hop->address;
}

static const struct config_next_hop *find_configured(const struct config *config,
						     const struct address *address)
{
	const struct config_dataplane *dataplane = &config->dataplane;

	for (size_t i = 0; i < dataplane->next_hop_count; i++) {
		if (address_equal(&dataplane->next_hops[i].address, address))
			return &dataplane->next_hops[i];
	}
	return NULL;
}

const struct config_next_hop *paths_last_resort(const struct config *config, bool ipv4)
{
	const struct config_dataplane *dataplane = &config->dataplane;

	for (size_t i = 0; i < dataplane->next_hop_count; i++) {
		if (address_is_ipv4(&dataplane->next_hops[i].address) == ipv4)
			return &dataplane->next_hops[i];
	}
	return NULL;
}

static struct network_path find_path(struct network *network, const struct address *address)
{
	const struct config_next_hop *itself = find_configured(network->config, address);
	const struct config_next_hop *last_resort =
		paths_last_resort(network->config, address_is_ipv4(address));
	struct route_answer answer = ask_route(network, address);
	struct network_path path = {0};
	bool is_ours = false;

	if (answer.type == RTN_UNICAST) {
		is_ours = network_find_place(network, answer.interface, &path.place);
		path.interface = answer.interface;
		path.source = choose_source(network, address, &answer);
	}
	if (itself != NULL) {
		take_configured(&path, network->config, itself);
	} else if (is_ours) {
		path.known = true;
		path.next_hop = address_is_missing(&answer.gateway) ? *address : answer.gateway;
	} else if (last_resort != NULL) {
		take_configured(&path, network->config, last_resort);
	}
	return path;
}

static void tell_unreachable(const struct network *network, const struct config_pool *pool,
			     const struct config_backend *backend, const struct network_path *path)
{
	const struct network_link *link = network_find_link(network, path->interface);
	char text[ADDRESS_TEXT_SIZE];

	address_format(&backend->address, text);
	if (link == NULL)
		log_warning("backend %s/%s: Linux has no route to %s; its packets are dropped "
			    "until there is one",
			    pool->name, backend->name, text);
	else
		log_warning("backend %s/%s: Linux's route to %s leads through %s, which is no "
			    "port of the dataplane; its packets are dropped",
			    pool->name, backend->name, text, link->name);
}

static size_t count_backends(const struct config *config)
{
	size_t count = 0;

	for (size_t i = 0; i < config->pool_count; i++)
		count += config->pools[i].backend_count;
	return count;
}

static void tell_change(const struct network *network, const struct config_pool *pool,
			const struct config_backend *backend, const struct network_path *before,
			const struct network_path *now)
{
	if (!now->known && (before == NULL || before->known))
		tell_unreachable(network, pool, backend, now);
	else if (now->known && before != NULL && !before->known)
		log_info("backend %s/%s is reached through port %s again", pool->name,
			 backend->name, network->config->dataplane.ports[now->place.port].name);
}

/* Paths that need not be asked for, by address. */
struct known {
	struct keymap rows; /* hash of the address -> index of paths */
	const struct network_path *paths;
	bool in_order; /* the addresses asked for are these, one after the other */
};

static const struct network_path *find_asked(const struct known *known,
					     const struct address *address)
{
	uint32_t row = keymap_find(&known->rows, identity_of_address(address->bytes));

	return row == ABI_NONE ? NULL : &known->paths[row];
}

/* Of the backend at this position. */
static const struct network_path *find_known(const struct known *known,
					     const struct address *address, size_t position)
{
	return known->in_order ? &known->paths[position] : find_asked(known, address);
}

static int know(struct known *known, const struct address *address, size_t row)
{
	return keymap_put(&known->rows, identity_of_address(address->bytes), (uint32_t)row);
}

static bool same_addresses(const struct config_pool *a, const struct config_pool *b)
{
	if (a->backend_count != b->backend_count)
		return false;
	for (size_t i = 0; i < a->backend_count; i++)
		if (!address_equal(&a->backends[i].address, &b->backends[i].address))
			return false;
	return true;
}

/* Pool by pool, as most changes leave them. */
static bool has_same_addresses(const struct config *a, const struct config *b)
{
	if (a->pool_count != b->pool_count)
		return false;
	for (size_t i = 0; i < a->pool_count; i++)
		if (!same_addresses(&a->pools[i], &b->pools[i]))
			return false;
	return true;
}

/* The way of a backend may be one of these. */
static bool has_same_next_hops(const struct config *a, const struct config *b)
{
	const struct config_dataplane *left = &a->dataplane, *right = &b->dataplane;

	return left->next_hop_count == right->next_hop_count &&
	       (left->next_hop_count == 0 ||
		memcmp(left->next_hops, right->next_hops,
		       left->next_hop_count * sizeof(left->next_hops[0])) == 0);
}

/* What was found for a configuration before; it holds while Linux's network is the same. */
static int know_all(struct known *known, const struct config *config,
		    const struct network_path *paths)
{
	size_t row = 0;

	known->paths = paths;
	for (size_t i = 0; i < config->pool_count; i++) {
		for (size_t j = 0; j < config->pools[i].backend_count; j++, row++) {
			const struct config_backend *backend = &config->pools[i].backends[j];

			if (know(known, &backend->address, row) < 0)
				return -ENOMEM;
		}
	}
	return 0;
}

/* The source may have become a service's address meanwhile. */
static bool still_holds(const struct network *network, const struct network_path *path)
{
	return path != NULL && !address_is_missing(&path->source) &&
	       !owned_addresses_have(&network->owned, &path->source);
}

/*
 * Fills `paths`, one for each backend. Addresses in `before` are not asked for
 * (it may be empty), and none is asked for twice. `last`: what was known of
 * the same backends; NULL: these are other ones.
 */
static int fill(struct network *network, const struct known *before,
		const struct network_path *last, struct network_path *paths)
{
	const struct config *config = network->config;
	struct known found = {.paths = paths};
	size_t row = 0;
	int error = 0;

	for (size_t i = 0; i < config->pool_count; i++) {
		const struct config_pool *pool = &config->pools[i];

		for (size_t j = 0; error == 0 && j < pool->backend_count; j++, row++) {
			const struct address *address = &pool->backends[j].address;
			const struct network_path *old = find_known(before, address, row);

			if (still_holds(network, old)) {
				paths[row] = *old;
			} else {
				const struct network_path *twin = find_asked(&found, address);

				paths[row] = twin != NULL ? *twin : find_path(network, address);
				error = know(&found, address, row);
			}
			tell_change(network, pool, &pool->backends[j],
				    last != NULL ? &last[row] : old, &paths[row]);
		}
	}
	keymap_free(&found.rows);
	return error;
}

static struct network_path *make_paths(const struct network *network)
{
	return calloc(count_backends(network->config) + 1, sizeof(struct network_path));
}

static void replace(struct network *network, struct network_path *paths)
{
	free(network->paths);
	network->paths = paths;
	network->path_count = count_backends(network->config);
}

int paths_find(struct network *network)
{
	const struct known nothing = {0};
	struct network_path *paths = make_paths(network);
	int error = paths == NULL ? -ENOMEM : fill(network, &nothing, network->paths, paths);

	if (error < 0)
		free(paths);
	else
		replace(network, paths);
	return error;
}

int paths_follow(struct network *network, const struct config *before)
{
	struct known known = {0};
	struct network_path *paths = make_paths(network);
	bool holds = has_same_next_hops(before, network->config);
	int error = paths == NULL ? -ENOMEM : 0;

	known.in_order = holds && has_same_addresses(before, network->config);
	known.paths = network->paths;
	if (error == 0 && holds && !known.in_order)
		error = know_all(&known, before, network->paths);
	if (error == 0)
		error = fill(network, &known, NULL, paths);
	if (error < 0)
		free(paths);
	else
		replace(network, paths);
	keymap_free(&known.rows);
	return error;
}
