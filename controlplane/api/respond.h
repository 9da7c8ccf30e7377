/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* Which resource a request is for, and the answer to it. */
#pragma once

#include <microhttpd.h>

struct controlplane;

enum MHD_Result respond(struct controlplane *controlplane, struct MHD_Connection *connection,
			const char *url, const char *method);
