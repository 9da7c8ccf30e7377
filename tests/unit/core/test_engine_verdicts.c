/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* Each verdict by the packet that earns it. */
#include "tests/unit/core/world.h"

#include <string.h>

struct row {
	const char *what;
	uint8_t verdict;
	uint16_t in_port;
	struct frame_spec spec;
};

/* Packets of no flow. Backends are on port 1, clients on port 0. */
static const struct row rows[] = {
	{"a client's SYN", ABI_VERDICT_TO_BACKEND, 0, {CLIENT, DNAT, 4000, 80, .flags = SYN}},
	{"no such port: Linux's", ABI_VERDICT_TO_LINUX, 0, {CLIENT, DNAT, 4000, 81, .flags = SYN}},
	{"no such protocol: Linux's",
	 ABI_VERDICT_TO_LINUX,
	 0,
	 {CLIENT, DNAT, 4000, 80, .protocol = UDP}},
	{"no such address: Linux's",
	 ABI_VERDICT_TO_LINUX,
	 0,
	 {CLIENT, SELF, 4000, 80, .flags = SYN}},
	{"full-nat data without a record",
	 ABI_VERDICT_NO_FLOW,
	 0,
	 {CLIENT, FULL_NAT, 4000, 80, .flags = ACK}},
	{"full-nat reset without a record",
	 ABI_VERDICT_NO_FLOW,
	 0,
	 {CLIENT, FULL_NAT, 4000, 80, .flags = RST}},
	{"dnat data without a record is adopted",
	 ABI_VERDICT_TO_BACKEND,
	 0,
	 {CLIENT, DNAT, 4001, 80, .flags = ACK}},
	{"so is its end", ABI_VERDICT_TO_BACKEND, 0, {CLIENT, DNAT, 4002, 80, .flags = FIN | ACK}},
	{"dnat reset without a record",
	 ABI_VERDICT_NO_FLOW,
	 0,
	 {CLIENT, DNAT, 4003, 80, .flags = RST}},
	{"SYN+ACK from a client",
	 ABI_VERDICT_NO_FLOW,
	 0,
	 {CLIENT, DNAT, 4004, 80, .flags = SYN | ACK}},
	{"to a local port without a record",
	 ABI_VERDICT_NO_FLOW,
	 1,
	 {"10.0.1.1", LOCAL, 9090, 2000, .flags = SYN | ACK}},
	{"below the local ports: Linux's",
	 ABI_VERDICT_TO_LINUX,
	 1,
	 {"10.0.1.1", LOCAL, 9090, 1023, .flags = SYN}},
	{"a dnat backend's reply without a record",
	 ABI_VERDICT_NO_FLOW,
	 1,
	 {"10.0.1.1", CLIENT, DNAT_PORT, 4100, .flags = SYN | ACK}},
	{"the same to this host: a health check's",
	 ABI_VERDICT_TO_LINUX,
	 1,
	 {"10.0.1.1", SELF, DNAT_PORT, 4100, .flags = SYN | ACK}},
	{"a dnat backend from another port: its own business",
	 ABI_VERDICT_TO_LINUX,
	 1,
	 {"10.0.1.1", CLIENT, 4444, 4100, .flags = SYN}},
	{"a full-nat backend from its port: likewise",
	 ABI_VERDICT_TO_LINUX,
	 1,
	 {"10.0.1.1", CLIENT, FULL_NAT_PORT, 4100, .flags = SYN}},
	{"to a dnat backend directly",
	 ABI_VERDICT_TO_LINUX,
	 0,
	 {CLIENT, "10.0.1.1", 4200, DNAT_PORT, .flags = SYN}},
	{"which is answered",
	 ABI_VERDICT_TO_LINUX,
	 1,
	 {"10.0.1.1", CLIENT, DNAT_PORT, 4200, .flags = SYN | ACK}},
	{"hop limit used up",
	 ABI_VERDICT_TTL_EXPIRED_TOLD,
	 0,
	 {CLIENT, DNAT, 4005, 80, .flags = SYN, .ttl = 1}},
	{"the least hop limit that passes",
	 ABI_VERDICT_TO_BACKEND,
	 0,
	 {CLIENT, DNAT, 4006, 80, .flags = SYN, .ttl = 2}},
	{"Linux judges its own hop limits",
	 ABI_VERDICT_TO_LINUX,
	 0,
	 {CLIENT, SELF, 4005, 22, .flags = SYN, .ttl = 1}},
	{"larger than the way out",
	 ABI_VERDICT_TOO_BIG_TOLD,
	 0,
	 {CLIENT, DNAT, 4007, 80, .flags = SYN, .payload = 1461}},
	{"as large as the way out",
	 ABI_VERDICT_TO_BACKEND,
	 0,
	 {CLIENT, DNAT, 4008, 80, .flags = SYN, .payload = 1460}},
	{"from a group", ABI_VERDICT_BAD_ADDRESS, 0, {"224.0.0.5", DNAT, 4009, 80, .flags = SYN}},
	{"from everybody",
	 ABI_VERDICT_BAD_ADDRESS,
	 0,
	 {"255.255.255.255", DNAT, 4009, 80, .flags = SYN}},
	{"from a loopback address",
	 ABI_VERDICT_BAD_ADDRESS,
	 0,
	 {"127.0.0.1", DNAT, 4009, 80, .flags = SYN}},
	{"from this network",
	 ABI_VERDICT_BAD_ADDRESS,
	 0,
	 {"0.0.0.1", DNAT, 4009, 80, .flags = SYN}},
	{"from port 0", ABI_VERDICT_BAD_ADDRESS, 0, {CLIENT, DNAT, 0, 80, .flags = SYN}},
	{"from itself", ABI_VERDICT_BAD_ADDRESS, 0, {DNAT, DNAT, 80, 80, .flags = SYN}},
	{"from our own address", ABI_VERDICT_BAD_ADDRESS, 0, {SELF, DNAT, 4009, 80, .flags = SYN}},
	{"from a local address that is not held",
	 ABI_VERDICT_BAD_ADDRESS,
	 0,
	 {"10.0.1.251", DNAT, 4009, 80, .flags = SYN}},
	{"first fragment to a service",
	 ABI_VERDICT_TO_BACKEND,
	 0,
	 {CLIENT, DNAT, 4000, 53, .protocol = UDP, .fragment = 0x2000}},
	{"first fragment to a local address",
	 ABI_VERDICT_NO_FLOW,
	 1,
	 {"10.0.1.1", LOCAL, 9090, 2000, .protocol = UDP, .fragment = 0x2000}},
	{"first fragment from a dnat backend",
	 ABI_VERDICT_NO_FLOW,
	 1,
	 {"10.0.1.1", CLIENT, DNAT_PORT, 9, .protocol = UDP, .fragment = 0x2000}},
	{"fragment from a dnat backend to this host",
	 ABI_VERDICT_TO_LINUX,
	 1,
	 {"10.0.1.1", SELF, 9, 9, .protocol = UDP, .fragment = 0x0010}},
	{"fragment to a dnat backend: of a direct connection",
	 ABI_VERDICT_TO_LINUX,
	 0,
	 {CLIENT, "10.0.1.1", 9, 9, .protocol = UDP, .fragment = 0x0010}},
	{"fragment of nobody",
	 ABI_VERDICT_TO_LINUX,
	 0,
	 {CLIENT, SELF, 9, 9, .protocol = UDP, .fragment = 0x2000}},
};

/* What a row says, of the half's family; an IPv6 header is 20 bytes longer. */
static struct frame_spec spec_in(const struct half *half, const struct frame_spec *ipv4)
{
	struct frame_spec spec = *ipv4;

	spec.source = half_twin(half, ipv4->source);
	spec.destination = half_twin(half, ipv4->destination);
	if (half->family == 6 && spec.payload > 1000)
		spec.payload -= 20;
	return spec;
}

static void packets_of_no_flow(void **state)
{
	const struct half *half = *state;
	struct world *world = world_new(100);
	uint64_t expected[ABI_VERDICT_MAX] = {0};

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct frame_spec spec = spec_in(half, &rows[i].spec);
		spec.mac_from = MAC_CLIENT;
		struct frame frame = frame_make(&spec);
		struct frame before = frame;
		uint8_t verdict = world_run(world, &frame, rows[i].in_port, NULL);
		if (verdict != rows[i].verdict)
			fail_msg("%s: %s, not %s", rows[i].what, abi_verdict_text(verdict),
				 abi_verdict_text(rows[i].verdict));
		if (verdict != ABI_VERDICT_TO_BACKEND && !abi_verdict_is_told(verdict) &&
		    memcmp(&frame, &before, sizeof(frame)))
			fail_msg("%s: the packet was changed", rows[i].what);
		expected[verdict]++;
	}
	assert_memory_equal(world->counters->verdicts, expected, sizeof(expected));
	world_check_law(world);
	world_free(world);
}

static struct abi_next_hop *next_hop_of(struct world *world, const struct half *half,
					unsigned backend)
{
	return snapshot_builder_get(world->builder, ABI_NEXT_HOP,
				    half->hop + HOP_BACKEND_1 + backend);
}

static void no_backend(void **state)
{
	const struct half *half = *state;
	struct world *world = world_new(100);
	const struct frame_spec syn = syn_to(half->dnat);
	struct abi_service *service =
		snapshot_builder_get(world->builder, ABI_SERVICE, half->service + SERVICE_DNAT_TCP);

	service->ring = half->ring + RING_NOBODY;
	world_publish(world);
	assert_int_equal(world_client(world, &syn, NULL), ABI_VERDICT_NO_BACKEND);
	service->ring = ABI_NONE;
	world_publish(world);
	assert_int_equal(world_client(world, &syn, NULL), ABI_VERDICT_NO_BACKEND);
	assert_int_equal(world->counters->services[half->service + SERVICE_DNAT_TCP].drops, 2);
	world_free(world);
}

static void no_next_hop(void **state)
{
	uint64_t backend_drops = 0;
	const struct half *half = *state;
	struct world *world = world_new(100);
	const struct frame_spec syn = syn_to(half->dnat);
	struct frame frame;

	for (unsigned i = 0; i < 3; i++)
		next_hop_of(world, half, i)->resolved = 0;
	world_publish(world);
	assert_int_equal(world_client(world, &syn, NULL), ABI_VERDICT_NO_NEXT_HOP);
	assert_int_equal(world_flow_count(world), 0);
	assert_int_equal(world->counters->services[half->service + SERVICE_DNAT_TCP].drops, 1);
	for (unsigned i = 0; i < 3; i++)
		backend_drops += world->counters->backends[half->backend + i].drops;
	assert_int_equal(backend_drops, 1);

	for (unsigned i = 0; i < 3; i++)
		next_hop_of(world, half, i)->resolved = 1;
	world_publish(world);
	assert_int_equal(world_client(world, &syn, &frame), ABI_VERDICT_TO_BACKEND);
	for (uint32_t i = 0; i < 3; i++)
		((struct abi_backend *)snapshot_builder_get(world->builder, ABI_BACKEND,
							    half->backend + i))
			->next_hop = ABI_NONE;
	world_publish(world);
	assert_int_equal(world_client(world, &syn, NULL), ABI_VERDICT_NO_NEXT_HOP);
	world_check_law(world);
	world_free(world);
}

/* What is established stays, and what is new finds no room. */
static void flow_table_full(void **state)
{
	const struct half *half = *state;
	struct world *world = world_new(3);
	struct frame_spec spec = syn_to(half->dnat);

	spec.flags = ACK; /* adopted: established from the first packet on */
	for (unsigned i = 0; i < 3; i++) {
		spec.source_port = (uint16_t)(100 + i);
		assert_int_equal(world_client(world, &spec, NULL), ABI_VERDICT_TO_BACKEND);
	}
	spec.source_port = 200;
	assert_int_equal(world_client(world, &spec, NULL), ABI_VERDICT_FLOW_TABLE_FULL);
	spec.flags = SYN;
	assert_int_equal(world_client(world, &spec, NULL), ABI_VERDICT_FLOW_TABLE_FULL);
	spec.flags = ACK;
	spec.source_port = 101;
	assert_int_equal(world_client(world, &spec, NULL), ABI_VERDICT_TO_BACKEND);
	struct frame direct = frame_make(&(struct frame_spec){.source = half->client,
							      .destination = half->backends[0],
							      .source_port = 1,
							      .destination_port = DNAT_PORT});
	assert_int_equal(world_run(world, &direct, 0, NULL), ABI_VERDICT_FLOW_TABLE_FULL);
	assert_int_equal(world->counters->evicted, 0);
	assert_int_equal(world->counters->services[half->service + SERVICE_DNAT_TCP].drops, 2);
	/* The other family has its own room. */
	const struct half *other = &halves[half->family == 4 ? FAMILY_IPV6 : FAMILY_IPV4];
	spec = syn_to(other->dnat);
	assert_int_equal(world_client(world, &spec, NULL), ABI_VERDICT_TO_BACKEND);
	world_check_law(world);
	world_free(world);
}

/* The next hop's own MTU counts when it is smaller than the port's. */
static void mtu_of_the_next_hop(void **state)
{
	const struct half *half = *state;
	struct world *world = world_new(10);
	const struct frame_spec syn = syn_to(half->dnat);
	struct frame_spec spec = syn;
	const uint32_t header = (half->family == 4 ? 20 : 40) + 20;

	for (unsigned i = 0; i < 3; i++)
		next_hop_of(world, half, i)->mtu = 1400;
	world_publish(world);
	spec.payload = (uint16_t)(1400 - header + 1);
	assert_int_equal(world_client(world, &spec, NULL), ABI_VERDICT_TOO_BIG_TOLD);
	spec.payload = (uint16_t)(1400 - header);
	assert_int_equal(world_client(world, &spec, NULL), ABI_VERDICT_TO_BACKEND);
	world_free(world);
}

/* A direct connection of the client port that a dnat flow already has at this backend. */
static void direct_meets_dnat(void **state)
{
	const struct half *half = *state;
	struct world *world = world_new(100);
	const struct frame_spec syn = syn_to(half->dnat);
	struct frame frame, answer;

	world_client(world, &syn, &frame);
	struct frame direct =
		frame_make(&(struct frame_spec){half->client, half->backends[frame_backend(&frame)],
						4000, DNAT_PORT, .flags = SYN});
	assert_int_equal(world_run(world, &direct, 0, NULL), ABI_VERDICT_REPLY_TUPLE_TAKEN);
	assert_int_equal(world_answer(world, &frame, SYN | ACK, &answer), ABI_VERDICT_TO_CLIENT);
	/* Once the flow is closing, a new connection has the port, and nothing else has. */
	assert_int_equal(world_answer(world, &frame, RST, &answer), ABI_VERDICT_TO_CLIENT);
	struct frame data =
		frame_make(&(struct frame_spec){half->client, half->backends[frame_backend(&frame)],
						4000, DNAT_PORT, .flags = ACK});
	assert_int_equal(world_run(world, &data, 0, NULL), ABI_VERDICT_REPLY_TUPLE_TAKEN);
	direct =
		frame_make(&(struct frame_spec){half->client, half->backends[frame_backend(&frame)],
						4000, DNAT_PORT, .flags = SYN});
	assert_int_equal(world_run(world, &direct, 0, NULL), ABI_VERDICT_TO_LINUX);
	world_check_law(world);
	world_free(world);
}

static void without_tables_all_is_linuxs(void **state)
{
	const struct half *half = *state;
	struct world *world = world_new(100);
	const struct frame_spec syn = syn_to(half->dnat);

	engine_use(&world->engine, NULL);
	assert_int_equal(world_client(world, &syn, NULL), ABI_VERDICT_TO_LINUX);
	engine_age(&world->engine, world->now_ms + 100000);
	world_check_law(world);
	world_free(world);
}

/* The engine chooses by itself on a port that nothing guards. */
static void unsteered_port(void **state)
{
	const struct half *half = *state;
	struct world *world = world_new(100);
	const struct frame_spec syn = syn_to(half->dnat);
	struct frame_spec spec = syn;

	world->engine.ports[0].unsteered = 1;
	assert_int_equal(world_client(world, &spec, NULL), ABI_VERDICT_TO_BACKEND);
	spec.source = half->client;
	spec.mac_to = 0x77;
	struct frame frame = frame_make(&spec);
	assert_int_equal(world_run(world, &frame, 0, NULL), ABI_VERDICT_TO_LINUX);
	world->engine.ports[0].any_mac = 1;
	assert_int_equal(world_run(world, &frame, 0, NULL), ABI_VERDICT_TO_BACKEND);
	/* What is malformed is Linux's there, but not where steering has judged it. */
	frame = frame_make(&spec);
	frame_data(&frame)[14] = half->family == 4 ? 0x44 : 0x50;
	assert_int_equal(world_run(world, &frame, 0, NULL), ABI_VERDICT_TO_LINUX);
	world->engine.ports[0].unsteered = 0;
	assert_int_equal(world_run(world, &frame, 0, NULL), ABI_VERDICT_BAD_IP_HEADER);
	world_check_law(world);
	world_free(world);
}

static void times_are_counted_by_powers_of_two(void **state)
{
	static const struct {
		uint64_t cycles;
		unsigned bucket;
	} cases[] = {{0, 0}, {1, 0}, {2, 1}, {3, 1}, {4, 2}, {1023, 9}, {1024, 10}};
	struct world *world = world_new(1);
	uint64_t cycles = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t before = world->counters->latency[cases[i].bucket];

		engine_count_latency(&world->engine, cases[i].cycles, 32);
		assert_int_equal(world->counters->latency[cases[i].bucket], before + 32);
		cycles += 32 * cases[i].cycles;
	}
	assert_int_equal(world->counters->latency_cycles, cycles);
	engine_count_latency(&world->engine, UINT64_MAX, 1);
	assert_int_equal(world->counters->latency[63], 1);
	world_free(world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		OF_BOTH_FAMILIES(packets_of_no_flow),
		OF_BOTH_FAMILIES(no_backend),
		OF_BOTH_FAMILIES(no_next_hop),
		OF_BOTH_FAMILIES(flow_table_full),
		OF_BOTH_FAMILIES(mtu_of_the_next_hop),
		OF_BOTH_FAMILIES(direct_meets_dnat),
		OF_BOTH_FAMILIES(without_tables_all_is_linuxs),
		OF_BOTH_FAMILIES(unsteered_port),
		cmocka_unit_test(times_are_counted_by_powers_of_two),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
