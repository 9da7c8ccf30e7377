/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * The answer to GET /v1/flows: a line a flow, made while it is sent. The event
 * loop waits for one piece at a time, whose work is bounded by the records it
 * looks at, and goes round between two of them.
 */
#pragma once

#include "controlplane/flows/filter.h"
#include "controlplane/flows/records.h"

#include <sys/types.h>

/* Records looked at for one piece: some tens of microseconds. */
#define FLOW_STREAM_PATIENCE 4096

struct flow_stream;

/* Takes over `names`, whatever the outcome. NULL: no memory. */
struct flow_stream *flow_stream_open(const char *run_dir, const struct flow_filter *filter,
				     struct flow_names *names);
void flow_stream_close(struct flow_stream *stream);

/* Bytes of the next piece; 0: none among the records looked at; -1: there are no more. */
ssize_t flow_stream_read(struct flow_stream *stream, char *buffer, size_t size);
