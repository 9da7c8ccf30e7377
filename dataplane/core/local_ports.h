/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * Local addresses and ports for full NAT.
 *
 * A local address and port is taken towards one backend address, port and
 * protocol only: it is free when no flow has the reply's tuple, which the flow
 * index tells. So nothing has to be given back, and one address serves as many
 * flows to each backend as its range has ports.
 */
#pragma once

#include "dataplane/core/engine.h"

/* Most places tried for one flow. */
#define LOCAL_PORT_PROBES 256

/* Drawing places for one flow: at random, or from a random one on through a small pool. */
struct local_draw {
	uint32_t address, port; /* positions in the pool and in the node's range */
	uint32_t tried;
};

/*
 * Draws a place at random (RFC 6056) and writes it into the reply's tuple, whose
 * source is the backend: free or not. With two nodes each draws from its half
 * of the range; with several workers each draws what leads replies to itself
 * (core/owner.h). False: there is no such port.
 */
bool local_ports_draw(struct engine *engine, const struct abi_local_pool *pool,
		      struct local_draw *draw, struct flow_tuple *reply);

/*
 * The next place. A pool of at most LOCAL_PORT_PROBES places is searched to the
 * end; of a larger one as many are drawn. False: none is left to try.
 */
bool local_ports_next(struct engine *engine, const struct abi_local_pool *pool,
		      struct local_draw *draw, struct flow_tuple *reply);

/*
 * The same of a place that is only most likely taken. False, and nothing is
 * drawn: the pool is small, and each of its places must be asked after.
 */
bool local_ports_pass_over(struct engine *engine, const struct abi_local_pool *pool,
			   struct local_draw *draw, struct flow_tuple *reply);
