/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* The model's own ICMP errors and resets. */
#pragma once

#include "tests/model/send.h"

/*
 * The verdict on a packet that was too big for its way out or whose hop limit is used up
 * (any other: the same verdict): as it was, or with its sender told from `source`, which
 * makes the packet the message.
 */
uint8_t model_tell(struct model *model, struct model_packet *packet,
		   const struct model_headers *headers, uint8_t verdict, const uint8_t source[16],
		   uint32_t mtu, uint32_t now);

/*
 * The verdict on a segment of a connection that is to be reset. Its sender's reset takes its
 * place; the other end's, with that tuple and by that way (NULL: none), joins model->made.
 */
uint8_t model_reset(struct model *model, struct model_packet *packet,
		    const struct model_headers *headers, const struct model_tuple *other,
		    const struct model_way *way, uint32_t now);

/* The same of what is for a service without a backend. */
uint8_t model_refuse(struct model *model, struct model_packet *packet,
		     const struct model_headers *headers, uint32_t now);
