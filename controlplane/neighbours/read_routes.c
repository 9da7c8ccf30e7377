/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "controlplane/neighbours/read.h"

#include "controlplane/array.h"
#include "controlplane/log.h"
#include "controlplane/netlink/attributes.h"

#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

/* Those of last resort, one of each family, go beside them: see gather.c. */
#define ROUTES_MAX (ABI_MAX_ROUTES - 2)

/* Of a route with several next hops the first that leads through a port is taken. */
static bool route_first_hop(const struct network *network, const struct nlattr *multipath,
			    struct network_route *route)
{
	const struct rtnexthop *hop = mnl_attr_get_payload(multipath);
	size_t left = mnl_attr_get_payload_len(multipath);

	while (left >= sizeof(*hop) && hop->rtnh_len >= sizeof(*hop) && hop->rtnh_len <= left) {
		const struct nlattr *items[RTA_VIA + 1] = {NULL};

		if (network_is_ours(network, (uint32_t)hop->rtnh_ifindex) &&
		    !(hop->rtnh_flags & RTNH_F_DEAD)) {
			attributes_read_bytes(hop + 1, hop->rtnh_len - sizeof(*hop), items,
					      RTA_VIA);
			route->interface = (uint32_t)hop->rtnh_ifindex;
			route->gateway = attributes_gateway(items);
			return true;
		}

		size_t step = (size_t)RTNH_ALIGN(hop->rtnh_len);

		left -= step < left ? step : left;
		hop = (const struct rtnexthop *)(const void *)((const char *)hop + step);
	}
	return false;
}

/* A default route has no attribute. */
static struct address read_prefix(const struct rtmsg *info, const struct nlattr *destination)
{
	if (destination == NULL && info->rtm_family == AF_INET)
		return address_from_ipv4(0);
	return attribute_address(destination);
}

static int on_route(const struct nlmsghdr *message, void *context)
{
	struct network *network = context;
	const struct rtmsg *info = mnl_nlmsg_get_payload(message);
	const struct nlattr *items[RTA_VIA + 1] = {NULL};

	if (message->nlmsg_type != RTM_NEWROUTE || !netlink_is_internet(info->rtm_family) ||
	    info->rtm_type != RTN_UNICAST || info->rtm_table != RT_TABLE_MAIN ||
	    info->rtm_tos != 0 || (info->rtm_flags & (RTNH_F_DEAD | RTM_F_CLONED)))
		return MNL_CB_OK;
	attributes_read(message, sizeof(*info), items, RTA_VIA);

	struct network_route route = {.prefix = read_prefix(info, items[RTA_DST]),
				      .length = info->rtm_dst_len,
				      .interface = attribute_u32(items[RTA_OIF]),
				      .gateway = attributes_gateway(items),
				      .metric = attribute_u32(items[RTA_PRIORITY])};

	if (address_is_link_local(&route.prefix)) /* of each link the same, and no client's */
		return MNL_CB_OK;
	if (items[RTA_MULTIPATH] != NULL && !route_first_hop(network, items[RTA_MULTIPATH], &route))
		return MNL_CB_OK;
	if (!network_is_ours(network, route.interface))
		return MNL_CB_OK;
	if (network->route_count >= ROUTES_MAX) {
		network->has_more_routes = true;
		return MNL_CB_OK;
	}

	struct network_route *rows = array_grow(network->routes, network->route_count,
						&network->route_room, sizeof(*rows));

	if (rows == NULL)
		return MNL_CB_OK;
	network->routes = rows;
	rows[network->route_count++] = route;
	return MNL_CB_OK;
}

static int compare_routes(const void *left, const void *right)
{
	const struct network_route *a = left, *b = right;

	if (a->length != b->length)
		return a->length > b->length ? -1 : 1;

	int order = address_compare(&a->prefix, &b->prefix);

	if (order != 0)
		return order;
	return a->metric < b->metric ? -1 : a->metric > b->metric;
}

/* Of several routes to one prefix Linux takes the one with the lowest metric. */
static void routes_keep_best(struct network *network)
{
	size_t kept = 0;

	if (network->route_count == 0)
		return;
	qsort(network->routes, network->route_count, sizeof(network->routes[0]), compare_routes);
	for (size_t i = 0; i < network->route_count; i++) {
		const struct network_route *route = &network->routes[i];

		if (kept > 0 && address_equal(&network->routes[kept - 1].prefix, &route->prefix) &&
		    network->routes[kept - 1].length == route->length)
			continue;
		network->routes[kept++] = *route;
	}
	network->route_count = kept;
}

int read_routes(struct network *network)
{
	bool told = network->has_more_routes;

	network->has_more_routes = false;

	int error = netlink_dump(network->netlink, RTM_GETROUTE, sizeof(struct rtmsg), on_route,
				 network, &network->route_count);

	if (network->has_more_routes && !told)
		log_warning("Linux has more than %u routes through our ports: the others are not "
			    "known to the dataplane; keep a full routing table away from them",
			    ROUTES_MAX);
	routes_keep_best(network);
	return error;
}
