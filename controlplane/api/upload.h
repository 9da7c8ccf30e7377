/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * The body of a request while it comes in. What all of them hold together is
 * bounded, so that clients cannot make the control plane grow at will.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define UPLOAD_MAX     (16u << 20) /* bytes of one body */
#define UPLOAD_ALL_MAX (64u << 20) /* of all at a time */

/* A body that is too large is read (and not kept) to here: its sender then sees the answer. */
#define UPLOAD_DRAINED_MAX (size_t)(32u << 20)

struct upload {
	size_t *all; /* bytes held by all uploads */
	char *bytes;
	size_t length, room;
	unsigned refused; /* the HTTP status to refuse it with; 0: none */
};

/* Adds what came; false: too much was sent after it had been refused, close the connection. */
bool upload_append(struct upload *upload, const char *bytes, size_t length);
void upload_free(struct upload *upload);
