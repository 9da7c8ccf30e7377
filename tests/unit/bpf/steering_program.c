/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "tests/unit/bpf/steering_program.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define FRAME_SIZE 2048 /* room for what the kernel gives back */

int steering_program_load(struct steering_program *program)
{
	struct bpf_prog_info info = {0};
	uint32_t length = sizeof(info);
	int error;

	program->object = bpf_object__open_mem(steering_object, steering_object_size, NULL);
	if (program->object == NULL)
		return -errno;
	error = bpf_object__load(program->object);
	if (error != 0)
		return error;
	program->fd = bpf_program__fd(
		bpf_object__find_program_by_name(program->object, "headrace_steer"));
	error = bpf_obj_get_info_by_fd(program->fd, &info, &length);
	return error != 0 ? error : steering_open_program(info.id, &program->steering);
}

void steering_program_close(struct steering_program *program)
{
	steering_close(program->steering);
	bpf_object__close(program->object);
}

enum classification steering_program_ask(const struct steering_program *program,
					 const uint8_t *frame, uint32_t length)
{
	uint8_t out[FRAME_SIZE];
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = frame, .data_size_in = length,
		    .data_out = out, .data_size_out = sizeof(out), .repeat = 1);

	assert_int_equal(bpf_prog_test_run_opts(program->fd, &options), 0);
	assert_true(options.retval == XDP_PASS || options.retval == XDP_DROP ||
		    options.retval == XDP_REDIRECT);
	/* A redirect to an empty map is its fallback: drop. */
	return options.retval == XDP_PASS ? CLASSIFY_PASS : CLASSIFY_STEER;
}
