/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* Sockets the API listens on. */
#pragma once

#include <stdbool.h>

/*
 * Opens "unix:PATH", mode 0660, or "ADDRESS:PORT"; a unix socket nobody listens
 * on any more is replaced. The descriptor, or -errno (logged).
 */
int listener_open(const char *where);

bool listener_is_tcp(const char *where);

/* Removes the socket's path. */
void listener_unlink(const char *where);
