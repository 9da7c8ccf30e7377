/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* Addresses as bind() and connect() want them, of either family. */
#pragma once

#include "config/address.h"

#include <sys/socket.h>

/* Fills *out and returns its length. */
socklen_t socket_address(const struct address *address, uint16_t port,
			 struct sockaddr_storage *out);
