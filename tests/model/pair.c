/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "tests/model/pair.h"

#include "tests/model/outcome.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Calls of engine_age() within which it must have ended all that is over. */
#define AGES_MOST 100000

/* Ticks wrap on the way: they are modulo 2^32. */
#define BEGINNING (((1ull << 32) - 1000) * ABI_FLOW_TICK_MS)

struct pair *pair_new(const struct pair_setup *setup)
{
	struct pair *pair = calloc(1, sizeof(*pair));

	if (!pair)
		abort();
	pair->now_ms = BEGINNING;
	pair->engine = engine_side_new(setup->ports, setup->port_count, setup->flow_capacity,
				       pair->now_ms);
	pair->model = model_new(setup->features, setup->flow_capacity);
	memcpy(pair->model->ports, setup->ports, setup->port_count * sizeof(setup->ports[0]));
	pair->model->port_count = setup->port_count;
	pair->model->oracle =
		(struct model_oracle){.has_flow = engine_side_has_flow, .context = pair->engine};
	if (setup->owner) {
		engine_side_be_worker(pair->engine, setup->owner, setup->number, setup->foreign);
		pair->model->oracle.leads_here = engine_side_leads_here;
		pair->model->asks_first = setup->foreign;
	}
	return pair;
}

void pair_free(struct pair *pair)
{
	engine_side_free(pair->engine);
	model_free(pair->model);
	free(pair);
}

__attribute__((format(printf, 2, 3))) static bool complain(const struct pair *pair,
							   const char *format, ...)
{
	va_list arguments;

	fprintf(stderr, "step %" PRIu64 ", packet %" PRIu64 ", generation %" PRIu64 ": ",
		pair->steps, pair->packets, pair->generations);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	return false;
}

static bool check_counts(const struct pair *pair)
{
	const struct abi_counters_block *counters = engine_side_counters(pair->engine);
	const struct model *model = pair->model;

	if (model->impossible)
		return complain(pair, "the engine chose what it could not choose");
	if (engine_side_flow_count(pair->engine) != model->flow_count)
		return complain(pair, "the engine has %u flows, the model %u",
				engine_side_flow_count(pair->engine), model->flow_count);
	if (memcmp(counters->verdicts, model->verdicts, sizeof(model->verdicts)) != 0)
		return complain(pair, "the counts of verdicts differ");
	if (counters->generated != model->generated)
		return complain(pair, "the counts of our own messages differ");
	for (unsigned i = 0; i < MODEL_OBJECTS; i++) {
		if (memcmp(&counters->services[i], &model->services[i],
			   sizeof(model->services[i])) != 0)
			return complain(pair, "the counters of service %u differ", i);
		if (memcmp(&counters->backends[i], &model->backends[i],
			   sizeof(model->backends[i])) != 0)
			return complain(pair, "the counters of backend %u differ", i);
	}
	return true;
}

bool pair_publish(struct pair *pair, const struct model_tables *tables)
{
	engine_side_publish(pair->engine, tables);
	model_publish(pair->model, tables);
	pair->generations++;
	return true;
}

/* What the model does not follow becomes something else: no Ethernet type that means anything. */
static void blank_fragments(const struct pair *pair, struct model_packet *packets, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		if (model_is_fragment_of_ours(pair->model, &packets[i]))
			packets[i].frame[12] = 0xff;
}

/* The resets to other ends. */
static bool check_made(struct pair *pair)
{
	static struct model_packet made[MODEL_MADE + 1];
	unsigned count = engine_side_take_made(pair->engine, made);

	if (count != pair->model->made_count)
		return complain(pair, "the engine made %u packets, the model %u", count,
				pair->model->made_count);
	for (unsigned i = 0; i < count; i++) {
		struct model_packet *model = &pair->model->made[count - 1 - i];

		model->verdict = made[i].verdict;
		const char *what = outcome_differs(&made[i], model);
		if (!what)
			continue;
		outcome_print("engine", &made[i]);
		outcome_print("model", model);
		return complain(pair, "of %u that were made, packet %u: %s differs", count, i + 1,
				what);
	}
	return true;
}

static bool run(struct pair *pair, struct model_packet *packets, unsigned count, bool owned)
{
	struct model_packet before[PACKET_BURST], ran[PACKET_BURST];

	blank_fragments(pair, packets, count);
	memcpy(before, packets, count * sizeof(packets[0]));
	memcpy(ran, packets, count * sizeof(packets[0]));
	engine_side_run(pair->engine, ran, count, pair->now_ms, owned);
	for (unsigned i = 0; i < count; i++) {
		outcome_tell(pair->model, &ran[i], &packets[i]);
		packets[i].is_foreign &= !owned;
	}
	model_run(pair->model, packets, count, pair->now_ms);
	pair->steps++;
	for (unsigned i = 0; i < count; i++) {
		pair->packets++;
		const char *what = outcome_differs(&ran[i], &packets[i]);
		if (!what)
			continue;
		outcome_print("packet", &before[i]);
		outcome_print("engine", &ran[i]);
		outcome_print("model", &packets[i]);
		return complain(pair, "packet %u of %u of a burst: %s differs", i + 1, count, what);
	}
	return check_made(pair) && check_counts(pair);
}

bool pair_run(struct pair *pair, struct model_packet *packets, unsigned count)
{
	return run(pair, packets, count, false);
}

bool pair_run_owned(struct pair *pair, struct model_packet *packets, unsigned count)
{
	return run(pair, packets, count, true);
}

bool pair_wait(struct pair *pair, uint64_t milliseconds)
{
	pair->now_ms += milliseconds;
	engine_side_age(pair->engine, pair->now_ms);
	model_age(pair->model, pair->now_ms);
	for (unsigned ages = 0; engine_side_flow_count(pair->engine) > pair->model->flow_count;
	     ages++) {
		if (ages == AGES_MOST)
			return complain(pair, "the engine keeps flows that are over: %u of %u",
					engine_side_flow_count(pair->engine),
					pair->model->flow_count);
		engine_side_age(pair->engine, pair->now_ms);
		model_age(pair->model, pair->now_ms);
	}
	return check_counts(pair);
}

static bool check_flows(const struct pair *pair)
{
	for (uint32_t i = 0; i < pair->model->flow_count; i++) {
		const struct model_flow *flow = &pair->model->flows[i];
		const char *difference = engine_side_differs(pair->engine, flow);

		if (difference)
			return complain(pair, "flow of client port %u, service %u: %s differs",
					flow->client.source.port, flow->service, difference);
	}
	return true;
}

bool pair_check(struct pair *pair)
{
	return check_counts(pair) && check_flows(pair);
}
