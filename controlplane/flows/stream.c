/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "controlplane/flows/stream.h"

#include "controlplane/clock.h"
#include "controlplane/flows/line.h"

#include <stdlib.h>
#include <string.h>

struct flow_stream {
	struct records_walk walk;
	struct flow_filter filter;
	struct flow_names *names;
	uint64_t left; /* of the limit */
	/* A line of which part is still to be sent. */
	char line[FLOW_LINE_SIZE];
	size_t length, sent;
};

struct flow_stream *flow_stream_open(const char *run_dir, const struct flow_filter *filter,
				     struct flow_names *names)
{
	struct flow_stream *stream = calloc(1, sizeof(*stream));

	if (stream == NULL) {
		free(names);
		return NULL;
	}
	records_open(&stream->walk, run_dir);
	stream->filter = *filter;
	stream->names = names;
	stream->left = filter->limit;
	return stream;
}

void flow_stream_close(struct flow_stream *stream)
{
	records_close(&stream->walk);
	free(stream->names);
	free(stream);
}

static size_t send_line(struct flow_stream *stream, char *buffer, size_t size)
{
	size_t part = stream->length - stream->sent;

	if (part > size)
		part = size;
	memcpy(buffer, stream->line + stream->sent, part);
	stream->sent += part;
	return part;
}

static void write_line(struct flow_stream *stream, const struct abi_flow6 *flow, uint32_t worker,
		       uint32_t now)
{
	struct abi_flow_hop hop;
	struct flow_line line = {.flow = flow,
				 .worker = worker,
				 .now = now,
				 .names = stream->names,
				 .hop = records_hop(&stream->walk, flow, worker, &hop) ? &hop
										       : NULL};

	stream->length = flow_line_write(&line, stream->line);
	stream->sent = 0;
	stream->left--;
}

/* The next flow that is meant becomes the line. */
static enum records_step find_line(struct flow_stream *stream, uint32_t *patience, uint32_t now)
{
	struct abi_flow6 flow;
	uint32_t worker;
	enum records_step step;

	if (stream->left == 0)
		return RECORDS_END;
	while ((step = records_next(&stream->walk, patience, &flow, &worker)) == RECORDS_FOUND) {
		if (!flow_filter_fits(&stream->filter, stream->names, &flow, worker, now))
			continue;
		write_line(stream, &flow, worker, now);
		break;
	}
	return step;
}

ssize_t flow_stream_read(struct flow_stream *stream, char *buffer, size_t size)
{
	const uint32_t now = (uint32_t)(clock_now_ms() >> ABI_FLOW_TICK_SHIFT);
	uint32_t patience = FLOW_STREAM_PATIENCE;
	size_t filled = 0;

	while (filled < size) {
		enum records_step step = RECORDS_FOUND;

		if (stream->sent == stream->length)
			step = find_line(stream, &patience, now);
		if (step == RECORDS_END && filled == 0)
			return -1;
		if (step != RECORDS_FOUND)
			break;
		filled += send_line(stream, buffer + filled, size - filled);
	}
	return (ssize_t)filled;
}
