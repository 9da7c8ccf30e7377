/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * Whom a request was meant for. A page in a browser on this machine can make
 * it ask any name that resolves to loopback (DNS rebinding); the header Host
 * then has that name. Pure.
 */
#pragma once

#include <stdbool.h>

/* True for "localhost" and loopback addresses, each with or without a port; NULL: there was none.
 */
bool host_is_loopback(const char *host);
