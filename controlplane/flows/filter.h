/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* Which flows are meant: what a query may say of them, and whether a flow fits. Pure. */
#pragma once

#include "config/address.h"
#include "controlplane/flows/names.h"
#include "dataplane/abi/flows.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One end of a flow: an address, the addresses of a prefix, one with its port. */
struct flow_end {
	bool is_given;
	struct address address;
	unsigned length;
	uint16_t port; /* 0: any */
};

struct flow_filter {
	uint8_t family;                  /* 4 or 6; 0: any */
	uint8_t protocol;                /* 0: any */
	uint8_t state;                   /* enum abi_flow_state; ABI_FLOW_FREE: any */
	bool by_service, by_backend;     /* those wanted among the names */
	int32_t worker;                  /* -1: any */
	uint16_t port;                   /* that the client speaks to; 0: any */
	struct flow_end client, address; /* `address`: that the client speaks to */
	uint32_t least_age;              /* in ticks */
	uint64_t limit;
	bool all; /* said that every flow is meant; no restriction */
};

void flow_filter_init(struct flow_filter *filter);

/* What can be said, by its number from 0 on; NULL: no more. */
const char *flow_filter_argument(size_t number);

/* Takes one. 0; or with a sentence -EINVAL, or -ENOENT: nothing is called so. */
int flow_filter_take(struct flow_filter *filter, struct flow_names *names, size_t number,
		     const char *value, char *fault, size_t size);

/* Whether anything was said that leaves flows out. */
bool flow_filter_restricts(const struct flow_filter *filter);

/* `now` in ticks. The limit is the caller's to keep. */
bool flow_filter_fits(const struct flow_filter *filter, const struct flow_names *names,
		      const struct abi_flow6 *flow, uint32_t worker, uint32_t now);

/* "half-open", ...; "?": there is no such state. */
const char *flow_state_text(uint8_t state);

/* An end of a flow: `source` of the packets that go that way, or their destination. */
struct address flow_address(const struct abi_flow6 *flow, enum abi_flow_direction direction,
			    bool source);

/* How long ago, in ticks; 0 for what is later than `now`: it was written after we read the clock.
 */
static inline uint32_t flow_ticks_since(uint32_t now, uint32_t then)
{
	uint32_t ticks = now - then;

	return ticks > INT32_MAX ? 0 : ticks;
}
