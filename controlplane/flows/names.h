/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * What the indexes in flow records are called, as of one moment: a list of flows
 * goes on while the configuration changes. A name is its index's and epoch's
 * alone: a record of an earlier holder of the index is of no name.
 */
#pragma once

#include "dataplane/abi/tables.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct controlplane;

struct flow_name {
	uint32_t epoch; /* 0: nobody has the index */
	bool wanted;    /* by a filter */
	uint8_t length;
	char text[2 * ABI_NAME_SIZE + 18]; /* a backend's is "pool/backend" */
};

struct flow_names {
	struct flow_name services[ABI_MAX_SERVICES];
	struct flow_name backends[ABI_MAX_BACKENDS];
	struct flow_name ports[ABI_MAX_PORTS];
};

/* Of the running configuration, and of backends that left it and drain; malloc'ed. NULL: no
 * memory. */
struct flow_names *flow_names_collect(const struct controlplane *controlplane);

/* Names an index. What no name may hold is written as '?'. */
void flow_name_set(struct flow_name *name, uint32_t epoch, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Marks those that are called so; how many. */
unsigned flow_names_want(struct flow_name *names, uint32_t count, const char *text);

/* NULL: it has none. */
static inline const struct flow_name *flow_names_service(const struct flow_names *names,
							 uint16_t index, uint32_t epoch)
{
	return index < ABI_MAX_SERVICES && epoch != 0 && names->services[index].epoch == epoch
		       ? &names->services[index]
		       : NULL;
}

static inline const struct flow_name *flow_names_backend(const struct flow_names *names,
							 uint16_t index, uint32_t epoch)
{
	return index < ABI_MAX_BACKENDS && epoch != 0 && names->backends[index].epoch == epoch
		       ? &names->backends[index]
		       : NULL;
}
