/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * `inbox`: what the control plane asks of the workers, a ring of commands for each.
 *
 * Made by the dataplane when it starts, as large as its number of workers wants,
 * and put into place empty: so commands are for the process that reads them, and
 * go with it. Whoever starts next makes a new file; the control plane notices by
 * the inode, as with every file here. The control plane (one, by its lock) writes
 * commands and `written`; the ring's worker writes `taken`; each has a cache line
 * of its own. A control plane that starts anew goes on where `written` stands: what
 * its predecessor had not published was never there.
 *
 * Positions count commands from 0 on and never wrap; position p lies at place
 * p % command_count. The writer fills the place, then stores `written` (release);
 * the worker loads it (acquire), copies the command, carries it out, and stores
 * `taken` (release). A place may be filled again when `taken` (acquire) has passed
 * it: written - taken <= command_count.
 *
 * A full ring: the writer waits, a worker never does. A worker takes a bounded
 * number each turn of its loop, and none before it has tables. One that finds more written than the
 * ring holds takes none of it, and goes on behind.
 *
 * A worker trusts nothing: it looks at a copy, and passes over a kind, a family or
 * a protocol that it does not know.
 */
#pragma once

#include "dataplane/abi/flows.h"

enum abi_command_kind {
	ABI_COMMAND_NONE = 0,
	ABI_COMMAND_END_FLOW, /* the flow of this tuple, if it is still the one that was meant */
};

struct abi_command {
	uint8_t kind;     /* enum abi_command_kind */
	uint8_t family;   /* 4 or 6 */
	uint8_t protocol; /* of IP */
	uint8_t reserved0;
	uint32_t syn_time; /* the record's: another flow of the same tuple has another, and stays */
	struct abi_flow_ports ports; /* of the client's packets */
	struct abi_flow_ipv4 ipv4;   /* their addresses: family 4, */
	struct abi_flow_ipv6 ipv6;   /* family 6 */
	uint8_t reserved[12];
};

/* Before the commands of a ring. */
struct abi_inbox_ring {
	uint64_t written; /* by the control plane */
	uint8_t reserved0[ABI_CACHE_LINE - 8];
	uint64_t taken; /* by the worker */
	uint8_t reserved1[ABI_CACHE_LINE - 8];
	struct abi_command commands[]; /* command_count of them */
};

#define ABI_INBOX_COMMANDS 2048

struct abi_inbox {
	struct abi_file file;
	uint32_t ring_count; /* one for each worker */
	uint32_t command_count;
	uint32_t command_size; /* from one to the next: sizeof(struct abi_command) */
	uint32_t reserved0;
	uint64_t ring_offset; /* of the first, a multiple of the cache line */
	uint64_t ring_size;   /* from one to the next */
	uint8_t reserved[32];
};
