/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "controlplane/neighbours/paths.h"

#include "controlplane/log.h"
#include "controlplane/publish/keymap.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* Linux's answer to "where would you send this?". */
struct route_answer {
	uint8_t type; /* RTN_*; 0: no answer */
	uint32_t interface;
	uint32_t be_gateway;
	uint32_t be_source;
};

static int on_attribute(const struct nlattr *attribute, void *context)
{
	struct route_answer *answer = context;

	switch (mnl_attr_get_type(attribute)) {
	case RTA_OIF:
		answer->interface = mnl_attr_get_u32(attribute);
		break;
	case RTA_GATEWAY:
		answer->be_gateway = mnl_attr_get_u32(attribute);
		break;
	case RTA_PREFSRC:
		answer->be_source = mnl_attr_get_u32(attribute);
		break;
	default:
		break;
	}
	return MNL_CB_OK;
}

static int on_answer(const struct nlmsghdr *message, void *context)
{
	struct route_answer *answer = context;
	const struct rtmsg *info = mnl_nlmsg_get_payload(message);

	if (message->nlmsg_type != RTM_NEWROUTE || info->rtm_family != AF_INET)
		return MNL_CB_OK;
	answer->type = info->rtm_type;
	mnl_attr_parse(message, sizeof(*info), on_attribute, answer);
	return MNL_CB_OK;
}

static struct route_answer ask_route(struct network *network, uint32_t be_address)
{
	char buffer[NETLINK_REQUEST_SIZE] __attribute__((aligned(8)));
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
	struct rtmsg *info = mnl_nlmsg_put_extra_header(request, sizeof(*info));
	struct route_answer answer = {0};

	request->nlmsg_type = RTM_GETROUTE;
	info->rtm_family = AF_INET;
	info->rtm_dst_len = 32;
	mnl_attr_put_u32(request, RTA_DST, be_address);
	if (netlink_request(network->netlink, request, on_answer, &answer) < 0)
		answer.type = 0; /* ENETUNREACH, EACCES, ...: no route */
	return answer;
}

/*
 * Health checks speak from an address of the node, never from one of ours: the
 * answers to those would be taken for clients' packets.
 */
static uint32_t choose_source(const struct network *network, const struct route_answer *answer)
{
	uint32_t other = 0;

	if (answer->be_source != 0 && !owned_addresses_have(&network->owned, answer->be_source))
		return answer->be_source;
	for (size_t i = 0; i < network->address_count; i++) {
		const struct network_address *row = &network->addresses[i];
		const struct network_link *link = network_find_link(network, row->interface);

		if (owned_addresses_have(&network->owned, row->be_address) ||
		    (link != NULL && strcmp(link->name, "lo") == 0))
			continue;
		if (row->interface == answer->interface)
			return row->be_address;
		if (other == 0)
			other = row->be_address;
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
	path->port = (uint16_t)port;
	path->be_next_hop = address_to_ipv4(&next_hop->address);
}

static struct network_path find_path(struct network *network, uint32_t be_address)
{
	const struct config_dataplane *dataplane = &network->config->dataplane;
	struct route_answer answer = ask_route(network, be_address);
	struct network_path path = {0};

	if (answer.type == RTN_UNICAST) {
		path.interface = answer.interface;
		path.be_source = choose_source(network, &answer);
	}
	for (size_t i = 0; i < dataplane->next_hop_count; i++) {
		if (address_to_ipv4(&dataplane->next_hops[i].address) == be_address) {
			take_configured(&path, network->config, &dataplane->next_hops[i]);
			return path;
		}
	}

	int port =
		answer.type == RTN_UNICAST ? network_find_port(network, answer.interface) : -ENOENT;

	if (port >= 0) {
		path.known = true;
		path.port = (uint16_t)port;
		path.be_next_hop = answer.be_gateway != 0 ? answer.be_gateway : be_address;
	} else if (dataplane->next_hop_count > 0) {
		take_configured(&path, network->config, &dataplane->next_hops[0]);
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
			 backend->name, network->config->dataplane.ports[now->port].name);
}

/* Paths that need not be asked for, by address. */
struct known {
	struct keymap rows; /* address -> index of paths */
	const struct network_path *paths;
};

static uint64_t key_of(uint32_t be_address)
{
	uint64_t key = (UINT64_C(1) + ntohl(be_address)) * 0x9e3779b97f4a7c15ull;

	return key ^ key >> 32; /* distinct, and never 0 */
}

static const struct network_path *find_known(const struct known *known, uint32_t be_address)
{
	uint32_t row = keymap_find(&known->rows, key_of(be_address));

	return row == ABI_NONE ? NULL : &known->paths[row];
}

static int know(struct known *known, uint32_t be_address, size_t row)
{
	return keymap_put(&known->rows, key_of(be_address), (uint32_t)row);
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

			if (know(known, address_to_ipv4(&backend->address), row) < 0)
				return -ENOMEM;
		}
	}
	return 0;
}

/* The source may have become a service's address meanwhile. */
static bool still_holds(const struct network *network, const struct network_path *path)
{
	return path != NULL && path->be_source != 0 &&
	       !owned_addresses_have(&network->owned, path->be_source);
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
			uint32_t be_address = address_to_ipv4(&pool->backends[j].address);
			const struct network_path *twin = find_known(&found, be_address);
			const struct network_path *old = find_known(before, be_address);

			if (twin == NULL && still_holds(network, old))
				twin = old;
			paths[row] = twin != NULL ? *twin : find_path(network, be_address);
			tell_change(network, pool, &pool->backends[j],
				    last != NULL ? &last[row] : old, &paths[row]);
			error = know(&found, be_address, row);
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
	int error = paths == NULL ? -ENOMEM : know_all(&known, before, network->paths);

	if (error == 0)
		error = fill(network, &known, NULL, paths);
	if (error < 0)
		free(paths);
	else
		replace(network, paths);
	keymap_free(&known.rows);
	return error;
}
