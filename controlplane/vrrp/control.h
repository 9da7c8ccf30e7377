/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * Commands to headrace-vrrp: <run-dir>/vrrp.sock, SOCK_SEQPACKET; a line of
 * text each way, without a newline. The answer is "ok", or a sentence.
 *
 *   plan           the plan has changed: read it
 *   release GROUP  give the group up, and take it back only when the peer is gone
 *   take GROUP     forget the release, and take over now, whatever `preempt` says
 *   stop           give everything up, and end (as SIGTERM)
 *
 * Only root may connect (the socket's mode).
 */
#pragma once

#define CONTROL_SOCKET   "vrrp.sock"
#define CONTROL_LINE_MAX 128
