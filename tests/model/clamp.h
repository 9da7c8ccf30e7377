/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* Lowering the segment size that a SYN names. */
#pragma once

#include "tests/model/parse.h"

/* `most` of 0: nothing is lowered. */
void model_clamp(struct model_packet *packet, const struct model_headers *headers, uint32_t most);
