/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * The HTTP side of the API: one libmicrohttpd daemon a listener, each with its
 * own epoll descriptor watched by our loop; no threads.
 */
#pragma once

struct controlplane;
struct api_server;

/* Listens where api.listen says, else on RUN_DIR/api.sock. Faults are logged; 0 or -errno. */
int api_server_open(struct controlplane *controlplane, struct api_server **out);
void api_server_close(struct api_server *server);
