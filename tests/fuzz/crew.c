/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "tests/fuzz/crew.h"

#include "dataplane/core/fragments.h"
#include "dataplane/core/tags.h"
#include "tests/model/engine_side.h"
#include "tests/model/parse.h"
#include "tests/unit/core/check.h"
#include "tests/unit/core/frames.h"
#include "tests/unit/core/owner_scene.h"

#include <stdlib.h>
#include <string.h>

#define FLOWS       4096    /* of a family, in each worker */
#define TRAVELS     16384   /* packets at a time, held ones included */
#define PASSES_MOST 8       /* from worker to worker, of one packet */
#define AGES_MOST   1000000 /* calls within which all flows must have ended */

/* Ticks wrap on the way: they are modulo 2^32. */
#define BEGINNING (((1ull << 32) - 1000) * ABI_FLOW_TICK_MS)

/* A packet from its coming in to its going out. */
struct travel {
	bool is_on;
	uint8_t *memory;            /* headroom, frame, tailroom */
	struct model_packet before; /* as it came */
	struct model_packet *told;  /* where to say what came of it; NULL: it was held */
};

struct queue {
	struct packet packets[TRAVELS];
	unsigned count;
};

struct crew {
	unsigned workers;
	struct engine_side *sides[CREW_MOST];
	struct queue queues[CREW_MOST]; /* handed over to each */
	struct owner owner;
	struct choices arrival;
	uint64_t now_ms;
	uint64_t put, out, held, handed_over;
	uint64_t verdicts[ABI_VERDICT_COUNT];
	struct travel travels[TRAVELS];
	unsigned free_count, free[TRAVELS]; /* travels that are not on */
};

static struct engine *engine_of(const struct crew *crew, unsigned worker)
{
	return engine_side_engine(crew->sides[worker]);
}

static void open_worker(struct crew *crew, const struct scene *scene, unsigned number,
			uint32_t foreign)
{
	static const uint64_t secret[2] = {7, 8};

	crew->sides[number] = engine_side_new(scene->ports, SCENE_PORTS, FLOWS, crew->now_ms);
	if (crew->workers == 1)
		return;
	engine_side_be_worker(crew->sides[number], &crew->owner, number, foreign);
	struct engine *engine = engine_of(crew, number);
	engine->random[0] += number;
	memset(engine->fragments, 0, fragments_size());
	engine->fragments = fragments_open(engine->fragments, secret, number, crew->workers, 11);
}

struct crew *crew_new(const struct scene *scene, unsigned workers, uint64_t seed)
{
	struct crew *crew = calloc(1, sizeof(*crew));
	uint64_t random[2] = {seed, 2};

	assert_true(crew != NULL && workers <= CREW_MOST);
	crew->workers = workers;
	crew->arrival = choices_seeded(seed);
	crew->now_ms = BEGINNING;
	owner_use_workers(&crew->owner, workers, 128, random);
	for (unsigned i = 0; i < workers; i++)
		open_worker(crew, scene, i, choose_below(&crew->arrival, 1u << SCENE_PORTS));
	for (unsigned i = 0; i < TRAVELS; i++)
		crew->free[crew->free_count++] = i;
	return crew;
}

void crew_publish(struct crew *crew, const struct model_tables *tables)
{
	for (unsigned i = 0; i < crew->workers; i++)
		engine_side_publish(crew->sides[i], tables);
}

static struct packet set_out(struct crew *crew, struct model_packet *packet)
{
	assert_true(crew->free_count > 0);
	struct travel *travel = &crew->travels[crew->free[--crew->free_count]];
	uint8_t *memory = malloc(PACKET_HEADROOM + packet->length + PACKET_TAILROOM);

	assert_non_null(memory);
	memcpy(memory + PACKET_HEADROOM, packet->frame, packet->length);
	*travel =
		(struct travel){.is_on = true, .memory = memory, .before = *packet, .told = packet};
	crew->put++;
	return (struct packet){.data = memory + PACKET_HEADROOM,
			       .length = packet->length,
			       .vlan = packet->vlan,
			       .in_port = packet->in_port,
			       .verdict = VERDICT_NONE,
			       .cookie = travel};
}

static bool is_as_it_came(const struct packet *packet, const struct travel *travel)
{
	const struct model_packet *before = &travel->before;

	return packet->data == travel->memory + PACKET_HEADROOM &&
	       packet->length == before->length && packet->vlan == before->vlan &&
	       memcmp(packet->data, before->frame, before->length) == 0;
}

static struct frame frame_of(const uint8_t *bytes, uint32_t length)
{
	uint32_t tags = tags_length(bytes, length);
	struct frame frame = {.length = length - tags};

	assert_true(frame.length <= FRAME_ROOM - PACKET_HEADROOM);
	memcpy(frame_data(&frame), bytes, 12);
	memcpy(frame_data(&frame) + 12, bytes + 12 + tags, frame.length - 12);
	return frame;
}

/* Of whole packets; a fragment has not all that its checksum covers. */
static void check_sums(const struct packet *packet, const struct travel *travel)
{
	struct frame before = frame_of(travel->before.frame, travel->before.length);
	struct frame after = frame_of(packet->data, packet->length);
	struct model_headers headers;

	if (abi_verdict_is_told(packet->verdict)) {
		assert_true(frame_is_right(&after));
		return;
	}
	assert_int_equal(model_parse(ENGINE_FEATURES, frame_data(&before), before.length, &headers),
			 MODEL_NO_VERDICT);
	if (headers.kind == MODEL_FRAGMENT)
		return;
	const uint8_t *sum = frame_data(&before) + headers.transport + 6;
	if (headers.kind == MODEL_FLOW && headers.tuple.protocol == PROTO_UDP &&
	    model_get16(sum) == 0)
		assert_int_equal(model_get16(frame_data(&after) + headers.transport + 6), 0);
	else
		assert_int_equal(frame_is_right(&before), frame_is_right(&after));
}

/* Once only, for a travel is over then. */
static void come_out(struct crew *crew, const struct packet *packet)
{
	struct travel *travel = packet->cookie;
	const uint8_t *end =
		travel->memory + PACKET_HEADROOM + travel->before.length + PACKET_TAILROOM;

	assert_true(travel->is_on);
	assert_true(packet->verdict < ABI_VERDICT_COUNT);
	if (!abi_verdict_is_sent(packet->verdict)) {
		assert_true(is_as_it_came(packet, travel));
	} else {
		assert_true(packet->data >= travel->memory && packet->data + packet->length <= end);
		assert_true(packet->out_port < SCENE_PORTS);
		check_sums(packet, travel);
	}
	if (travel->told != NULL) {
		travel->told->verdict = packet->verdict;
		travel->told->length = packet->length;
		memcpy(travel->told->frame, packet->data, packet->length);
	}
	crew->verdicts[packet->verdict]++;
	crew->out++;
	free(travel->memory);
	travel->is_on = false;
	crew->free[crew->free_count++] = (unsigned)(travel - crew->travels);
}

/* What a worker says of a packet. */
static void settle(struct crew *crew, unsigned worker, struct packet *packet)
{
	struct travel *travel = packet->cookie;

	if (packet->verdict == VERDICT_HELD) {
		if (travel->told != NULL)
			travel->told->verdict = VERDICT_HELD;
		travel->told = NULL;
		crew->held++;
	} else if (packet->verdict == VERDICT_FOREIGN) {
		assert_true(packet->owner < crew->workers && packet->owner != worker);
		assert_true(++packet->passes <= PASSES_MOST);
		struct queue *queue = &crew->queues[packet->owner];
		assert_true(queue->count < TRAVELS);
		queue->packets[queue->count++] = *packet;
		crew->handed_over++;
	} else {
		come_out(crew, packet);
	}
}

static void take_held(struct crew *crew, unsigned worker)
{
	struct packet packets[PACKET_BURST];
	unsigned count;

	while ((count = engine_take_held(engine_of(crew, worker), packets)) > 0)
		for (unsigned i = 0; i < count; i++) {
			crew->held--;
			settle(crew, worker, &packets[i]);
		}
}

/* A worker runs what it was given, a burst of it. */
static void run_queue(struct crew *crew, unsigned worker)
{
	struct queue *queue = &crew->queues[worker];
	struct packet burst[PACKET_BURST];
	unsigned count = queue->count < PACKET_BURST ? queue->count : PACKET_BURST;

	memcpy(burst, queue->packets, count * sizeof(burst[0]));
	queue->count -= count;
	memmove(queue->packets, queue->packets + count, queue->count * sizeof(burst[0]));
	engine_run_owned(engine_of(crew, worker), burst, count, crew->now_ms);
	for (unsigned i = 0; i < count; i++)
		settle(crew, worker, &burst[i]);
	take_held(crew, worker);
}

static void run_queues(struct crew *crew)
{
	for (unsigned worker = 0; worker < crew->workers;)
		if (crew->queues[worker].count > 0) {
			run_queue(crew, worker);
			worker = 0;
		} else {
			worker++;
		}
}

void crew_run(struct crew *crew, struct model_packet *packets, unsigned count)
{
	unsigned worker = choose_below(&crew->arrival, crew->workers);
	struct packet burst[PACKET_BURST];

	for (unsigned i = 0; i < count; i++)
		burst[i] = set_out(crew, &packets[i]);
	engine_run(engine_of(crew, worker), burst, count, crew->now_ms);
	for (unsigned i = 0; i < count; i++)
		settle(crew, worker, &burst[i]);
	take_held(crew, worker);
	run_queues(crew);
}

static uint32_t age(struct crew *crew)
{
	uint32_t flows = 0;

	for (unsigned i = 0; i < crew->workers; i++) {
		engine_age(engine_of(crew, i), crew->now_ms);
		take_held(crew, i);
		flows += engine_side_flow_count(crew->sides[i]);
	}
	run_queues(crew);
	return flows;
}

void crew_wait(struct crew *crew, uint64_t milliseconds)
{
	crew->now_ms += milliseconds;
	for (unsigned i = 0; i < 8; i++)
		age(crew);
}

void crew_check_law(const struct crew *crew)
{
	uint64_t generated = 0, told = 0;

	assert_int_equal(crew->put, crew->out + crew->held);
	for (uint8_t verdict = 0; verdict < ABI_VERDICT_COUNT; verdict++) {
		uint64_t counted = 0;

		for (unsigned i = 0; i < crew->workers; i++)
			counted += engine_side_counters(crew->sides[i])->verdicts[verdict];
		assert_int_equal(counted, crew->verdicts[verdict]);
		told += abi_verdict_is_told(verdict) ? counted : 0;
	}
	for (unsigned i = 0; i < crew->workers; i++)
		generated += engine_side_counters(crew->sides[i])->generated;
	assert_int_equal(generated, told);
}

void crew_end(struct crew *crew)
{
	unsigned ages = 0;

	/* Fragments wait for seconds, flows for as long as any timeout. */
	for (unsigned i = 0; i < 8; i++)
		crew_wait(crew, 1000);
	assert_int_equal(crew->held, 0);
	crew_check_law(crew);
	crew_wait(crew, 1u << 30);
	while (age(crew) > 0)
		assert_true(++ages < AGES_MOST);
	crew_check_law(crew);
	assert_int_equal(crew->free_count, TRAVELS);
	for (unsigned i = 0; i < crew->workers; i++)
		engine_side_free(crew->sides[i]);
	free(crew);
}

uint64_t crew_counted(const struct crew *crew, uint8_t verdict)
{
	return crew->verdicts[verdict];
}

uint64_t crew_handed_over(const struct crew *crew)
{
	return crew->handed_over;
}
