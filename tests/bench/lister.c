/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "tests/bench/lister.h"

#include "controlplane/flows/stream.h"
#include "tests/bench/world.h"
#include "tests/unit/core/check.h"

#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define PIECE_SIZE  (32 * 1024) /* as the API's */
#define STEPS       10000u
#define PATIENCE_NS 60000000000ull

/* What the lister's process has of its own. */
struct listing {
	const char *directory;
	struct flow_stream *stream; /* NULL: a list is to be begun */
	uint64_t lines, flows;
	int sender, receiver;
	char made[PIECE_SIZE], taken[PIECE_SIZE];
};

/* The names that world.c's objects might have: service 0 and all backends. */
static struct flow_stream *begin(const char *directory)
{
	struct flow_names *names = calloc(1, sizeof(*names));
	struct flow_filter filter;

	if (names == NULL)
		return NULL;
	flow_name_set(&names->services[0], 1, "web");
	for (uint32_t i = 0; i < BENCH_BACKENDS; i++)
		flow_name_set(&names->backends[i], 1, "web/b%u", i);
	flow_filter_init(&filter);
	return flow_stream_open(directory, &filter, names);
}

static void end(struct listing *listing, struct lister_state *state)
{
	flow_stream_close(listing->stream);
	listing->stream = NULL;
	state->wrong += listing->lines != listing->flows;
	__atomic_fetch_add(&state->passes, 1, __ATOMIC_RELEASE);
	listing->lines = 0;
}

/* The next piece, sent and received: a socket's buffer has room for one. */
static void list(struct listing *listing, struct lister_state *state)
{
	if (listing->stream == NULL)
		listing->stream = begin(listing->directory);
	ssize_t size = listing->stream == NULL
			       ? -1
			       : flow_stream_read(listing->stream, listing->made, PIECE_SIZE);

	if (size < 0) {
		if (listing->stream == NULL)
			_exit(1);
		end(listing, state);
		return;
	}
	uint64_t before = listing->lines;

	if (write(listing->sender, listing->made, (size_t)size) != size ||
	    (size > 0 &&
	     recv(listing->receiver, listing->taken, (size_t)size, MSG_WAITALL) != size))
		_exit(1);
	for (const char *at = listing->taken, *last = at + size;
	     (at = memchr(at, '\n', (size_t)(last - at))) != NULL; at++)
		listing->lines++;
	state->lines += listing->lines - before;
}

static void calculate(void)
{
	uint64_t value = 1;

	for (unsigned i = 0; i < STEPS; i++)
		value = value * 6364136223846793005ull + 1442695040888963407ull;
	__asm__ volatile("" : : "r"(value));
}

static void __attribute__((noreturn)) work(const struct lister *lister)
{
	struct lister_state *state = lister->state;
	struct listing *listing = calloc(1, sizeof(*listing));
	int ends[2];

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (listing == NULL || socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0)
		_exit(1);
	listing->directory = lister->directory;
	listing->flows = lister->flows;
	listing->sender = ends[0];
	listing->receiver = ends[1];
	raise(SIGSTOP);
	for (;;) {
		if (state->work == LISTER_LISTS)
			list(listing, state);
		else
			calculate();
		__atomic_fetch_add(&state->turns, 1, __ATOMIC_RELEASE);
	}
}

static void await_stop(const struct lister *lister)
{
	int status;

	assert_int_equal(waitpid(lister->process, &status, WUNTRACED), lister->process);
	assert_true(WIFSTOPPED(status));
}

/* Until it has done more of something. */
static void await_more(const uint64_t *count, uint64_t before)
{
	uint64_t deadline = measure_now_ns() + PATIENCE_NS;

	while (__atomic_load_n(count, __ATOMIC_ACQUIRE) == before) {
		if (measure_now_ns() > deadline)
			fail_msg("the lister of flows does nothing");
		sched_yield();
	}
}

struct lister *lister_new(const struct measure *measure, uint64_t flows)
{
	struct lister *lister = calloc(1, sizeof(*lister));

	assert_non_null(lister);
	lister->flows = flows;
	lister->state = mmap(NULL, sizeof(*lister->state), PROT_READ | PROT_WRITE,
			     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(lister->state, MAP_FAILED);
	strcpy(lister->directory, "/tmp/headrace-bench-XXXXXX");
	assert_non_null(mkdtemp(lister->directory));
	lister->process = fork();
	if (lister->process == 0) {
		measure_pin_to(measure, 1);
		work(lister);
	}
	assert_true(lister->process > 0);
	await_stop(lister);
	return lister;
}

static void name_file(const struct lister *lister, char *path, size_t size)
{
	snprintf(path, size, "%s/%s", lister->directory, ABI_FILE_FLOWS);
}

void lister_free(struct lister *lister)
{
	char path[sizeof(lister->directory) + 16];

	kill(lister->process, SIGKILL);
	waitpid(lister->process, NULL, 0);
	name_file(lister, path, sizeof(path));
	unlink(path);
	rmdir(lister->directory);
	munmap(lister->state, sizeof(*lister->state));
	free(lister);
}

void lister_use(const struct lister *lister, int flows_fd)
{
	char path[sizeof(lister->directory) + 16], target[64];

	name_file(lister, path, sizeof(path));
	snprintf(target, sizeof(target), "/proc/%d/fd/%d", (int)getpid(), flows_fd);
	assert_int_equal(symlink(target, path), 0);
}

void lister_go(struct lister *lister, enum lister_work work_wanted)
{
	uint64_t before = lister->state->turns;

	lister->state->work = work_wanted;
	kill(lister->process, SIGCONT);
	await_more(&lister->state->turns, before);
	if (work_wanted == LISTER_LISTS)
		lister->listed_ns -= measure_now_ns();
}

void lister_stop(struct lister *lister)
{
	if (lister->state->work == LISTER_LISTS)
		lister->listed_ns += measure_now_ns();
	kill(lister->process, SIGSTOP);
	await_stop(lister);
}

void lister_finish(struct lister *lister)
{
	uint64_t before = lister->state->passes;

	lister_go(lister, LISTER_LISTS);
	await_more(&lister->state->passes, before);
	lister_stop(lister);
}
