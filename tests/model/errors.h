/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* What the model does with ICMP errors. */
#pragma once

#include "tests/model/parse.h"

/* Where the flow it is about has its backend or client: it is sent on, or dropped. */
uint8_t model_run_error(struct model *model, struct model_packet *packet,
			const struct model_headers *headers);
