/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * Receive side scaling: a card that spreads packets over its queues by a
 * Toeplitz hash is given our key and a redirection table, so that each queue gets what
 * the worker that polls it owns (core/owner.h). A card that refuses is used as it
 * is: what comes to another worker is handed over.
 *
 * Of full NAT that is exact. Of dnat the client's end alone decides: a card hashes
 * so where it offers to and the configuration says which end that is (`rss_on`).
 */
#pragma once

#include "dataplane/core/owner.h"
#include "dataplane/port.h"

struct rte_eth_conf;
struct rte_eth_dev_info;

/* Reads what the card offers; with several workers decides how many queues the port gets. */
void rss_read(struct port *port, const struct rte_eth_dev_info *info, unsigned workers);

/* Entries of the redirection table that fits all ports: OWNER_RETA_SIZE when none asks for another.
 */
uint32_t rss_reta_size(const struct ports *ports);

/* Writes hash and key into what the device will be configured by; they must stay till then. */
void rss_configure(const struct port *port, uint8_t key[TOEPLITZ_KEY_SIZE],
		   struct rte_eth_conf *conf);

/*
 * Once the device has started: fills the redirection table, and reads it and the key
 * back. port->rss tells how it ended; a refusal is logged.
 */
void rss_fill(struct port *port, const uint8_t key[TOEPLITZ_KEY_SIZE], const struct owner *owner);
