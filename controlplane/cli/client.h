/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* Talking to the control plane's API, over its unix socket or loopback TCP. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* How the program ends. */
enum cli_exit { CLI_DONE, CLI_REFUSED, CLI_USAGE, CLI_UNREACHABLE };

struct client {
	const char *socket_path;
	const char *url;   /* "http://127.0.0.1:7117" in its stead; NULL: the socket */
	const char *token; /* that it shows; NULL: none */
	long timeout_ms;
};

#define CLIENT_TIMEOUT_MS 30000L

struct client_request {
	const char *method;
	const char *path;
	const char *body; /* JSON; NULL: none */
	size_t length;
	const char *if_match; /* an ETag; NULL: any */
	/* Takes a good answer in pieces, however long it is; false: it is none. NULL: it is JSON.
	 */
	bool (*take)(void *context, const char *bytes, size_t length);
	void *context;
};

struct client_answer {
	long status;
	json_t *json; /* NULL: the answer had no body, or was taken in pieces */
};

/* CLI_DONE whatever the answer's status, or CLI_UNREACHABLE, told on stderr. */
enum cli_exit client_send(const struct client *client, const struct client_request *request,
			  struct client_answer *answer);

/*
 * Tells on stderr why the answer is a refusal, each fault with its place; `file`:
 * what was sent, for places in it; NULL: no file.
 */
void client_tell_refusal(const struct client_answer *answer, const char *file);
