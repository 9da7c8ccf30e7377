/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "tests/bench/samples.h"

#include "tests/bench/rows.h"
#include "tests/model/outcome.h"
#include "tests/model/parse.h"

#include <stdio.h>
#include <stdlib.h>

/* Of one burst, and of a second one that goes with it. */
#define FLOWS_MOST (2 * PACKET_BURST)

struct samples {
	struct bench_world *world;
	const char *row;
	struct model *model;
	struct model_tables tables; /* the objects that the world's generation was built from */
	uint32_t checked;
};

_Static_assert(BENCH_BACKENDS < MODEL_OBJECTS, "the model has room for backends and router");

static void fill_tables(struct model_tables *tables, struct snapshot_builder *builder)
{
	tables->settings = *snapshot_builder_settings(builder);
	tables->services[0] = snapshot_builder_get(builder, ABI_SERVICE, 0);
	tables->rings[0] = snapshot_builder_get(builder, ABI_RING, 0);
	tables->local_pools[0] = snapshot_builder_get(builder, ABI_LOCAL_POOL, 0);
	for (uint32_t i = 0; i < BENCH_BACKENDS; i++)
		tables->backends[i] = snapshot_builder_get(builder, ABI_BACKEND, i);
	for (uint32_t i = 0; i <= BENCH_BACKENDS; i++)
		tables->next_hops[i] = snapshot_builder_get(builder, ABI_NEXT_HOP, i);
}

struct samples *samples_new(struct bench_world *world, const char *row)
{
	struct samples *samples = calloc(1, sizeof(*samples));

	if (!samples)
		abort();
	samples->world = world;
	samples->row = row;
	samples->model = model_new(ENGINE_FEATURES, FLOWS_MOST);
	samples->model->port_count = world->engine.port_count;
	for (uint16_t i = 0; i < world->engine.port_count; i++) {
		struct model_port *port = &samples->model->ports[i];

		memcpy(port->mac, world->engine.ports[i].mac, sizeof(port->mac));
		port->mtu = world->engine.ports[i].mtu;
	}
	fill_tables(&samples->tables, world->builder);
	model_publish(samples->model, &samples->tables);
	return samples;
}

/* Says why the row's figures are worth nothing, and ends the program. */
static _Noreturn void refuse(const struct samples *samples, const char *why)
{
	fprintf(stderr, "%s: output %u of the %u that are checked: %s\n", samples->row,
		samples->checked + 1, SAMPLES, why);
	exit(EXIT_FAILURE);
}

uint32_t samples_end(struct samples *samples)
{
	uint32_t checked = samples->checked;

	if (checked != SAMPLES)
		refuse(samples, "there is none");
	model_free(samples->model);
	free(samples);
	return checked;
}

void samples_forget(struct samples *samples)
{
	samples->model->flow_count = 0;
}

/* A frame of the world's as it stands: just written, or just run. */
static void take(const struct bench_world *world, unsigned number, struct model_packet *out)
{
	const struct packet *packet = &world->packets[number];

	*out = (struct model_packet){
		.length = packet->length,
		.in_port = packet->in_port,
		.vlan = packet->vlan,
		.verdict = packet->verdict,
		.out_port = packet->out_port,
	};
	memcpy(out->frame, packet->data, packet->length);
}

static void write_and_take(struct bench_world *world, const struct bench_tuple *from,
			   uint8_t tcp_flags, struct model_packet *out)
{
	struct bench_tuple tuple = {0};

	/* Of IPv4 there is no more of it: BENCH_TUPLE_SIZE. */
	memcpy(&tuple, from, BENCH_TUPLE_SIZE(world->settings.family));
	tuple.tcp_flags = tcp_flags;
	bench_write(world, 0, &tuple);
	take(world, 0, out);
}

void samples_teach(struct samples *samples, const struct bench_tuple *client,
		   const struct bench_tuple *reply)
{
	const uint8_t syn = TCP_FLAG_SYN, ack = TCP_FLAG_ACK;
	struct model_packet handshake[3];
	struct model_headers headers = {0};

	write_and_take(samples->world, client, syn, &handshake[0]);
	write_and_take(samples->world, reply, syn | ack, &handshake[1]);
	write_and_take(samples->world, client, ack, &handshake[2]);
	/* What the engine drew for the flow is where its replies go. */
	model_parse(samples->model->features, handshake[1].frame, handshake[1].length, &headers);
	handshake[0].drew = true;
	handshake[0].drawn = headers.tuple.destination;
	for (unsigned i = 0; i < 3; i++) {
		model_run(samples->model, &handshake[i], 1, samples->world->now_ms);
		if (!outcome_is_sent(&handshake[i]))
			refuse(samples, "its burst has a flow that the model does not take");
	}
}

static void compare(struct samples *samples, const struct model_packet *before,
		    const struct model_packet *run, const struct model_packet *packet)
{
	const char *what = outcome_differs(run, packet);
	char why[128];

	if (!what && outcome_is_sent(run)) {
		samples->checked++;
		return;
	}
	outcome_print("as it came", before);
	outcome_print("engine", run);
	outcome_print("model", packet);
	/* A row whose packets are dropped measures something else. */
	if (!what)
		refuse(samples, "it is dropped, as the model would");
	snprintf(why, sizeof(why), "its %s is not the model's (of %u bytes the first %u are alike)",
		 what, run->length, outcome_first_byte(run, packet));
	refuse(samples, why);
}

void samples_run(struct samples *samples, unsigned count)
{
	struct bench_world *world = samples->world;
	struct model_packet before[PACKET_BURST], run[PACKET_BURST], packets[PACKET_BURST];

	for (unsigned i = 0; i < count; i++) {
		take(world, i, &before[i]);
		before[i].verdict = MODEL_NO_VERDICT; /* the last one's is still there */
	}
	bench_run(world, count);
	memcpy(packets, before, count * sizeof(packets[0]));
	for (unsigned i = 0; i < count; i++) {
		take(world, i, &run[i]);
		outcome_tell(samples->model, &run[i], &packets[i]);
	}
	model_run(samples->model, packets, count, world->now_ms);
	for (unsigned i = 0; i < count && samples->checked < SAMPLES; i++)
		compare(samples, &before[i], &run[i], &packets[i]);
	if (samples->model->impossible > 0)
		refuse(samples, "the burst before it drew a local port that it could not");
}
