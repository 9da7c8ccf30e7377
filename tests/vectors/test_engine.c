/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * Every case by the engine. Arguments: scene.json, and the files of cases.
 *
 * A case that is pending must fail: when it passes, its mark is to be taken away.
 */
#include "dataplane/core/tags.h"
#include "tests/unit/core/world.h"
#include "tests/vectors/drawn.h"
#include "tests/vectors/scene.h"

#include <stdlib.h>
#include <string.h>

#define MOST_FILES 64
#define TAG_SIZE   4
#define FRAMES     VECTOR_STEPS

#define LONGEST_TIMEOUT_MS 8000000

/* Flows of one case do not meet those of another: all may be there at once. */
#define FLOWS 4096

struct file_test {
	struct world *world;
	struct snapshot *const *tables; /* by enum vector_backends */
	const char *path;
};

/* What the engine did with one packet. */
struct outcome {
	const char *verdict;
	struct vector_frame outs[VECTOR_OUTS];
	unsigned out_count;
};

static void put_tag(struct vector_frame *frame, uint16_t type, uint16_t vlan)
{
	const uint8_t tag[TAG_SIZE] = {(uint8_t)(type >> 8), (uint8_t)type, (uint8_t)(vlan >> 8),
				       (uint8_t)vlan};

	memmove(frame->bytes + 12 + TAG_SIZE, frame->bytes + 12, frame->length - 12);
	memcpy(frame->bytes + 12, tag, TAG_SIZE);
	frame->length += TAG_SIZE;
}

/* As a worker does it. */
static void put_tags(struct vector_frame *frame, const struct packet *packet)
{
	if (packet->vlan != 0)
		put_tag(frame, TAG_8021Q, packet->vlan);
	if (packet->outer_vlan != 0)
		put_tag(frame, packet->outer_vlan & PACKET_OUTER_8021Q ? TAG_8021Q : TAG_8021AD,
			packet->outer_vlan & TAG_VLAN);
}

static void note_sent(const struct packet *packet, struct outcome *outcome)
{
	assert_true(outcome->out_count < VECTOR_OUTS);
	struct vector_frame *out = &outcome->outs[outcome->out_count++];

	assert_in_range(packet->length, 12, VECTOR_FRAME_SIZE - 2 * TAG_SIZE);
	out->port = packet->out_port;
	out->length = packet->length;
	memcpy(out->bytes, packet->data, packet->length);
	put_tags(out, packet);
}

/* Packets that waited for this one, and go now. */
static void note_held(struct world *world, struct outcome *outcome)
{
	struct packet held[PACKET_BURST];
	unsigned count;

	while ((count = engine_take_held(&world->engine, held)) > 0)
		for (unsigned i = 0; i < count; i++)
			if (abi_verdict_is_sent(held[i].verdict))
				note_sent(&held[i], outcome);
}

/* And what was made besides. */
static void note_made(struct world *world, struct outcome *outcome)
{
	uint8_t memory[ENGINE_MADE_SIZE];
	struct packet packet = {.data = memory};

	while (engine_take_made(&world->engine, &packet))
		note_sent(&packet, outcome);
}

/* What a case leaves waiting is not the next one's. */
static void let_go(struct world *world)
{
	struct packet held[PACKET_BURST];

	engine_give_up_held(&world->engine);
	while (engine_take_held(&world->engine, held) > 0)
		continue;
}

static void run(struct world *world, const struct vector_frame *in, struct outcome *outcome)
{
	/* What is held keeps its bytes: no more of them than this come while it is. */
	static struct frame frames[FRAMES];
	struct frame *frame = &frames[world->packets++ % FRAMES];
	struct packet packet = {
		.data = frame_data(frame), .length = in->length, .in_port = (uint16_t)in->port};

	memcpy(packet.data, in->bytes, in->length);
	engine_run(&world->engine, &packet, 1, world->now_ms);
	bool is_held = packet.verdict == VERDICT_HELD;
	*outcome = (struct outcome){.verdict = is_held ? "held" : abi_verdict_text(packet.verdict)};
	if (!is_held && abi_verdict_is_sent(packet.verdict))
		note_sent(&packet, outcome);
	note_made(world, outcome);
	note_held(world, outcome);
}

/* Where they differ; -1: nowhere. */
static int difference(const struct vector_frame *one, const struct vector_frame *other)
{
	uint32_t least = one->length < other->length ? one->length : other->length;

	for (uint32_t i = 0; i < least; i++)
		if (one->bytes[i] != other->bytes[i])
			return (int)i;
	return one->length == other->length ? -1 : (int)least;
}

/* Says what is wrong into `fault`; false: nothing is. */
static bool is_wrong(const struct vector_step *step, struct outcome *outcome, struct drawn *drawn,
		     char fault[256])
{
	if (strcmp(step->verdict, outcome->verdict) != 0) {
		snprintf(fault, 256, "%s, must be %s", outcome->verdict, step->verdict);
		return true;
	}
	if (step->out_count != outcome->out_count) {
		snprintf(fault, 256, "%u packets go, must be %u", outcome->out_count,
			 step->out_count);
		return true;
	}
	for (unsigned i = 0; i < step->out_count; i++) {
		const struct vector_frame *must = &step->outs[i];
		struct vector_frame *out = &outcome->outs[i];
		bool is_drawn_once = drawn_undo(drawn, out, must);
		int at = difference(out, must);

		if (is_drawn_once && out->port == must->port && at < 0)
			continue;
		snprintf(fault, 256,
			 "by port %u, %u bytes, byte %d is %02x; must be port %u, %u bytes, %02x",
			 out->port, out->length, at, at < 0 ? 0 : out->bytes[at], must->port,
			 must->length, at < 0 ? 0 : must->bytes[at]);
		return true;
	}
	return false;
}

/* Tables of the case's own: one service, one backend and, for full NAT, one local port. */
static struct snapshot *own_tables(const struct vector_own *own)
{
	struct snapshot_builder *builder = snapshot_builder_new();

	snapshot_builder_next_hop(builder, 0, own->backend.address, VECTOR_LAN, 0xb1);
	snapshot_builder_backend(builder, 0, own->backend.address, own->backend.port, 0)->flags =
		own->full_nat ? ABI_BACKEND_FULL_NAT
			      : ABI_BACKEND_DNAT | ABI_BACKEND_TCP | ABI_BACKEND_UDP;
	snapshot_builder_ring(builder, 0, 3, (uint16_t[]){0}, 1);
	if (own->full_nat)
		snapshot_builder_local_pool(builder, 0, own->local.address, 1, own->local.port,
					    own->local.port);
	snapshot_builder_service(builder, 0, own->service.address, own->service.port,
				 own->udp ? UDP : TCP, 0, own->full_nat ? 0 : ABI_NONE)
		->mss_clamp = own->mss_clamp;
	struct snapshot *snapshot =
		snapshot_builder_take_for(builder, scene_ports, VECTOR_PORT_COUNT);
	snapshot_builder_free(builder);
	return snapshot;
}

/* The line of the step that goes wrong, and how; 0: none. */
static unsigned run_steps(struct world *world, struct snapshot *const *tables,
			  const struct vector_case *what, char fault[256])
{
	static struct outcome outcome;
	struct drawn drawn = {0};

	for (unsigned i = 0; i < what->step_count; i++) {
		const struct vector_step *step = &what->steps[i];

		if (step->kind == VECTOR_WAIT)
			world_wait(world, 1000ull * step->wait_seconds);
		if (step->kind == VECTOR_BACKENDS)
			engine_use(&world->engine, tables[step->backends]);
		if (step->kind != VECTOR_PACKET)
			continue;
		run(world, &step->in, &outcome);
		if (is_wrong(step, &outcome, &drawn, fault))
			return step->line;
	}
	return 0;
}

static unsigned run_own_case(struct world *world, const struct vector_case *what, char fault[256])
{
	struct snapshot *own = own_tables(&what->own);

	engine_use(&world->engine, own);
	unsigned line = run_steps(world, &own, what, fault);
	/* Its flows end: others may have their ends. */
	world_wait(world, LONGEST_TIMEOUT_MS);
	engine_use(&world->engine, world->snapshot);
	snapshot_release(own);
	return line;
}

static unsigned run_case(const struct file_test *test, const struct vector_case *what,
			 char fault[256])
{
	if (what->own.is_there)
		return run_own_case(test->world, what, fault);
	engine_use(&test->world->engine, test->tables[VECTOR_BACKENDS_UP]);
	return run_steps(test->world, test->tables, what, fault);
}

static void cases_come_out_as_they_must(void **state)
{
	static struct vector_case what;
	const struct file_test *test = *state;
	struct world *world = test->world;
	struct vector_file file;
	unsigned faults = 0, count = 0;
	char fault[256];

	vector_file_open(&file, test->path);
	while (vector_file_next(&file, &what)) {
		if (!(what.runners & VECTOR_ENGINE))
			continue;
		count++;
		world->now_ms += 1000; /* Whatever is rate limited has time to recover. */
		unsigned line = run_case(test, &what, fault);
		let_go(world);
		if (line != 0 && !what.is_pending)
			print_error("%s:%u: %s: %s (%s)\n", file.path, line, what.name, fault,
				    what.rule);
		else if (line == 0 && what.is_pending)
			print_error("%s: %s passes: it is pending no more\n", file.path, what.name);
		faults += (line != 0) != what.is_pending;
	}
	vector_file_close(&file);
	assert_true(count > 0);
	assert_int_equal(faults, 0);
	world_check_law(world);
}

static const char *name_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash == NULL ? path : slash + 1;
}

static int run_files(struct world *world, struct snapshot *const *tables, char **paths,
		     size_t count)
{
	struct CMUnitTest tests[MOST_FILES] = {{0}};
	struct file_test files[MOST_FILES];

	for (size_t i = 0; i < count; i++) {
		files[i] = (struct file_test){world, tables, paths[i]};
		tests[i] = (struct CMUnitTest){.name = name_of(paths[i]),
					       .test_func = cases_come_out_as_they_must,
					       .initial_state = &files[i]};
	}
	return _cmocka_run_group_tests("vectors", tests, count, NULL, NULL);
}

int main(int argc, char **argv)
{
	if (argc < 3 || argc - 2 > MOST_FILES) {
		fprintf(stderr, "usage: %s SCENE VECTORS...\n", argv[0]);
		return 2;
	}
	struct world *world = world_new(FLOWS);
	struct snapshot *tables[VECTOR_BACKENDS_COUNT];

	scene_tables(argv[1], tables);
	memcpy(world->engine.ports, scene_ports, sizeof(scene_ports));
	int failed = run_files(world, tables, argv + 2, (size_t)argc - 2);
	engine_use(&world->engine, world->snapshot);
	for (unsigned i = 0; i < VECTOR_BACKENDS_COUNT; i++)
		snapshot_release(tables[i]);
	world_free(world);
	return failed;
}
