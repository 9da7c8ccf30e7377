/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* Where the API listens: "unix:PATH", "127.0.0.1:7117", "[::1]:7117". Pure. */
#pragma once

#include "config/address.h"

#define LISTEN_PATH_SIZE 108 /* of a sockaddr_un, with the NUL */

struct listen_place {
	char path[LISTEN_PATH_SIZE]; /* of a unix socket; empty: TCP */
	struct address address;
	uint16_t port;
};

/* NULL, or what is wrong with it as a sentence. */
const char *listen_parse(const char *text, struct listen_place *place);
