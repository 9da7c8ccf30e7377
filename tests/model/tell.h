/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* The model's own ICMP errors. */
#pragma once

#include "tests/model/parse.h"

/*
 * The verdict on a packet that was too big for its way out or whose hop limit is used up
 * (any other: the same verdict): as it was, or with its sender told from `source`, which
 * makes the packet the message.
 */
uint8_t model_tell(struct model *model, struct model_packet *packet,
		   const struct model_headers *headers, uint8_t verdict, const uint8_t source[16],
		   uint32_t mtu, uint32_t now);
