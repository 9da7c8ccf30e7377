/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "controlplane/api/stream.h"

#include "controlplane/controlplane.h"

#include <stdlib.h>

#define STREAMS_MAX 16
#define BLOCK_SIZE  (32 * 1024)
#define PATIENCE    3600u /* s */

struct open_stream {
	struct controlplane *controlplane;
	struct api_stream stream;
};

bool stream_has_room(const struct controlplane *controlplane, struct api_problem *problem)
{
	if (controlplane->streams < STREAMS_MAX)
		return true;
	problem_set(problem, MHD_HTTP_SERVICE_UNAVAILABLE,
		    "%d lists are being read already: try again when one is done", STREAMS_MAX);
	return false;
}

static ssize_t read_block(void *context, uint64_t position, char *buffer, size_t size)
{
	struct open_stream *open = context;
	ssize_t length = open->stream.read(open->stream.context, buffer, size);

	(void)position;
	return length < 0 ? MHD_CONTENT_READER_END_OF_STREAM : length;
}

static void close_stream(void *context)
{
	struct open_stream *open = context;

	open->stream.close(open->stream.context);
	open->controlplane->streams--;
	free(open);
}

struct MHD_Response *stream_response(struct controlplane *controlplane,
				     const struct api_answer *answer)
{
	struct open_stream *open = malloc(sizeof(*open));
	struct MHD_Response *response = NULL;

	if (open != NULL) {
		*open = (struct open_stream){controlplane, answer->stream};
		response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK_SIZE,
							     read_block, open, close_stream);
	}
	if (response == NULL) {
		answer->stream.close(answer->stream.context);
		free(open);
		return NULL;
	}
	controlplane->streams++;
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, answer->type);
	return response;
}

void stream_be_patient(struct MHD_Connection *connection)
{
	MHD_set_connection_option(connection, MHD_CONNECTION_OPTION_TIMEOUT, PATIENCE);
}
