/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* The XDP program in the kernel, asked about frames by BPF_PROG_TEST_RUN: no interface, no packets.
 */
#pragma once

#include "bpf/loader.h"
#include "dataplane/core/classify.h"

struct bpf_object;

struct steering_program {
	struct bpf_object *object;
	int fd;
	struct steering *steering; /* its maps */
};

/* 0 or -errno. */
int steering_program_load(struct steering_program *program);
void steering_program_close(struct steering_program *program);

/* What it says of a frame, of 14 bytes at least. */
enum classification steering_program_ask(const struct steering_program *program,
					 const uint8_t *frame, uint32_t length);
