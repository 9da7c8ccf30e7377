/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* From a request to the resource it is for, and the answer to it. */
#pragma once

#include "controlplane/api/upload.h"

#include <microhttpd.h>
#include <stdbool.h>

struct controlplane;

struct respond_to {
	struct controlplane *controlplane;
	struct MHD_Connection *connection;
	const char *path, *method;
	const struct upload *upload;
	bool asks_for_host; /* by TCP, where nobody is asked for a token: a browser may be made to
			       come this way */
};

enum MHD_Result respond(const struct respond_to *to);

/* Looks at the head of a request before its body comes: the status to refuse it with at once, or 0.
 * `token`: what it has to show; NULL: nothing. */
unsigned respond_to_head(struct MHD_Connection *connection, const char *token);
enum MHD_Result respond_refusal(struct MHD_Connection *connection, unsigned status);
