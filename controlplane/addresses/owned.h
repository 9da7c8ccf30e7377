/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* The addresses a configuration makes ours: of services and of local pools. */
#pragma once

#include "config/model.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* IPv4, network order; sorted, each once. */
struct owned_addresses {
	uint32_t *rows;
	size_t count;
};

/* 0 or -ENOMEM. */
int owned_addresses_gather(const struct config *config, struct owned_addresses *out);
void owned_addresses_free(struct owned_addresses *owned);

bool owned_addresses_have(const struct owned_addresses *owned, uint32_t be_address);
