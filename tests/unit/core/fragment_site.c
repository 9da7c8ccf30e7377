/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "tests/unit/core/fragment_site.h"

#include <stdlib.h>

static const uint64_t secret[2] = {7, 8};

struct engine *site_engine(struct site *site, unsigned worker)
{
	return &site->worlds[worker]->engine;
}

struct site *site_open(unsigned workers)
{
	struct site *site = calloc(1, sizeof(*site));

	assert_non_null(site);
	*site = (struct site){.workers = workers, .random = {workers, 2}};
	owner_use_workers(&site->owner, workers, 128, site->random);
	for (unsigned i = 0; i < workers; i++) {
		struct world *world = site->worlds[i] = world_new(1000);

		if (workers > 1)
			world->engine.owner = &site->owner;
		world->engine.number = i;
		world->engine.foreign = UINT32_MAX;
		world->engine.random[0] += i;
		memset(world->fragments, 0, fragments_size());
		fragments_open(world->fragments, secret, i, workers, 11);
		site->now_ms = world->now_ms;
	}
	return site;
}

static void check_law(struct site *site)
{
	uint64_t sum = 0;

	for (uint8_t verdict = 0; verdict < ABI_VERDICT_COUNT; verdict++)
		sum += site_counted(site, verdict);
	assert_int_equal(sum + site->waiting, site->gone + site->count);
}

void site_close(struct site *site)
{
	check_law(site);
	for (unsigned i = 0; i < site->workers; i++)
		world_free(site->worlds[i]);
	free(site);
}

static void settle(struct site *site, struct packet *packet, bool was_held);

static void take_held(struct site *site, unsigned worker)
{
	struct packet packets[PACKET_BURST];
	unsigned count;

	while ((count = engine_take_held(site_engine(site, worker), packets)) > 0)
		for (unsigned i = 0; i < count; i++)
			settle(site, &packets[i], true);
}

/* What came of a packet; another worker goes on with what is its. */
static void settle(struct site *site, struct packet *packet, bool was_held)
{
	struct site_frame *frame = packet->cookie;

	site->waiting -= was_held;
	if (packet->verdict == VERDICT_HELD)
		site->waiting++;
	if (packet->verdict == VERDICT_FOREIGN) {
		unsigned worker = packet->owner;

		assert_in_range(worker, 0, site->workers - 1);
		site->handed_over++;
		packet->passes++;
		engine_run_owned(site_engine(site, worker), packet, 1, site->now_ms);
		settle(site, packet, false);
		take_held(site, worker);
		return;
	}
	/* Where tags were taken off, or a message quotes the packet, it begins elsewhere. */
	assert_true(packet->data == frame_data(&frame->frame) || packet->tags_size != 0 ||
		    abi_verdict_is_told(packet->verdict));
	memmove(frame_data(&frame->frame), packet->data, packet->length);
	frame->frame.length = packet->length;
	frame->verdict = packet->verdict;
	frame->out_port = packet->out_port;
}

unsigned site_put(struct site *site, unsigned worker, const struct frame *frame, uint16_t in_port)
{
	assert_in_range(site->count, 0, SITE_FRAMES - 1);
	struct site_frame *place = &site->frames[site->count++];
	struct packet packet = {.length = frame->length, .in_port = in_port, .cookie = place};

	*place = (struct site_frame){.frame = *frame};
	packet.data = frame_data(&place->frame);
	engine_run(site_engine(site, worker), &packet, 1, site->now_ms);
	settle(site, &packet, false);
	take_held(site, worker);
	check_law(site);
	return site->count - 1;
}

void site_forget(struct site *site)
{
	assert_int_equal(site->waiting, 0);
	site->gone += site->count;
	site->count = 0;
}

void site_wait(struct site *site, uint64_t milliseconds)
{
	site->now_ms += milliseconds;
	for (unsigned i = 0; i < site->workers; i++) {
		site->worlds[i]->now_ms = site->now_ms;
		for (unsigned j = 0; j < 20; j++) {
			engine_age(site_engine(site, i), site->now_ms);
			take_held(site, i);
		}
	}
	check_law(site);
}

uint64_t site_counted(struct site *site, uint8_t verdict)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < site->workers; i++)
		sum += site_engine(site, i)->counters->verdicts[verdict];
	return sum;
}

uint32_t site_flow_count(struct site *site)
{
	uint32_t sum = 0;

	for (unsigned i = 0; i < site->workers; i++)
		sum += world_flow_count(site->worlds[i]);
	return sum;
}
