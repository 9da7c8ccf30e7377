/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* Reading the kernel's tables into a struct network. 0 or -errno. */
#pragma once

#include "controlplane/neighbours/network.h"

int read_links(struct network *network);
int read_addresses(struct network *network);
int read_routes(struct network *network); /* through ports, of the main table */
int read_neighbours(struct network *network);

/* Takes RTM_NEWNEIGH and RTM_DELNEIGH into the table; true when it is worth publishing. */
bool read_neighbour_message(struct network *network, const struct nlmsghdr *message);
