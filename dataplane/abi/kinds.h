/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * The bounds of what is in `tables`; both sides check by them.
 */
#pragma once

#include "dataplane/abi/tables.h"

struct abi_kind_bounds {
	const char *name;     /* for sentences */
	uint32_t indexes;     /* 0 .. indexes - 1 */
	uint64_t least, most; /* bytes of an object */
};

/* Of no kind: 0 indexes. Never NULL. */
static inline const struct abi_kind_bounds *abi_kind_bounds(uint32_t kind)
{
	static const struct abi_kind_bounds bounds[ABI_KIND_END] = {
		[0] = {"object of no kind", 0, 0, 0},
		[ABI_SETTINGS] = {"settings", 1, sizeof(struct abi_settings),
				  sizeof(struct abi_settings)},
		[ABI_SERVICE] = {"service", ABI_MAX_SERVICES, sizeof(struct abi_service),
				 sizeof(struct abi_service) +
					 ABI_MAX_LISTENERS * sizeof(struct abi_listener) +
					 2 * ABI_MAX_RANGES * sizeof(struct abi_range)},
		[ABI_BACKEND] = {"backend", ABI_MAX_BACKENDS, sizeof(struct abi_backend),
				 sizeof(struct abi_backend)},
		[ABI_RING] = {"ring", ABI_MAX_RINGS, sizeof(struct abi_ring),
			      sizeof(struct abi_ring) + ABI_MAX_RING_SIZE * sizeof(uint16_t)},
		[ABI_NEXT_HOP] = {"next hop", ABI_MAX_NEXT_HOPS, sizeof(struct abi_next_hop),
				  sizeof(struct abi_next_hop)},
		[ABI_LOCAL_POOL] = {"local pool", ABI_MAX_LOCAL_POOLS,
				    sizeof(struct abi_local_pool),
				    sizeof(struct abi_local_pool) + ABI_MAX_POOL_ADDRESSES * 16},
		[ABI_ROUTES] = {"routes", 1, sizeof(struct abi_routes),
				sizeof(struct abi_routes) +
					ABI_MAX_ROUTES * sizeof(struct abi_route)},
		[ABI_HOST_ADDRESSES] = {"host addresses", 1, sizeof(struct abi_host_addresses),
					sizeof(struct abi_host_addresses) +
						ABI_MAX_HOST_ADDRESSES * 16},
		[ABI_GROUP_ADDRESSES] = {"group addresses", 1, sizeof(struct abi_group_addresses),
					 sizeof(struct abi_group_addresses) +
						 ABI_MAX_HOST_ADDRESSES *
							 sizeof(struct abi_group_address)},
	};

	return &bounds[kind < ABI_KIND_END ? kind : 0];
}

/* 1 when a ring may have this many slots. */
static inline int abi_is_prime(uint32_t number)
{
	if (number < 2)
		return 0;
	for (uint64_t i = 2; i * i <= number; i++)
		if (number % i == 0)
			return 0;
	return 1;
}
