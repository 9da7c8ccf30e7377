/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * Configuration to objects of `tables`, byte for byte: what is not set is zero,
 * so that equal input gives equal bytes. Pure functions; indexes and epochs are
 * the caller's.
 */
#pragma once

#include "controlplane/publish/publish.h"
#include "dataplane/abi/tables.h"

/* Memory that is used again for each object. */
struct scratch {
	uint8_t *bytes;
	size_t capacity;
};

/* `size` zeroed bytes, until the next call; NULL: no memory. */
void *scratch_reserve(struct scratch *scratch, size_t size);
void scratch_free(struct scratch *scratch);

void object_settings(struct abi_settings *out, const struct config *config);

/* The whole object in `scratch`, its size in *length; NULL: no memory. */
struct abi_service *object_service(struct scratch *scratch, const struct config_service *service,
				   size_t *length);
struct abi_local_pool *object_local_pool(struct scratch *scratch,
					 const struct config_local_pool *pool, size_t *length);
/* Sorted, each once. */
struct abi_host_addresses *object_host_addresses(struct scratch *scratch,
						 const struct address *addresses, size_t count,
						 size_t *length);

void object_backend(struct abi_backend *out, const char *pool, const struct config_backend *backend,
		    bool up);
void object_next_hop(struct abi_next_hop *out, const struct publish_next_hop *hop);

/*
 * Sorts as the ABI wants it and drops all but the first of equal prefixes;
 * returns how many are left. `room` is as long as `rows`.
 */
size_t object_sort_routes(struct abi_route *rows, struct abi_route *room, size_t count);
void object_route(struct abi_route *out, const struct publish_route *route, uint32_t next_hop);
