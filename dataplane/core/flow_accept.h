/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * Whether a record that another process left may go on. Its bytes may be
 * anything: what is accepted is what a dataplane with these tables could have
 * written itself.
 */
#pragma once

#include "dataplane/core/flow_table.h"
#include "dataplane/core/tables.h"

enum flow_refusal {
	FLOW_ACCEPTED,
	FLOW_TORN,       /* the process died while it wrote it */
	FLOW_MALFORMED,  /* no dataplane writes such a one */
	FLOW_NO_SERVICE, /* its service is no more, or another has its place */
	FLOW_NO_BACKEND, /* its backend is no more, or not where the record says */
	FLOW_TAKEN,      /* another record has one of its ends */
	FLOW_NO_OWNER,   /* no worker has both its directions */
	FLOW_NO_ROOM,    /* its worker's table is full */
	FLOW_REFUSAL_COUNT
};

/*
 * One of the first five for a record that is in use, as it lies in a table of
 * `family` (4 or 6); tuples[] gets its directions' when it is accepted. Whether there is
 * another of the same ends, and room, is for the caller to find out.
 */
enum flow_refusal flow_accept(const struct snapshot *snapshot, const struct abi_flow *flow,
			      uint8_t family, struct flow_tuple tuples[2]);

/* For a sentence: "torn", ... */
const char *flow_refusal_text(enum flow_refusal refusal);
