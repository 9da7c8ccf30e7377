/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "tests/unit/publish/traffic.h"

#include "dataplane/core/engine.h"
#include "dataplane/core/flow_file.h"
#include "dataplane/core/fragments.h"
#include "tests/unit/core/check.h"
#include "tests/unit/core/frames.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#define CAPACITY 256
#define PORTS    2
#define CLIENTS  20

struct traffic {
	struct engine engine;
	struct abi_counters_block *counters;
	void *file, *working[FAMILY_COUNT], *fragments;
	uint64_t now_ms;
	uint16_t round;
	struct frame frames[PACKET_BURST];
	struct packet packets[PACKET_BURST];
	unsigned count;
};

static void *zeroed(size_t alignment, size_t size)
{
	void *memory = aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);

	assert_non_null(memory);
	return memset(memory, 0, size);
}

struct traffic *traffic_open(void)
{
	static const uint64_t secret[2] = {3, 5};
	static const uint32_t capacities[FAMILY_COUNT] = {CAPACITY, CAPACITY};
	struct traffic *traffic = calloc(1, sizeof(*traffic));

	assert_non_null(traffic);
	traffic->now_ms = 1000000;
	traffic->file = zeroed(4096, flow_file_size(1, capacities));
	traffic->counters = zeroed(ABI_CACHE_LINE, sizeof(*traffic->counters));
	traffic->engine = (struct engine){
		.counters = traffic->counters,
		.port_count = PORTS,
		.random = {1, 2},
		.ports = {{.mac = {2, 0, 0, 0, 0, 0xa0}, .mtu = 1500, .unsteered = 1},
			  {.mac = {2, 0, 0, 0, 0, 0xa1}, .mtu = 1500}},
	};
	engine_set_isa(&traffic->engine, engine_best_isa());
	struct abi_flows *file = flow_file_format(traffic->file, 1, capacities, secret);
	for (unsigned i = 0; i < FAMILY_COUNT; i++) {
		traffic->working[i] = zeroed(ABI_CACHE_LINE, flow_table_working_size(CAPACITY));
		traffic->engine.flows[i] =
			flow_table_open(traffic->working[i], file, 0, i, traffic->now_ms);
	}
	traffic->fragments = zeroed(ABI_CACHE_LINE, fragments_size());
	traffic->engine.fragments = fragments_open(traffic->fragments, secret, 0, 1, 0);
	return traffic;
}

void traffic_close(struct traffic *traffic)
{
	free(traffic->file);
	for (unsigned i = 0; i < FAMILY_COUNT; i++)
		free(traffic->working[i]);
	free(traffic->fragments);
	free(traffic->counters);
	free(traffic);
}

static void add(struct traffic *traffic, uint16_t port, const struct frame_spec *spec)
{
	struct frame *frame = &traffic->frames[traffic->count];

	*frame = frame_make(spec);
	traffic->packets[traffic->count++] = (struct packet){.data = frame_data(frame),
							     .length = frame->length,
							     .in_port = port,
							     .verdict = 0xff};
}

static void add_client(struct traffic *traffic, unsigned number, uint8_t flags)
{
	add(traffic, 0,
	    &(struct frame_spec){.source = number % 2 ? "198.51.100.77" : "203.0.113.9",
				 .destination = "198.51.100.10",
				 .source_port = (uint16_t)(2000 + traffic->round % 64 + number),
				 .destination_port = number % 3 ? 80 : 81,
				 .flags = flags,
				 .mac_from = 1,
				 .mac_to = 0xa0});
}

/* What went to a backend comes back, with the ends exchanged. */
static void add_answer(struct traffic *traffic, struct frame *request, uint8_t flags)
{
	const uint8_t *sent = frame_data(request);
	struct frame *frame = &traffic->frames[traffic->count];
	uint8_t *data = frame_data(frame);

	*frame = frame_make(&(struct frame_spec){.source = "10.0.0.11",
						 .destination = "10.0.0.250",
						 .flags = flags,
						 .mac_from = 11,
						 .mac_to = 0xa1});
	memcpy(data + 26, sent + 30, 4);
	memcpy(data + 30, sent + 26, 4);
	memcpy(data + 34, sent + 36, 2);
	memcpy(data + 36, sent + 34, 2);
	frame_fix_checksums(frame);
	traffic->packets[traffic->count++] = (struct packet){
		.data = data, .length = frame->length, .in_port = 1, .verdict = 0xff};
}

static void add_strays(struct traffic *traffic)
{
	static const char *const addresses[] = {"10.0.0.11", "10.0.0.250", "198.51.100.10",
						"192.0.2.1", "10.0.0.13"};

	for (unsigned i = 0; i < 5; i++)
		add(traffic, (uint16_t)(i % PORTS),
		    &(struct frame_spec){.source = addresses[(i + traffic->round) % 5],
					 .destination = addresses[i],
					 .source_port = 8080,
					 .destination_port = (uint16_t)(i % 2 ? 80 : 2000 + i),
					 .protocol = i % 2 ? IPPROTO_TCP : IPPROTO_UDP,
					 .mac_from = (uint8_t)(i + 9),
					 .mac_to = (uint8_t)(0xa0 + i % PORTS)});
}

static unsigned run(struct traffic *traffic)
{
	unsigned sent = 0;

	engine_run(&traffic->engine, traffic->packets, traffic->count, traffic->now_ms);
	for (unsigned i = 0; i < traffic->count; i++) {
		const struct packet *packet = &traffic->packets[i];

		assert_true(packet->verdict < ABI_VERDICT_COUNT);
		if (packet->verdict != ABI_VERDICT_TO_BACKEND &&
		    packet->verdict != ABI_VERDICT_TO_CLIENT)
			continue;
		assert_true(packet->out_port < PORTS);
		sent++;
	}
	return sent;
}

unsigned traffic_run(struct traffic *traffic, const struct snapshot *snapshot)
{
	struct frame forwarded[PACKET_BURST];
	unsigned requests = 0, sent;

	/* It may lie where one lay that has been freed: to the engine it is another. */
	engine_use(&traffic->engine, NULL);
	engine_use(&traffic->engine, snapshot);
	traffic->round++;
	traffic->now_ms += 50;
	traffic->count = 0;
	for (unsigned i = 0; i < CLIENTS; i++)
		add_client(traffic, i, i % 4 == 3 ? ACK : SYN);
	add_strays(traffic);
	sent = run(traffic);
	for (unsigned i = 0; i < CLIENTS; i++)
		if (traffic->packets[i].verdict == ABI_VERDICT_TO_BACKEND)
			forwarded[requests++] = traffic->frames[i];
	traffic->count = 0;
	for (unsigned i = 0; i < requests; i++)
		add_answer(traffic, &forwarded[i], traffic->round % 5 == 4 ? RST : SYN | ACK);
	sent += run(traffic);
	for (unsigned i = 0; i < 16; i++)
		engine_age(&traffic->engine, traffic->now_ms);
	return sent;
}
