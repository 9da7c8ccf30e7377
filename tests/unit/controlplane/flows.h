/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* A flow to try the readers of flows on, of each family. */
#pragma once

#include "controlplane/flows/filter.h"
#include "tests/unit/controlplane/check.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#define FLOW_SERVICE       5
#define FLOW_BACKEND       7
#define FLOW_SERVICE_EPOCH 0x51
#define FLOW_BACKEND_EPOCH 0xb1

/* Of full NAT: 203.0.113.9:40000 to 198.51.100.10:80, from 10.0.0.250:1024 to 10.0.0.11:8080. */
static inline struct abi_flow6 flow_ipv4(void)
{
	struct abi_flow6 flow = {
		.flow = {.version = 2,
			 .state = ABI_FLOW_TCP_ESTABLISHED,
			 .protocol = IPPROTO_TCP,
			 .family = 4,
			 .flags = ABI_FLOW_FULL_NAT,
			 .service = FLOW_SERVICE,
			 .service_epoch = FLOW_SERVICE_EPOCH,
			 .backend = FLOW_BACKEND,
			 .backend_epoch = FLOW_BACKEND_EPOCH,
			 .ports = {{htons(40000), htons(80)}, {htons(8080), htons(1024)}}}};

	inet_pton(AF_INET, "203.0.113.9", &flow.flow.addresses[0].be_source);
	inet_pton(AF_INET, "198.51.100.10", &flow.flow.addresses[0].be_destination);
	inet_pton(AF_INET, "10.0.0.11", &flow.flow.addresses[1].be_source);
	inet_pton(AF_INET, "10.0.0.250", &flow.flow.addresses[1].be_destination);
	return flow;
}

/* The same with [2001:db8:7::9]:40000 and others. */
static inline struct abi_flow6 flow_ipv6(void)
{
	struct abi_flow6 flow = flow_ipv4();

	memset(flow.flow.addresses, 0, sizeof(flow.flow.addresses));
	flow.flow.family = 6;
	inet_pton(AF_INET6, "2001:db8:7::9", flow.addresses[0].be_source);
	inet_pton(AF_INET6, "2001:db8:1::10", flow.addresses[0].be_destination);
	inet_pton(AF_INET6, "2001:db8:2::11", flow.addresses[1].be_source);
	inet_pton(AF_INET6, "2001:db8:2::250", flow.addresses[1].be_destination);
	return flow;
}

/* Service "web" and backend "web/b1", as the flows above have them; free() it. */
static inline struct flow_names *flow_names_of_web(void)
{
	struct flow_names *names = calloc(1, sizeof(*names));

	assert_non_null(names);
	flow_name_set(&names->services[FLOW_SERVICE], FLOW_SERVICE_EPOCH, "web");
	flow_name_set(&names->services[FLOW_SERVICE + 1], 9, "other");
	flow_name_set(&names->backends[FLOW_BACKEND], FLOW_BACKEND_EPOCH, "web/b1");
	flow_name_set(&names->backends[FLOW_BACKEND + 1], 9, "web/b2");
	flow_name_set(&names->ports[1], 1, "wan");
	return names;
}
