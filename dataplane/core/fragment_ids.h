/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* Identifications that fragments are sent with. */
#pragma once

#include "dataplane/core/flow_table.h"

/* Of a family: each worker has a share, and gives it out in turn. */
struct fragment_share {
	uint32_t begin, size, given;
};

struct fragment_ids {
	uint64_t secret;
	struct fragment_share shares[FAMILY_COUNT];
};

/* `secret` is drawn at random, and all workers have the same; `random` may be anything. */
void fragment_ids_begin(struct fragment_ids *ids, uint64_t secret, uint32_t worker,
			uint32_t workers, uint64_t random);

/* One that no worker gives again before its share is used up; hard to foretell. */
uint32_t fragment_ids_draw(struct fragment_ids *ids, uint8_t family);
