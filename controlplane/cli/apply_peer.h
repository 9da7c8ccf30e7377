/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* `headrace apply FILE --peer`: the same configuration for both nodes of a pair. */
#pragma once

#include "controlplane/cli/options.h"

/*
 * The peer keeps its own section `node`. Both are asked first whether they would take the
 * document; then this node's is changed, and last the peer's, if nobody changed it meanwhile.
 */
enum cli_exit apply_peer_run(const struct client *client, const struct options *options);
