/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "tests/unit/bpf/steering_scene.h"

#include "bpf/steering.h"
#include "tests/unit/bpf/steering_frames.h"
#include "tests/unit/core/snapshot_builder.h"

#define TCP IPPROTO_TCP
#define UDP IPPROTO_UDP

/* Of the address RANGES; they are not in order, and some meet. */
static void add_ranges(struct snapshot_builder *builder, uint32_t service, enum family family)
{
	static const struct steering_ports ports[] = {
		{9002, 9010}, {443, 443}, {9000, 9001}, {8000, 8099}};
	const char *address = place_text(RANGES, family);

	snapshot_builder_service(builder, service, address, 9001, TCP, ABI_NONE, ABI_NONE);
	for (size_t i = 0; i < sizeof(ports) / sizeof(ports[0]); i++)
		snapshot_builder_listener(builder, service, address, ports[i].first, ports[i].last,
					  TCP);
	snapshot_builder_listener(builder, service, address, 1, 65535, UDP);
	snapshot_builder_listener(builder, service, address, 8000, 8099, UDP);
}

/* Indexes begin at `first`: each family has its own objects. */
static void add_family(struct snapshot_builder *builder, uint16_t first, enum family family)
{
	const uint16_t backends[] = {first, first + 1, first + 2};

	snapshot_builder_service(builder, first, place_text(SERVICE, family), 80, TCP, first,
				 first);
	snapshot_builder_service(builder, first + 1, place_text(SERVICE, family), 53, UDP, first,
				 ABI_NONE);
	add_ranges(builder, first + 2, family);
	snapshot_builder_backend(builder, first, place_text(DNAT_ONE, family), 8080, ABI_NONE)
		->flags = ABI_BACKEND_DNAT | ABI_BACKEND_TCP | ABI_BACKEND_UDP;
	snapshot_builder_backend(builder, first + 1, place_text(DNAT_ANY, family), 0, ABI_NONE)
		->flags = ABI_BACKEND_DNAT | ABI_BACKEND_TCP;
	snapshot_builder_backend(builder, first + 2, place_text(FULL_NAT, family), 8080, ABI_NONE)
		->flags = ABI_BACKEND_FULL_NAT | ABI_BACKEND_TCP;
	snapshot_builder_ring(builder, first, 7, backends, 3);
	snapshot_builder_local_pool(builder, first, place_text(LOCAL, family), 1, 2000, 3000);
	snapshot_builder_host(builder, place_text(HOST, family));
	snapshot_builder_host(builder, place_text(SERVICE, family));
	snapshot_builder_host(builder, place_text(LOCAL, family));
	snapshot_builder_group(builder, place_text(SERVICE, family), 1);
	snapshot_builder_group(builder, place_text(LOCAL, family), 2);
}

struct snapshot *steering_scene(void)
{
	struct snapshot_builder *builder = snapshot_builder_new();

	add_family(builder, 0, IPV4);
	add_family(builder, 3, IPV6);
	struct snapshot *snapshot = snapshot_builder_take(builder, 1);
	snapshot_builder_free(builder);
	return snapshot;
}
