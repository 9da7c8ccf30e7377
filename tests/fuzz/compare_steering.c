/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * The steering program in the kernel, by BPF_PROG_TEST_RUN, against the same compiled for this
 * machine: both get the same tables, and must say the same of each frame.
 *
 *   compare_steering [--count N] [--seed N] FOLDER ...
 *
 * The frames are the known ones (tests/unit/bpf/steering_cases.c), the inputs of the fuzz target
 * in the folders, and then these again and again with something changed, cut or put in, by the
 * seed. The last line is "N compared, N different"; 77: the kernel loads no program for us.
 */
#include "dataplane/core/packet.h"
#include "tests/fuzz/native_steering.h"
#include "tests/model/choices.h"
#include "tests/unit/bpf/steering_frames.h"
#include "tests/unit/bpf/steering_program.h"
#include "tests/unit/bpf/steering_scene.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SKIPPED    77 /* what meson takes for "skipped" */
#define LEAST      14 /* with less the kernel does not run the program */
#define MOST       FRAME_SIZE
#define INPUT_MOST 20000
#define SHOWN_MOST 5

struct input {
	uint8_t bytes[MOST];
	uint32_t length;
};

struct inputs {
	struct input *all;
	uint32_t count;
};

static void add(struct inputs *inputs, const uint8_t *bytes, size_t length)
{
	struct input *input = &inputs->all[inputs->count];

	if (length < LEAST || length > MOST || inputs->count == INPUT_MOST)
		return;
	memcpy(input->bytes, bytes, length);
	input->length = (uint32_t)length;
	inputs->count++;
}

static void add_cases(struct inputs *inputs)
{
	struct frame frame;

	for (unsigned i = 0; i < steering_case_count; i++)
		for (enum family family = IPV4; family < FAMILY_COUNT; family++) {
			if (!is_case_of(&steering_cases[i], family))
				continue;
			build_frame(&steering_cases[i], family, &frame);
			add(inputs, frame.bytes, frame.length);
		}
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

/* In the order of their names, so that a seed means the same everywhere. */
static bool add_folder(struct inputs *inputs, const char *folder)
{
	struct dirent **entries;
	uint8_t bytes[MOST + 1];
	char path[4096];
	int count = scandir(folder, &entries, NULL, by_name);

	for (int i = 0; i < count; i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, entries[i]->d_name);
		FILE *file = entries[i]->d_name[0] == '.' ? NULL : fopen(path, "rb");
		free(entries[i]);
		if (file == NULL)
			continue;
		add(inputs, bytes, fread(bytes, 1, sizeof(bytes), file));
		fclose(file);
	}
	if (count < 0)
		perror(folder);
	else
		free(entries);
	return count >= 0;
}

/* Bytes that mean something somewhere: types, protocols, lengths. */
static uint8_t draw_byte(struct choices *choices)
{
	static const uint8_t telling[] = {0,  1,    2,  3,    4,    5,    6,    11,   12,   17,
					  43, 0x45, 44, 0x46, 0x60, 0x81, 0x86, 0x88, 0xdd, 58};

	return choose_below(choices, 2) ? telling[choose_below(choices, sizeof(telling))]
					: (uint8_t)choices_random(choices);
}

/* Puts 4 or 8 bytes of another frame's in. */
static void put_in(struct choices *choices, const struct input *other, struct input *input)
{
	uint32_t size = 4 + 4 * choose_below(choices, 2);
	uint32_t at = 12 + 2 * choose_below(choices, 30), from = 12 + choose_below(choices, 60);

	if (at > input->length || input->length + size > MOST || from + size > other->length)
		return;
	memmove(input->bytes + at + size, input->bytes + at, input->length - at);
	memcpy(input->bytes + at, other->bytes + from, size);
	input->length += size;
}

static void mutate(struct choices *choices, const struct inputs *inputs, struct input *input)
{
	uint32_t reach = input->length < 160 ? input->length : 160;

	for (uint32_t changes = choose_below(choices, 4); changes > 0; changes--) {
		uint32_t at = choose_below(choices, reach);

		if (choose_below(choices, 2))
			input->bytes[at] = draw_byte(choices);
		else
			input->bytes[at] ^= (uint8_t)(1u << choose_below(choices, 8));
	}
	if (choose_rarely(choices, 4))
		put_in(choices, &inputs->all[choose_below(choices, inputs->count)], input);
	if (choose_rarely(choices, 6))
		input->length = LEAST + choose_below(choices, input->length - LEAST + 1);
}

static void show(const struct input *input, bool kernel, bool native)
{
	printf("the kernel's steers it: %d, the native one: %d:", kernel, native);
	for (uint32_t i = 0; i < input->length; i++)
		printf(" %02x", input->bytes[i]);
	putchar('\n');
}

/* How many of the frames they do not agree about; *steered of them were. */
static unsigned compare(const struct steering_program *program, const struct inputs *inputs,
			unsigned count, uint64_t seed, unsigned *steered)
{
	struct choices choices = choices_seeded(seed);
	unsigned different = 0;

	for (unsigned i = 0; i < count; i++) {
		struct input input =
			inputs->all[i < inputs->count ? i : choose_below(&choices, inputs->count)];

		if (i >= inputs->count)
			mutate(&choices, inputs, &input);
		bool kernel =
			steering_program_ask(program, input.bytes, input.length) == CLASSIFY_STEER;
		bool native = native_steering_ask(input.bytes, input.length);
		*steered += kernel;
		if (kernel != native && different++ < SHOWN_MOST)
			show(&input, kernel, native);
	}
	return different;
}

/* 0, or -errno when the kernel does not load it. */
static int open_both(struct steering_program *program)
{
	struct steering_rules rules, none = {0};
	int error = steering_program_load(program);

	if (error != 0)
		return error;
	struct snapshot *snapshot = steering_scene();
	error = generation_rules(snapshot, &rules);
	if (error == 0)
		error = steering_add(program->steering, &none, &rules);
	if (error == 0)
		error = steering_set_port(program->steering, steering_mac, false);
	native_steering_fill(&rules, steering_mac);
	/* Group 1, the services', has no lease. */
	for (uint32_t group = 0; group <= 2 && error == 0; group += 2) {
		error = steering_set_lease(program->steering, group, UINT64_MAX);
		native_steering_set_lease(group, UINT64_MAX);
	}
	steering_rules_free(&rules);
	snapshot_release(snapshot);
	return error;
}

int main(int argc, char **argv)
{
	struct inputs inputs = {calloc(INPUT_MOST, sizeof(struct input)), 0};
	unsigned count = 100000, steered = 0;
	struct steering_program program;
	uint64_t seed = 1;
	bool is_read = inputs.all != NULL;

	if (is_read)
		add_cases(&inputs);
	for (int i = 1; is_read && i < argc; i++) {
		if (strcmp(argv[i], "--count") == 0 && i + 1 < argc)
			count = (unsigned)strtoul(argv[++i], NULL, 0);
		else if (strcmp(argv[i], "--seed") == 0 && i + 1 < argc)
			seed = strtoull(argv[++i], NULL, 0);
		else
			is_read = add_folder(&inputs, argv[i]);
	}
	int error = is_read ? open_both(&program) : -ENOMEM;
	if (error == -EPERM || error == -EACCES) {
		printf("skipped: loading an XDP program needs root\n");
		free(inputs.all);
		return SKIPPED;
	}
	if (error != 0) {
		fprintf(stderr, "nothing to compare: %s\n", strerror(-error));
		return 1;
	}
	unsigned different = compare(&program, &inputs, count, seed, &steered);
	steering_program_close(&program);
	free(inputs.all);
	/* Else the changes ruin every frame and nothing is compared. */
	bool is_telling = steered > count / 10 && steered < count / 10 * 9;
	printf("%u of them steered%s\n", steered, is_telling ? "" : ": NOT ENOUGH, OR TOO MANY");
	printf("%u compared, %u different\n", count, different);
	return different == 0 && is_telling ? 0 : 1;
}
