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
#include "dataplane/core/flow_table.h"

#include <stdbool.h>

/* Most places tried for one flow. */
#define LOCAL_PORT_PROBES 256

/*
 * Draws a free local address and port at random (RFC 6056) for a flow to the
 * backend in *flow and writes it there. A pool of at most LOCAL_PORT_PROBES places is
 * searched to the end; of a larger one as many are drawn. With two nodes each
 * draws from its half of the range. False: none free.
 */
bool local_ports_draw(struct engine *engine, const struct abi_local_pool *pool,
		      struct abi_flow *flow);
