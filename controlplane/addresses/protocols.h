/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* IFA_PROTO of the addresses we put on the machine: by it each program knows its own again. */
#pragma once

#define PLACEMENT_PROTOCOL 0x48 /* the control plane's ('H') */
#define VRRP_PROTOCOL      0x49 /* headrace-vrrp's */
