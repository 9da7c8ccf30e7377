/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* Reads the cases of a file NAME.vectors; README.md says what its lines mean. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define VECTOR_FRAME_SIZE 1800
#define VECTOR_STEPS      64
#define VECTOR_OUTS       8

enum vector_port { VECTOR_WAN, VECTOR_LAN, VECTOR_PORT_COUNT };

enum vector_runner { VECTOR_ENGINE = 1, VECTOR_PROCESS = 2, VECTOR_STEERING = 4 };

enum vector_steer { VECTOR_STEER_UNSAID, VECTOR_STEER_YES, VECTOR_STEER_NO };

struct vector_frame {
	enum vector_port port;
	uint32_t length;
	uint8_t bytes[VECTOR_FRAME_SIZE];
};

/* What all backends of the scene are from then on; each case begins with UP. */
enum vector_backends {
	VECTOR_BACKENDS_UP,
	VECTOR_BACKENDS_DOWN,
	VECTOR_BACKENDS_EXPIRED, /* removed, and their drain ran out */
	VECTOR_BACKENDS_GONE,    /* and that is long ago */
	VECTOR_BACKENDS_COUNT
};

enum vector_kind { VECTOR_PACKET, VECTOR_WAIT, VECTOR_BACKENDS };

struct vector_step {
	unsigned line;
	enum vector_kind kind;
	uint32_t wait_seconds;
	enum vector_backends backends;
	struct vector_frame in;
	char verdict[32];
	struct vector_frame outs[VECTOR_OUTS];
	unsigned out_count;
};

struct vector_end {
	char address[46];
	uint16_t port;
};

/* Instead of the scene: one service, with one backend. */
struct vector_own {
	bool is_there;
	bool full_nat, udp;
	struct vector_end service, local, backend;
	uint16_t mss_clamp; /* 0: none */
};

struct vector_case {
	char name[96], rule[256];
	unsigned runners; /* enum vector_runner */
	bool is_pending;
	enum vector_steer steer; /* of its packets that are Linux's */
	struct vector_own own;
	struct vector_step steps[VECTOR_STEPS];
	unsigned step_count;
};

struct vector_file {
	const char *path;
	FILE *stream;
	char *line; /* read, and not dealt with yet; NULL: none */
	size_t room;
	unsigned number; /* its */
};

/* Faults of a file end the program, and say where they are. */
void vector_file_open(struct vector_file *file, const char *path);
void vector_file_close(struct vector_file *file);
/* The next case; false: there is none. */
bool vector_file_next(struct vector_file *file, struct vector_case *out);
