/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* What the model does with packets of no flow. */
#pragma once

#include "tests/model/parse.h"

uint8_t model_begin(struct model *model, struct model_packet *packet,
		    const struct model_headers *headers, uint32_t now);

/* Whether the flow's client would meet the same service, in the same way, and the same backend,
 * were it to begin now. */
bool model_would_begin_so(const struct model *model, const struct model_flow *flow);
