/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * Every packet of tests/vectors/make_vectors.py (its output is the argument)
 * through the engine, compared byte for byte with what the oracle says must
 * come out.
 */
#include "tests/unit/core/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MSS_CLAMP 1360 /* of make_vectors.py */
#define LINE_ROOM (4 * FRAME_ROOM + 400)

struct end {
	char address[46]; /* as text, of either family */
	uint16_t port;
};

struct vector {
	unsigned number, family;
	char kind[24], forwarding[16], direction[16], protocol[8];
	struct end client, service, local, backend;
	struct frame in, expected;
};

static struct end read_end(const char *text)
{
	struct end end;
	unsigned port;

	assert_int_equal(
		sscanf(text, *text == '[' ? "[%45[^]]]:%u" : "%45[0-9.]:%u", end.address, &port),
		2);
	end.port = (uint16_t)port;
	return end;
}

static void read_frame(const char *hex, struct frame *frame)
{
	frame->length = (uint32_t)strlen(hex) / 2;
	assert_in_range(frame->length, 34, FRAME_ROOM - PACKET_HEADROOM);
	for (uint32_t i = 0; i < frame->length; i++) {
		unsigned byte;
		assert_int_equal(sscanf(hex + 2 * i, "%2x", &byte), 1);
		frame_data(frame)[i] = (uint8_t)byte;
	}
}

static void read_vector(char *line, struct vector *vector)
{
	const char *words[12];
	unsigned count = 0;

	for (char *word = strtok(line, " \n"); word != NULL; word = strtok(NULL, " \n")) {
		assert_true(count < 12);
		words[count++] = word;
	}
	assert_int_equal(count, 12);
	vector->number = (unsigned)atoi(words[0]);
	vector->family = (unsigned)atoi(words[1]);
	snprintf(vector->kind, sizeof(vector->kind), "%s", words[2]);
	snprintf(vector->forwarding, sizeof(vector->forwarding), "%s", words[3]);
	snprintf(vector->direction, sizeof(vector->direction), "%s", words[4]);
	snprintf(vector->protocol, sizeof(vector->protocol), "%s", words[5]);
	vector->client = read_end(words[6]);
	vector->service = read_end(words[7]);
	vector->local = read_end(words[8]);
	vector->backend = read_end(words[9]);
	read_frame(words[10], &vector->in);
	read_frame(words[11], &vector->expected);
}

/* Tables with the vector's one service, one backend and, for full NAT, one local port. */
static struct snapshot *tables_for(const struct world *world, const struct vector *vector)
{
	struct snapshot_builder *builder = snapshot_builder_new();
	uint8_t protocol = strcmp(vector->protocol, "tcp") == 0 ? TCP : UDP;
	bool full_nat = strcmp(vector->forwarding, "full-nat") == 0;

	snapshot_builder_next_hop(builder, 0, vector->backend.address, 1, 0xb1);
	snapshot_builder_backend(builder, 0, vector->backend.address, vector->backend.port, 0)
		->flags = full_nat ? ABI_BACKEND_FULL_NAT
				   : ABI_BACKEND_DNAT | ABI_BACKEND_TCP | ABI_BACKEND_UDP;
	snapshot_builder_ring(builder, 0, 3, (uint16_t[]){0}, 1);
	if (full_nat)
		snapshot_builder_local_pool(builder, 0, vector->local.address, 1,
					    vector->local.port, vector->local.port);
	struct abi_service *service =
		snapshot_builder_service(builder, 0, vector->service.address, vector->service.port,
					 protocol, 0, full_nat ? 0 : ABI_NONE);
	if (strcmp(vector->kind, "mss") == 0)
		service->mss_clamp = MSS_CLAMP;
	struct snapshot *snapshot =
		snapshot_builder_take_for(builder, world->engine.ports, world->engine.port_count);
	snapshot_builder_free(builder);
	return snapshot;
}

/* The client's first packet, so that there is a flow. */
static void open_flow(struct world *world, const struct vector *vector)
{
	struct frame frame = frame_make(&(struct frame_spec){
		.source = vector->client.address,
		.destination = vector->service.address,
		.source_port = vector->client.port,
		.destination_port = vector->service.port,
		.protocol = strcmp(vector->protocol, "tcp") == 0 ? TCP : UDP,
		.flags = SYN,
		.mac_from = MAC_CLIENT,
		.mac_to = MAC_PORT_0,
	});

	if (world_run(world, &frame, 0, NULL) != ABI_VERDICT_TO_BACKEND)
		fail_msg("vector %u: its flow was not opened", vector->number);
}

static void explain(const struct vector *vector, struct frame *in)
{
	for (uint32_t i = 0; i < in->length && i < vector->expected.length; i++)
		if (frame_data(in)[i] != vector->expected.room[PACKET_HEADROOM + i])
			fail_msg("vector %u (%s, %s, %s, %s): byte %u is %02x, must be %02x",
				 vector->number, vector->kind, vector->forwarding,
				 vector->direction, vector->protocol, i, frame_data(in)[i],
				 vector->expected.room[PACKET_HEADROOM + i]);
	fail_msg("vector %u (%s): %u bytes, must be %u", vector->number, vector->kind, in->length,
		 vector->expected.length);
}

/* By the kind: sent on, or back with a message. */
static uint8_t verdict_of(const struct vector *vector)
{
	if (strcmp(vector->kind, "too-big") == 0)
		return ABI_VERDICT_TOO_BIG_TOLD;
	if (strcmp(vector->kind, "expired") == 0)
		return ABI_VERDICT_TTL_EXPIRED_TOLD;
	return strcmp(vector->direction, "to-backend") == 0 ? ABI_VERDICT_TO_BACKEND
							    : ABI_VERDICT_TO_CLIENT;
}

static void run_vector(struct world *world, struct vector *vector)
{
	bool to_backend = strcmp(vector->direction, "to-backend") == 0;
	struct snapshot *snapshot = tables_for(world, vector);
	uint16_t in_port = to_backend ? 0 : 1, out_port;

	engine_use(&world->engine, snapshot);
	open_flow(world, vector);
	uint8_t verdict = world_run(world, &vector->in, in_port, &out_port);
	if (verdict != verdict_of(vector))
		fail_msg("vector %u (%s): %s", vector->number, vector->kind,
			 abi_verdict_text(verdict));
	assert_int_equal(out_port, abi_verdict_is_told(verdict) ? in_port : 1 - in_port);
	if (vector->in.length != vector->expected.length ||
	    memcmp(frame_data(&vector->in), frame_data(&vector->expected), vector->in.length) != 0)
		explain(vector, &vector->in);
	world_wait(world, 8000000);
	assert_int_equal(world_flow_count(world), 0);
	engine_use(&world->engine, world->snapshot);
	snapshot_release(snapshot);
}

static const char *vectors_path;

static void packets_come_out_as_the_oracle_says(void **state)
{
	FILE *file = fopen(vectors_path, "r");
	char *line = malloc(LINE_ROOM);
	struct world *world = world_new(4);
	unsigned counts[2] = {0}; /* of IPv4, of IPv6 */

	(void)state;
	assert_non_null(file);
	world->engine.ports[0].learn_from_anyone = 1;
	while (fgets(line, LINE_ROOM, file) != NULL) {
		struct vector vector;
		read_vector(line, &vector);
		run_vector(world, &vector);
		counts[vector.family == 6]++;
	}
	assert_true(counts[0] >= 1000 && counts[1] >= 1000);
	world_check_law(world);
	world_free(world);
	free(line);
	fclose(file);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packets_come_out_as_the_oracle_says),
	};

	if (argc != 2) {
		fprintf(stderr, "usage: %s VECTORS\n", argv[0]);
		return 2;
	}
	vectors_path = argv[1];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
