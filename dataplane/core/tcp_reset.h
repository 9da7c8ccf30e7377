/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * A reset of our own in answer to a segment, made in its place (RFC 9293,
 * 3.10.7.1, of a connection that does not exist): numbers that its sender accepts.
 */
#pragma once

#include "dataplane/core/parse.h"

/* From whom the segment was for, to whom it is from. It must not be a reset itself. The Ethernet
 * addresses are the caller's to write. */
void tcp_reset_make(struct packet *packet, const struct headers *headers);
