/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * test_flow_killed [ROUNDS]: a process works on a `flows` file in shared memory, begins
 * by recovering it, and is killed at a random instant, or led by the debugger's means to
 * any instruction and killed there; again and again, the next one going on. After each kill every
 * record is whole or known to be torn, what is recovered holds together, and every connection that
 * was at rest is there as it was.
 */
#include "dataplane/core/random.h"
#include "tests/unit/core/restart.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ROOM    128 /* for flows of each family: fewer than are wanted */
#define CLIENTS 300
#define PORT    5000 /* of the first client */
#define STEPS   2500 /* instructions: more than the engine needs for a packet */

static unsigned rounds = 50;

/* What the worker says of a connection: what it says holds until it says otherwise. */
struct entry {
	uint32_t at_rest; /* established, and no packet of it under way */
	uint32_t last_seen;
	struct flow_tuple reply;
};

struct shared {
	uint64_t now_ms;
	uint64_t random[2];
	uint64_t turns;
	uint32_t works, done;
	struct entry entries[CLIENTS];
};

struct place {
	struct shared *shared;
	void *file;
	size_t file_size;
};

static uint32_t draw(struct shared *shared, uint32_t bound)
{
	return random_below((uint32_t)(random_next(shared->random) >> 32), bound);
}

/* Half of them of each family, half of each mode. */
static struct frame_spec client_of(unsigned number)
{
	const struct half *half = &halves[number % 2];
	struct frame_spec spec = syn_to(number / 2 % 2 ? half->dnat : half->full_nat);

	spec.source_port = (uint16_t)(PORT + number);
	return spec;
}

static struct flow_tuple tuple_of(const struct frame_spec *spec)
{
	bool is_ipv6 = strchr(spec->destination, ':') != NULL;
	struct flow_tuple tuple = {.head = flow_tuple_head(0, TCP, is_ipv6 ? 6 : 4)};
	struct ip_address source = text_address(is_ipv6 ? CLIENT6 : CLIENT);
	struct ip_address destination = text_address(spec->destination);

	flow_tuple_set_source(&tuple, (const uint8_t *)&source, htobe16(spec->source_port));
	flow_tuple_set_destination(&tuple, (const uint8_t *)&destination,
				   htobe16(spec->destination_port));
	return tuple;
}

static const struct abi_flow *flow_of(const struct world *world, const struct frame_spec *spec)
{
	struct flow_tuple tuple = tuple_of(spec);
	const struct flow_table *table = world->engine.flows[tuple.family == 6];
	uint32_t ref = flow_table_find(table, &tuple, flow_hash(table->secret, &tuple));

	return ref == FLOW_NONE ? NULL : flow_table_record(table, flow_ref_record(ref));
}

static void rest(struct world *world, struct entry *entry, const struct frame_spec *spec)
{
	const struct abi_flow *flow = flow_of(world, spec);

	if (flow == NULL || flow->state != ABI_FLOW_TCP_ESTABLISHED)
		return;
	entry->reply = flow_tuple_of(flow, ABI_FLOW_FROM_BACKEND);
	entry->last_seen = flow->last_seen;
	__atomic_store_n(&entry->at_rest, 1, __ATOMIC_SEQ_CST);
}

/* Some stay half-open. */
static void connect_client(struct world *world, struct shared *shared, struct entry *entry,
			   struct frame_spec *spec)
{
	struct frame request, answer;

	if (world_client(world, spec, &request) != ABI_VERDICT_TO_BACKEND ||
	    world_answer(world, &request, SYN | ACK, &answer) != ABI_VERDICT_TO_CLIENT)
		return;
	spec->flags = ACK;
	if (draw(shared, 4) != 0 && world_client(world, spec, NULL) == ABI_VERDICT_TO_BACKEND)
		rest(world, entry, spec);
}

static void use_client(struct world *world, struct shared *shared, struct entry *entry,
		       struct frame_spec *spec)
{
	struct frame request, answer;
	bool ends = draw(shared, 6) == 0;

	__atomic_store_n(&entry->at_rest, 0, __ATOMIC_SEQ_CST);
	spec->flags = ends ? RST : ACK;
	if (world_client(world, spec, &request) == ABI_VERDICT_TO_BACKEND && !ends) {
		world_answer(world, &request, ACK, &answer);
		rest(world, entry, spec);
	}
}

static void one_turn(struct world *world, struct shared *shared)
{
	unsigned number = draw(shared, CLIENTS);
	struct entry *entry = &shared->entries[number];
	struct frame_spec spec = client_of(number);
	const struct half *half = &halves[number % 2];
	struct frame_spec question = ask(half->full_nat);

	__atomic_store_n(&shared->now_ms, shared->now_ms + draw(shared, 200), __ATOMIC_SEQ_CST);
	world->now_ms = shared->now_ms;
	if (entry->at_rest)
		use_client(world, shared, entry, &spec);
	else
		connect_client(world, shared, entry, &spec);
	question.source_port = (uint16_t)(20000 + draw(shared, 1000));
	if (draw(shared, 16) == 0)
		world_client(world, &question, NULL);
	engine_age(&world->engine, world->now_ms);
	shared->turns++;
}

static void take_over(struct world *world, const struct place *place)
{
	struct flow_recovery recovery;

	world->now_ms = place->shared->now_ms;
	if (!restart_from(world, place->file, place->file_size, ROOM, &recovery))
		_exit(1);
	__atomic_store_n(&place->shared->works, 1, __ATOMIC_SEQ_CST);
}

static void work(struct world *world, const struct place *place)
{
	take_over(world, place);
	for (;;)
		one_turn(world, place->shared);
}

/* A packet that begins a flow, or ends one. */
static struct frame next_frame(struct shared *shared)
{
	unsigned number = draw(shared, CLIENTS);
	struct frame_spec spec = client_of(number);

	if (draw(shared, 3) == 0) {
		spec = ask(halves[number % 2].full_nat);
		spec.source_port = (uint16_t)(30000 + draw(shared, 10000));
	} else if (shared->entries[number].at_rest) {
		spec.flags = RST;
		__atomic_store_n(&shared->entries[number].at_rest, 0, __ATOMIC_SEQ_CST);
	}
	spec.source = halves[number % 2].client;
	spec.mac_from = MAC_CLIENT;
	spec.mac_to = MAC_PORT_0;
	return frame_make(&spec);
}

/* Waits, before the engine has its packet and before it ages, for whoever leads it. */
static void work_led(struct world *world, const struct place *place)
{
	take_over(world, place);
	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0)
		_exit(2);
	for (unsigned i = draw(place->shared, 30); i > 0; i--)
		one_turn(world, place->shared);
	struct frame frame = next_frame(place->shared);
	struct packet packet = {.data = frame_data(&frame), .length = frame.length};
	place->shared->now_ms += 4000;
	raise(SIGSTOP);
	if (place->shared->turns % 2)
		engine_age(&world->engine, place->shared->now_ms);
	else
		engine_run(&world->engine, &packet, 1, place->shared->now_ms);
	__atomic_store_n(&place->shared->done, 1, __ATOMIC_SEQ_CST);
	for (;;)
		pause();
}

static void pass(uint32_t microseconds)
{
	const struct timespec time = {.tv_nsec = microseconds * 1000};

	nanosleep(&time, NULL);
}

/* From its first instruction on, or when it works. */
static void run_and_kill(struct world *world, const struct place *place, uint64_t random[2])
{
	uint64_t bits = random_next(random);
	pid_t child;
	int status;

	place->shared->works = 0;
	child = fork();
	assert_true(child >= 0);
	if (child == 0)
		work(world, place);
	while (bits % 4 != 0 && !__atomic_load_n(&place->shared->works, __ATOMIC_SEQ_CST))
		pass(50);
	pass((uint32_t)(bits >> 32) % 3000);
	kill(child, SIGKILL);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static bool is_writing(const struct place *place)
{
	const struct abi_flows *file = place->file;

	for (unsigned i = 0; i < FAMILY_COUNT; i++) {
		const uint8_t *record =
			(const uint8_t *)place->file + file->tables[i].records_offset;

		for (unsigned j = 0; j < ROOM; j++, record += file->tables[i].record_size)
			if (((const struct abi_flow *)(const void *)record)->version & 1)
				return true;
	}
	return false;
}

/* One instruction on; false: it has done its work. */
static bool step(pid_t child, const struct place *place)
{
	int status;

	if (__atomic_load_n(&place->shared->done, __ATOMIC_SEQ_CST))
		return false;
	assert_int_equal(ptrace(PTRACE_SINGLESTEP, child, NULL, NULL), 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSTOPPED(status) && WSTOPSIG(status) == SIGTRAP);
	return true;
}

/* To any instruction, or into the few in which a record is written, and kills it there.
 * False: this machine does not let us lead it. */
static bool lead_and_kill(struct world *world, const struct place *place, uint64_t random[2])
{
	uint64_t bits = random_next(random);
	uint32_t steps = random_below((uint32_t)bits, STEPS);
	int status;

	place->shared->done = 0;
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0)
		work_led(world, place);
	assert_int_equal(waitpid(child, &status, 0), child);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 2)
		return false;
	assert_true(WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP);
	if (bits >> 63) {
		while (!is_writing(place) && step(child, place))
			;
		steps = (uint32_t)(bits >> 32) % 16;
	}
	while (steps-- > 0 && step(child, place))
		;
	kill(child, SIGKILL);
	assert_int_equal(waitpid(child, &status, 0), child);
	return true;
}

/* How many connections at rest were found as they were. */
static unsigned check_entries(struct world *world, const struct shared *shared)
{
	unsigned found = 0;

	for (unsigned i = 0; i < CLIENTS; i++) {
		const struct entry *entry = &shared->entries[i];
		struct frame_spec spec = client_of(i);

		if (!entry->at_rest)
			continue;
		const struct abi_flow *flow = flow_of(world, &spec);
		if (flow == NULL)
			fail_msg("client %u of %u is gone, last seen %u", i, CLIENTS,
				 entry->last_seen);
		struct flow_tuple reply = flow_tuple_of(flow, ABI_FLOW_FROM_BACKEND);
		assert_int_equal(flow->state, ABI_FLOW_TCP_ESTABLISHED);
		assert_int_equal(flow->last_seen, entry->last_seen);
		assert_int_equal(reply.head, entry->reply.head);
		assert_memory_equal(&reply.ipv6, &entry->reply.ipv6,
				    reply.family == 6 ? sizeof(reply.ipv6) : sizeof(reply.ipv4));
		spec.flags = ACK;
		assert_int_equal(world_client(world, &spec, NULL), ABI_VERDICT_TO_BACKEND);
		found++;
	}
	return found;
}

/* The file as it was at the kill, recovered beside it. */
static struct flow_recovery recover_copy(struct world *world, const struct place *place)
{
	void *copy = aligned_alloc(4096, place->file_size);
	struct flow_recovery recovery;

	assert_non_null(copy);
	memcpy(copy, place->file, place->file_size);
	world->now_ms = place->shared->now_ms;
	assert_true(restart_from(world, copy, place->file_size, ROOM, &recovery));
	return recovery;
}

static void *share(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	assert_ptr_not_equal(memory, MAP_FAILED);
	return memory;
}

struct tally {
	uint64_t recovered, at_rest, torn;
};

static void audit(struct world *world, const struct place *place, struct tally *tally)
{
	struct flow_recovery recovery = recover_copy(world, place);

	assert_int_equal(restart_dropped(&recovery), recovery.flows[FLOW_TORN]);
	assert_in_range(recovery.flows[FLOW_TORN], 0, 1);
	restart_audit(world);
	tally->at_rest += check_entries(world, place->shared);
	restart_audit(world);
	tally->torn += recovery.flows[FLOW_TORN];
	tally->recovered += recovery.flows[FLOW_ACCEPTED];
}

static void kill_again_and_again(bool led)
{
	static const uint64_t secret[2] = {1, 2};
	const uint32_t capacities[FAMILY_COUNT] = {ROOM, ROOM};
	uint64_t random[2] = {(uint64_t)time(NULL), (uint64_t)getpid()};
	struct world *world = world_new(ROOM);
	struct place place = {.shared = share(sizeof(struct shared))};
	struct tally tally = {0};

	place.file_size = flow_file_size(1, capacities);
	place.file = share(place.file_size);
	flow_file_format(place.file, 1, capacities, secret);
	place.shared->now_ms = world->now_ms;
	place.shared->random[0] = random[0] * 0x9e3779b97f4a7c15;
	for (unsigned round = 0; round < rounds; round++) {
		if (!led)
			run_and_kill(world, &place, random);
		else if (!lead_and_kill(world, &place, random))
			skip();
		audit(world, &place, &tally);
	}
	printf("%u kills in %lu turns: %lu flows recovered, %lu of them connections at rest, %lu "
	       "records torn\n",
	       rounds, place.shared->turns, tally.recovered, tally.at_rest, tally.torn);
	assert_true(place.shared->turns > rounds && tally.at_rest > rounds);
	munmap(place.file, place.file_size);
	munmap(place.shared, sizeof(struct shared));
	world_free(world);
}

static void killed_at_any_instant(void **state)
{
	(void)state;
	kill_again_and_again(false);
}

static void killed_at_any_instruction(void **state)
{
	(void)state;
	kill_again_and_again(true);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(killed_at_any_instant),
		cmocka_unit_test(killed_at_any_instruction),
	};

	if (argc > 1)
		rounds = (unsigned)atoi(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
