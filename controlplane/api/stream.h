/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* Bodies that are made while they are sent. */
#pragma once

#include "controlplane/api/request.h"

#include <microhttpd.h>
#include <stdbool.h>

struct controlplane;

/* Whether one more may be open; false with a problem. So they leave room for other requests. */
bool stream_has_room(const struct controlplane *controlplane, struct api_problem *problem);

/* The response whose body the answer's stream is; takes over the stream. NULL: no memory. */
struct MHD_Response *stream_response(struct controlplane *controlplane,
				     const struct api_answer *answer);

/* Who reads such a body may take his time: a pager. */
void stream_be_patient(struct MHD_Connection *connection);
