/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * Every packet of every case by the XDP program in the kernel, and by what
 * stands for it where there is none, core/classify.c. Arguments: scene.json, and
 * the files of cases.
 *
 * What becomes of a packet that is not Linux's, only the engine can have done:
 * it must be steered. Of the others the case says it, where it is certain.
 */
#include "dataplane/generation_rules.h"
#include "tests/unit/bpf/steering_program.h"
#include "tests/vectors/scene.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define SKIPPED       77 /* what meson takes for "skipped" */
#define ETHERNET_SIZE 14 /* less than that the kernel does not run the program with */

struct fixture {
	struct steering_program program;
	struct snapshot *snapshot;
	char **paths;
	int path_count;
	enum vector_port port; /* that the program believes to be on */
};

static enum vector_steer wanted(const struct vector_case *what, const struct vector_step *step)
{
	if (strcmp(step->verdict, "to-linux") == 0)
		return what->steer;
	return what->is_pending ? VECTOR_STEER_UNSAID : VECTOR_STEER_YES;
}

static enum classification ask_program(struct fixture *fixture, const struct vector_frame *frame)
{
	if (fixture->port != frame->port)
		assert_int_equal(steering_set_port(fixture->program.steering,
						   scene_ports[frame->port].mac, false),
				 0);
	fixture->port = frame->port;
	return steering_program_ask(&fixture->program, frame->bytes, frame->length);
}

static bool is_wrong(struct fixture *fixture, const struct vector_case *what,
		     const struct vector_step *step, const char *path)
{
	enum vector_steer steer = wanted(what, step);
	enum classification program = ask_program(fixture, &step->in);
	enum classification core = classify_frame(fixture->snapshot, &scene_ports[step->in.port],
						  step->in.bytes, step->in.length);
	bool must = steer == VECTOR_STEER_YES;

	if (program == core &&
	    (steer == VECTOR_STEER_UNSAID || must == (program == CLASSIFY_STEER)))
		return false;
	print_error("%s:%u: %s: %s; the XDP program steers it: %d, core/classify.c: %d\n", path,
		    step->line, what->name,
		    steer == VECTOR_STEER_UNSAID ? "they must agree"
		    : must                       ? "must be steered"
						 : "must not be steered",
		    program == CLASSIFY_STEER, core == CLASSIFY_STEER);
	return true;
}

static unsigned run_file(struct fixture *fixture, const char *path, unsigned steered[3])
{
	static struct vector_case what;
	struct vector_file file;
	unsigned faults = 0;

	vector_file_open(&file, path);
	while (vector_file_next(&file, &what)) {
		if (!(what.runners & VECTOR_STEERING))
			continue;
		for (unsigned i = 0; i < what.step_count; i++) {
			const struct vector_step *step = &what.steps[i];

			if (step->kind != VECTOR_PACKET || step->in.length < ETHERNET_SIZE)
				continue;
			faults += is_wrong(fixture, &what, step, path);
			steered[wanted(&what, step)]++;
		}
	}
	vector_file_close(&file);
	return faults;
}

static void packets_are_steered_as_they_must(void **state)
{
	struct fixture *fixture = *state;
	unsigned steered[3] = {0}, faults = 0;

	for (int i = 0; i < fixture->path_count; i++)
		faults += run_file(fixture, fixture->paths[i], steered);
	assert_int_equal(faults, 0);
	assert_true(steered[VECTOR_STEER_YES] > 0 && steered[VECTOR_STEER_NO] > 0);
}

static void set_up(struct fixture *fixture, const char *configuration)
{
	struct steering_rules rules, none = {0};
	struct snapshot *tables[VECTOR_BACKENDS_COUNT];

	scene_tables(configuration, tables);
	fixture->snapshot = tables[VECTOR_BACKENDS_UP];
	for (unsigned i = VECTOR_BACKENDS_UP + 1; i < VECTOR_BACKENDS_COUNT; i++)
		snapshot_release(tables[i]);
	assert_int_equal(generation_rules(fixture->snapshot, &rules), 0);
	assert_int_equal(steering_add(fixture->program.steering, &none, &rules), 0);
	steering_rules_free(&rules);
	fixture->port = VECTOR_PORT_COUNT;
}

int main(int argc, char **argv)
{
	struct fixture fixture = {.paths = argv + 2, .path_count = argc - 2};
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_prestate(packets_are_steered_as_they_must, &fixture),
	};

	if (argc < 3) {
		fprintf(stderr, "usage: %s SCENE VECTORS...\n", argv[0]);
		return 2;
	}
	int error = steering_program_load(&fixture.program);
	if (error == -EPERM || error == -EACCES) {
		printf("skipped: loading an XDP program needs root\n");
		return SKIPPED;
	}
	if (error != 0) {
		fprintf(stderr, "the steering program does not load: %s\n", strerror(-error));
		return 1;
	}
	set_up(&fixture, argv[1]);
	int failed = cmocka_run_group_tests_name("vectors", tests, NULL, NULL);
	snapshot_release(fixture.snapshot);
	steering_program_close(&fixture.program);
	return failed;
}
