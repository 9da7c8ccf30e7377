/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* Services, drawn anew: listeners that no other service has, timeouts, clients allowed and denied.
 */
#include "tests/model/scene.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#define LISTENERS_MOST 3

static uint32_t draw(struct scene *scene, uint32_t bound)
{
	return choose_below(scene->choices, bound);
}

static void make_listener(struct scene *scene, uint8_t family, struct abi_listener *listener)
{
	static const uint16_t singles[] = {80, 53, 443, 8080};
	static const uint16_t ranges[][2] = {{70, 90}, {1, 1023}, {8000, 8099}, {40, 60}};
	uint32_t kind = scene->features & FEATURE_PORT_RANGES ? draw(scene, 4) : 0;
	uint32_t place = draw(scene, 4);

	scene_address(family, NET_SERVICES, 1 + draw(scene, 4), listener->address);
	listener->protocol = draw(scene, 2) ? IPPROTO_TCP : IPPROTO_UDP;
	listener->port_first = listener->port_last = singles[place];
	if (kind == 2) {
		listener->port_first = ranges[place][0];
		listener->port_last = ranges[place][1];
	} else if (kind == 3) {
		listener->port_first = 1;
		listener->port_last = 65535;
	}
}

static bool is_every(const struct abi_listener *listener)
{
	return listener->port_first == 1 && listener->port_last == 65535;
}

static bool is_single(const struct abi_listener *listener)
{
	return listener->port_first == listener->port_last;
}

/* What the ABI says of listeners of one address and protocol. */
static bool may_both_be(const struct abi_listener *one, const struct abi_listener *other)
{
	return one->protocol != other->protocol || memcmp(one->address, other->address, 16) != 0 ||
	       one->port_last < other->port_first || other->port_last < one->port_first ||
	       is_every(one) != is_every(other) || is_single(one) != is_single(other);
}

static bool is_free(const struct scene *scene, const struct abi_service *own,
		    const struct abi_listener *listener)
{
	for (uint32_t i = 0; i < MODEL_OBJECTS; i++) {
		const struct abi_service *service = scene->tables.services[i];

		for (uint32_t row = 0; service && row < service->listener_count; row++)
			if (!may_both_be(&service->listeners[row], listener))
				return false;
	}
	for (uint32_t row = 0; row < own->listener_count; row++)
		if (!may_both_be(&own->listeners[row], listener))
			return false;
	return true;
}

static uint32_t draw_timeout(struct scene *scene)
{
	static const uint32_t orders[] = {100, 2000, 20000, 300000};
	uint32_t order = orders[draw(scene, 4)];

	return order + draw(scene, order);
}

/* What answers make longer is at least as long, as with any timeouts that make sense. */
static void make_timeouts(struct scene *scene, uint32_t timeouts[ABI_TIMEOUT_COUNT])
{
	timeouts[ABI_TIMEOUT_TCP_HALF_OPEN] = draw_timeout(scene);
	timeouts[ABI_TIMEOUT_TCP_ESTABLISHED] =
		timeouts[ABI_TIMEOUT_TCP_HALF_OPEN] + draw_timeout(scene);
	timeouts[ABI_TIMEOUT_TCP_CLOSING] = draw_timeout(scene);
	timeouts[ABI_TIMEOUT_UDP_ONE_SHOT] = draw_timeout(scene);
	timeouts[ABI_TIMEOUT_UDP] = timeouts[ABI_TIMEOUT_UDP_ONE_SHOT] + draw_timeout(scene);
}

/* Up to two of clients on the link, and some of those far away. */
static uint32_t make_ranges(struct scene *scene, uint8_t family, struct abi_range *ranges)
{
	uint32_t count = scene->features & FEATURE_CLIENT_RANGES ? draw(scene, 4) : 0;
	uint32_t host = draw(scene, 4);

	for (uint32_t i = 0; i < count; i++) {
		/* In the order of addresses: those far away are the lower ones of IPv4. */
		enum scene_net net = (family == 4) == (i == 0) ? NET_FAR : NET_CLIENTS;
		uint32_t last = host + draw(scene, 8);
		scene_address(family, net, host, ranges[i].first);
		scene_address(family, net, last, ranges[i].last);
		host = last + 2 + draw(scene, 4);
	}
	return count;
}

void scene_make_service(struct scene *scene, uint32_t index)
{
	const size_t size = sizeof(struct abi_service) +
			    LISTENERS_MOST * sizeof(struct abi_listener) +
			    8 * sizeof(struct abi_range);
	uint32_t family = index >= SERVICES_OF(1);
	struct abi_service *service = calloc(1, size);
	uint32_t wanted = 1 + draw(scene, LISTENERS_MOST);

	if (!service)
		abort();
	free(scene->tables.services[index]);
	scene->tables.services[index] = NULL;
	strcpy(service->name, "service");
	service->family = family == 0 ? 4 : 6;
	service->epoch = scene->epoch++;
	service->forwarding = draw(scene, 2) ? ABI_DNAT : ABI_FULL_NAT;
	service->ring = RINGS_OF(family) + (service->forwarding == ABI_FULL_NAT);
	service->local_pool =
		service->forwarding == ABI_DNAT ? ABI_NONE : POOLS_OF(family) + draw(scene, 2);
	service->hash_on = draw(scene, 2) ? ABI_HASH_ADDRESS : ABI_HASH_ADDRESS_PORT;
	service->when_down = (uint8_t)(draw(scene, 2) ? ABI_WHEN_DOWN_DROP : ABI_WHEN_DOWN_RESET);
	service->on_backend_down =
		(uint8_t)(draw(scene, 2) ? ABI_BACKEND_DOWN_KEEP : ABI_BACKEND_DOWN_RESET);
	service->mss_clamp = (uint16_t)(draw(scene, 2) ? 88 + draw(scene, 2000) : 0);
	make_timeouts(scene, service->timeouts);
	for (uint32_t i = 0; i < wanted; i++) {
		struct abi_listener *listener = &service->listeners[service->listener_count];

		make_listener(scene, service->family, listener);
		service->listener_count += is_free(scene, service, listener);
	}
	if (service->listener_count == 0) {
		free(service);
		return;
	}
	struct abi_range *ranges =
		(struct abi_range *)(void *)&service->listeners[service->listener_count];
	memset(ranges, 0, 8 * sizeof(*ranges));
	service->allow_count = make_ranges(scene, service->family, ranges);
	service->deny_count = make_ranges(scene, service->family, ranges + service->allow_count);
	scene->tables.services[index] = service;
}
