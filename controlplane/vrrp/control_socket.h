/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* The socket that commands come by (control.h): a few clients, of whom none is waited for. */
#pragma once

#include "controlplane/vrrp/control.h"

#include <stdint.h>

#define CONTROL_CLIENTS 8

struct control_socket {
	int listener;                 /* -1: it is closed */
	int clients[CONTROL_CLIENTS]; /* -1: none */
	char path[256];
};

/* Writes the answer to a command into `answer`, CONTROL_LINE_MAX bytes with a NUL. */
typedef void control_handler(void *context, char *command, char *answer);

/* Closed; as the others expect it. */
void control_socket_init(struct control_socket *control);
/* 0 or -errno. */
int control_socket_open(struct control_socket *control, const char *run_dir);
void control_socket_close(struct control_socket *control);
/* Takes who waits, and does what they say. */
void control_socket_read(struct control_socket *control, control_handler *handle, void *context);
