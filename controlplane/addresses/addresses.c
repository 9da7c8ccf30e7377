/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "controlplane/addresses/addresses.h"

#include "controlplane/addresses/placement.h"
#include "controlplane/log.h"
#include "controlplane/neighbours/read.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <string.h>

/* IFA_PROTO came with Linux 5.18, later than some headers. */
#define ATTRIBUTE_IFA_PROTO 11

static struct nlmsghdr *put_address(char *buffer, uint16_t type, const struct placement_step *step)
{
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
	struct ifaddrmsg *info = mnl_nlmsg_put_extra_header(request, sizeof(*info));

	request->nlmsg_type = type;
	info->ifa_family = netlink_family(&step->address);
	info->ifa_prefixlen = (uint8_t)address_bits(&step->address);
	info->ifa_scope = RT_SCOPE_UNIVERSE;
	info->ifa_index = step->interface;
	netlink_put_address(request, IFA_LOCAL, &step->address);
	netlink_put_address(request, IFA_ADDRESS, &step->address);
	return request;
}

static int add_address(struct network *network, const struct placement_step *step)
{
	char buffer[NETLINK_REQUEST_SIZE] __attribute__((aligned(8)));
	struct nlmsghdr *request = put_address(buffer, RTM_NEWADDR, step);
	struct ifa_cacheinfo life = {.ifa_prefered = 0, .ifa_valid = UINT32_MAX};
	uint32_t flags = IFA_F_NOPREFIXROUTE | IFA_F_PERMANENT;

	request->nlmsg_flags = NLM_F_CREATE | NLM_F_EXCL;
	if (!address_is_ipv4(&step->address))
		flags |= IFA_F_NODAD;
	mnl_attr_put_u32(request, IFA_FLAGS, flags);
	mnl_attr_put(request, IFA_CACHEINFO, sizeof(life), &life);
	mnl_attr_put_u8(request, ATTRIBUTE_IFA_PROTO, PLACEMENT_PROTOCOL);

	int error = netlink_request(network->netlink, request, NULL, NULL);

	return error == -EEXIST ? 0 : error;
}

static int remove_address(struct network *network, const struct placement_step *step)
{
	char buffer[NETLINK_REQUEST_SIZE] __attribute__((aligned(8)));
	struct nlmsghdr *request = put_address(buffer, RTM_DELADDR, step);
	int error = netlink_request(network->netlink, request, NULL, NULL);

	return error == -EADDRNOTAVAIL || error == -ENODEV ? 0 : error;
}

static int take_step(struct network *network, const struct placement_step *step)
{
	int error = step->add ? add_address(network, step) : remove_address(network, step);
	const struct network_link *link = network_find_link(network, step->interface);
	const char *interface = link != NULL ? link->name : "?";
	char text[ADDRESS_TEXT_SIZE];

	address_format(&step->address, text);
	if (error < 0)
		log_error("cannot %s address %s %s %s: %s", step->add ? "put" : "remove", text,
			  step->add ? "on" : "from", interface, strerror(-error));
	else
		log_info("address %s %s %s", text, step->add ? "put on" : "removed from",
			 interface);
	return error;
}

static int apply(struct network *network, const struct owned_addresses *wanted)
{
	const struct network_link *loopback = network_find_link_by_name(network, "lo");
	struct placement_plan plan;
	int error = placement_plan_make(network->addresses, network->address_count, wanted,
					loopback != NULL ? loopback->index : 1, &plan);
	int first = 0;

	if (error < 0)
		return error;
	for (size_t i = 0; i < plan.count; i++) {
		error = take_step(network, &plan.steps[i]);
		if (error < 0 && plan.steps[i].add && first == 0)
			first = error;
	}
	if (plan.count > 0)
		read_addresses(network);
	placement_plan_free(&plan);
	return first;
}

int addresses_apply(struct network *network)
{
	return apply(network, &network->held);
}

void addresses_clear(struct network *network)
{
	const struct owned_addresses nothing = {0};

	read_addresses(network);
	apply(network, &nothing);
}
