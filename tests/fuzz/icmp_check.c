/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "tests/fuzz/icmp_check.h"

#include "dataplane/core/flow_file.h"
#include "dataplane/core/wire.h"
#include "tests/model/parse.h"

#include <stdlib.h>
#include <string.h>

#define CAPACITY 16 /* flows of a family */

/* Where the parts of a message lie in its frame. */
struct parts {
	struct model_headers headers;
	uint32_t message, inside, transport; /* of the latter two: inside */
	uint32_t checksum;                   /* TCP's or UDP's inside; 0: not quoted */
};

static struct icmp_ends ends_of(struct frame *frame)
{
	return (struct icmp_ends){frame_source(frame), frame_destination(frame),
				  frame_source_port(frame), frame_destination_port(frame)};
}

struct icmp_ends icmp_ends_turned(const struct icmp_ends *ends)
{
	return (struct icmp_ends){ends->destination, ends->source, ends->destination_port,
				  ends->source_port};
}

static bool are_equal(const struct icmp_ends *a, const struct icmp_ends *b)
{
	return ip_address_is_equal(&a->source, &b->source) &&
	       ip_address_is_equal(&a->destination, &b->destination) &&
	       a->source_port == b->source_port && a->destination_port == b->destination_port;
}

static void begin_flow(struct world *world, const struct half *half, bool full_nat, bool is_udp,
		       struct icmp_flow *flow)
{
	const char *service = full_nat ? half->full_nat : half->dnat;
	struct frame_spec spec = is_udp ? ask(service) : syn_to(service);
	struct frame sent, answer;

	spec.source = half->client;
	struct frame request = frame_make(&spec);
	assert_true(world_client(world, &spec, &sent) == ABI_VERDICT_TO_BACKEND);
	assert_true(world_answer(world, &sent, SYN | ACK, &answer) == ABI_VERDICT_TO_CLIENT);
	*flow = (struct icmp_flow){.half = half,
				   .client_side = ends_of(&request),
				   .backend_side = ends_of(&sent),
				   .protocol = is_udp ? UDP : TCP,
				   .full_nat = full_nat};
}

struct icmp_site *icmp_site_open(void)
{
	static const uint32_t capacities[FAMILY_COUNT] = {CAPACITY, CAPACITY};
	struct icmp_site *site = calloc(1, sizeof(*site));

	assert_true(site != NULL);
	site->world = world_new(CAPACITY);
	for (unsigned i = 0; i < ICMP_FLOWS; i++)
		begin_flow(site->world, &halves[i & 1], (i & 2) != 0, (i & 4) != 0,
			   &site->flows[i]);
	/* Had a flow been kept alive, or ended, its record would say so. */
	site->world->now_ms += 3000;
	site->flows_size = flow_file_size(1, capacities);
	site->flows_before = malloc(site->flows_size);
	assert_true(site->flows_before != NULL);
	memcpy(site->flows_before, site->world->flows_file, site->flows_size);
	return site;
}

/* `frame` is an error that was sent on: so it is one, with ports inside. */
static struct parts find_parts(struct frame *frame)
{
	const uint8_t *bytes = frame_data(frame);
	struct parts parts = {0};
	struct model_ip inner;

	assert_true(model_parse(ENGINE_FEATURES, bytes, frame->length, &parts.headers) ==
		    MODEL_NO_VERDICT);
	assert_true(parts.headers.kind == MODEL_ICMP_ERROR && parts.headers.has_ports);
	parts.message = parts.headers.transport;
	parts.inside = parts.message + 8;
	uint32_t end = ETHERNET + parts.headers.ip_length, said = 0;
	const uint8_t *message = bytes + parts.message;
	if (parts.headers.family == 4) {
		model_read_ipv4(bytes + parts.inside, &inner);
		said = message[5] * 4u;
	} else {
		model_read_ipv6(bytes + parts.inside, end - parts.inside, &inner);
		if (message[0] == 1 || message[0] == 3)
			said = message[4] * 8u;
	}
	if (said != 0 && parts.inside + said < end)
		end = parts.inside + said;
	parts.transport = parts.inside + inner.header_size;
	parts.checksum = parts.transport + (inner.protocol == PROTO_UDP ? 6 : 16);
	if (parts.checksum + 2 > end)
		parts.checksum = 0;
	return parts;
}

static struct icmp_ends ends_inside(struct frame *frame, const struct parts *parts)
{
	const uint8_t *bytes = frame_data(frame), *ip = bytes + parts->inside;
	struct icmp_ends ends = {
		.source_port = (uint16_t)model_get16(bytes + parts->transport),
		.destination_port = (uint16_t)model_get16(bytes + parts->transport + 2),
	};

	if (parts->headers.family == 4) {
		ends.source = ip_address_of_ipv4(wire_load32(ip + 12));
		ends.destination = ip_address_of_ipv4(wire_load32(ip + 16));
	} else {
		ends.source = ip_address_load(ip + 8);
		ends.destination = ip_address_load(ip + 24);
	}
	return ends;
}

/* The flow whose packet, as we sent it, lies inside. */
static const struct icmp_flow *find_flow(const struct icmp_site *site,
					 const struct icmp_ends *inside, uint8_t protocol,
					 bool to_client)
{
	for (unsigned i = 0; i < ICMP_FLOWS; i++) {
		const struct icmp_flow *flow = &site->flows[i];
		struct icmp_ends turned = icmp_ends_turned(&flow->client_side);

		if (flow->protocol == protocol &&
		    are_equal(to_client ? &flow->backend_side : &turned, inside))
			return flow;
	}
	return NULL;
}

/* Inside and outside, as its receiver knows the flow. */
static void check_ends(const struct icmp_site *site, struct frame *before, struct frame *after,
		       const struct parts *parts, bool to_client)
{
	struct icmp_ends was = ends_inside(before, parts), is = ends_inside(after, parts);
	const struct icmp_flow *flow =
		find_flow(site, &was, parts->headers.tuple.protocol, to_client);

	assert_true(flow != NULL);
	struct icmp_ends turned = icmp_ends_turned(&flow->backend_side);
	assert_true(are_equal(&is, to_client ? &flow->client_side : &turned));
	struct ip_address receiver = frame_destination(before);
	assert_true(ip_address_is_equal(&receiver, &was.source));
	struct ip_address source = frame_source(after), destination = frame_destination(after);
	assert_true(ip_address_is_equal(&destination, &is.source));
	/* Who told is shown to backends of dnat alone. */
	struct ip_address teller = frame_source(before);
	if (to_client || flow->full_nat)
		teller = is.destination;
	assert_true(ip_address_is_equal(&source, &teller));
}

static void check_others(struct frame *before, struct frame *after, const struct parts *parts)
{
	static bool may_change[FRAME_ROOM];
	bool is_ipv4 = parts->headers.family == 4;
	const struct {
		uint32_t at, size;
	} ranges[] = {
		{0, 12}, /* MACs */
		{ETHERNET + (is_ipv4 ? 8 : 7), 1},
		{ETHERNET + (is_ipv4 ? 10 : 8), is_ipv4 ? 2 : 32},
		{ETHERNET + 12, is_ipv4 ? 8 : 0},
		{parts->message + 2, 2},
		{parts->inside + (is_ipv4 ? 10 : 8), is_ipv4 ? 2 : 32},
		{parts->inside + 12, is_ipv4 ? 8 : 0},
		{parts->transport, 4},
		{parts->checksum, parts->checksum != 0 ? 2 : 0},
	};

	memset(may_change, 0, sizeof(may_change));
	for (unsigned i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
		memset(may_change + ranges[i].at, true, ranges[i].size);
	for (uint32_t i = 0; i < after->length; i++)
		assert_true(may_change[i] || frame_data(before)[i] == frame_data(after)[i]);
	uint32_t hop_limit = ETHERNET + (is_ipv4 ? 8 : 7);
	assert_true(frame_data(after)[hop_limit] == frame_data(before)[hop_limit] - 1);
}

static uint32_t sum_of(const uint8_t *bytes, uint32_t size)
{
	uint32_t sum = 0;

	for (uint32_t i = 0; i + 1 < size; i += 2)
		sum += model_get16(bytes + i);
	return sum;
}

/* What is covered by TCP's or UDP's checksum inside and may change, and it itself. */
static uint32_t sum_inside(struct frame *frame, const struct parts *parts)
{
	const uint8_t *bytes = frame_data(frame);
	bool is_ipv4 = parts->headers.family == 4;

	return sum_of(bytes + parts->inside + (is_ipv4 ? 12 : 8), is_ipv4 ? 8 : 32) +
	       sum_of(bytes + parts->transport, 4) + sum_of(bytes + parts->checksum, 2);
}

/* Sums that differ by nothing are as right, or as wrong, as each other. */
static void check_sums(struct frame *before, struct frame *after, const struct parts *parts)
{
	assert_true(frame_is_right(before) == frame_is_right(after));
	if (parts->headers.family == 4)
		assert_true(sum_of(frame_data(before) + parts->inside, 20) % 0xffff ==
			    sum_of(frame_data(after) + parts->inside, 20) % 0xffff);
	if (parts->checksum == 0)
		return;
	if (parts->headers.tuple.protocol == PROTO_UDP &&
	    model_get16(frame_data(before) + parts->checksum) == 0)
		assert_true(model_get16(frame_data(after) + parts->checksum) == 0);
	else
		assert_true(sum_inside(before, parts) % 0xffff ==
			    sum_inside(after, parts) % 0xffff);
}

static void check_sent(const struct icmp_site *site, struct frame *before,
		       const struct packet *packet)
{
	bool to_client = packet->verdict == ABI_VERDICT_TO_CLIENT;
	struct frame after = {.length = packet->length};

	struct parts parts = find_parts(before);
	assert_true(packet->length == ETHERNET + parts.headers.ip_length);
	assert_true(packet->out_port == (to_client ? 0 : 1));
	assert_true(packet->vlan == 0 && packet->outer_vlan == 0);
	memcpy(frame_data(&after), packet->data, packet->length);
	assert_int_equal(packet->data[11], to_client ? MAC_PORT_0 : MAC_PORT_1);
	assert_int_equal(packet->data[5], to_client ? MAC_CLIENT : 0xb1u + frame_backend(&after));
	check_ends(site, before, &after, &parts, to_client);
	check_others(before, &after, &parts);
	check_sums(before, &after, &parts);
}

void icmp_site_run(struct icmp_site *site, struct frame *error, struct packet *packet)
{
	struct world *world = site->world;
	const struct packet before = *packet;
	uint64_t counted[ABI_VERDICT_MAX];
	uint8_t *copy = malloc(packet->length);

	assert_true(copy != NULL);
	memcpy(copy, packet->data, packet->length);
	memcpy(counted, world->counters->verdicts, sizeof(counted));
	engine_run(&world->engine, packet, 1, world->now_ms);
	world->packets++;
	world_check_law(world);
	assert_true(packet->verdict < ABI_VERDICT_COUNT &&
		    world->counters->verdicts[packet->verdict] == counted[packet->verdict] + 1);
	assert_true(world->counters->generated == 0 && !abi_verdict_is_told(packet->verdict));
	if (abi_verdict_is_sent(packet->verdict)) {
		check_sent(site, error, packet);
	} else {
		assert_true(packet->data == before.data && packet->length == before.length);
		assert_true(packet->vlan == before.vlan &&
			    memcmp(copy, packet->data, packet->length) == 0);
	}
	assert_true(memcmp(site->flows_before, world->flows_file, site->flows_size) == 0);
	free(copy);
}
