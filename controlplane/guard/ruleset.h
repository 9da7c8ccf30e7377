/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * The text of the guard: `table netdev headrace`. Pure.
 *
 * On the ingress of each port's interface it drops what steering should have
 * taken: packets to a service, to a local address in its port range, from a
 * dnat backend's service port to anybody but this host; their later fragments;
 * and ICMP errors that would carry a dnat backend's answer to a client. The XDP
 * program comes before the ingress hook, so while it runs nothing is met here.
 * The taps have no chain: what comes from there has been judged.
 */
#pragma once

#include "controlplane/neighbours/network.h"
#include "controlplane/publish/publish.h"

/* An address with a range of ports, as the sets of the table hold it. */
struct guard_row {
	uint32_t be_address;
	uint8_t protocol; /* IPPROTO_TCP or IPPROTO_UDP; 0: both */
	uint16_t first, last;
};

struct guard_rows {
	struct guard_row *items;
	size_t count, room;
};

struct guard_input {
	struct guard_rows services;  /* what clients talk to */
	struct guard_rows locals;    /* what full NAT speaks from */
	struct guard_rows endpoints; /* where dnat services send */
	struct guard_rows hosts;     /* every address of this host; no ports */
};

/* Adds the rows of a configuration; of two configurations both are guarded. 0 or -ENOMEM. */
int guard_input_add_config(struct guard_input *input, const struct config *config);

/*
 * Adds the endpoints of dnat backends that left the configuration and drain:
 * their replies are as little Linux's as before. 0 or -ENOMEM.
 */
int guard_input_add_removed(struct guard_input *input, const struct publisher *publisher);

/* Adds the addresses that Linux holds now. 0 or -ENOMEM. */
int guard_input_add_hosts(struct guard_input *input, const struct network *network);

void guard_input_free(struct guard_input *input);

/*
 * The commands that put the table of this name in place of the one before, in
 * one transaction; malloc'ed, NULL: no memory. Sorts and merges the rows.
 */
char *guard_ruleset_make(const char *table, struct guard_input *input,
			 const struct network_port *ports, size_t port_count);
