/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* The addresses a configuration makes ours: of services, local pools and VRRP groups. */
#pragma once

#include "config/model.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Sorted, each once. */
struct owned_addresses {
	struct address *rows;
	size_t count;
};

/* 0 or -ENOMEM. */
int owned_addresses_gather(const struct config *config, struct owned_addresses *out);
/* Those of them that move with no VRRP group: always held, by the control plane. 0 or -ENOMEM. */
int owned_addresses_select_held(const struct config *config, const struct owned_addresses *owned,
				struct owned_addresses *out);
void owned_addresses_free(struct owned_addresses *owned);

bool owned_addresses_have(const struct owned_addresses *owned, const struct address *address);
