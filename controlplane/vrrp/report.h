/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * `vrrp`: what headrace-vrrp says of itself, in shared memory. Written by it
 * alone, read by anyone at any time without asking it. A group's row is that of its number; texts
 * are written under `version` (odd while being written), counters any time.
 */
#pragma once

#include "controlplane/vrrp/plan.h"

#define REPORT_FILE  "vrrp"
#define REPORT_MAGIC 0x0000505252564848ull

enum report_state {
	REPORT_NONE, /* no such group */
	REPORT_INIT, /* not begun */
	REPORT_BACKUP,
	REPORT_ACTIVE,
	REPORT_FAULT /* cannot serve: a link down, no dataplane */
};

/* Why a packet was not taken; the names keepalived's counters have. */
enum report_fault {
	REPORT_BAD_LENGTH,
	REPORT_BAD_TTL,
	REPORT_BAD_CHECKSUM,
	REPORT_BAD_VERSION,
	REPORT_BAD_TYPE,
	REPORT_BAD_VRID, /* of no instance here; of the interface's first instance */
	REPORT_BAD_INTERVAL,
	REPORT_BAD_AUTH,
	REPORT_BAD_ADDRESSES, /* taken all the same: the lists differ */
	REPORT_BAD_PEER,
	REPORT_OWN_PRIORITY, /* 255 from somebody who says the addresses are its own */
	REPORT_FAULT_COUNT
};

struct report_instance {
	uint8_t id, family;
	uint8_t in_use;
	uint8_t link_up;
	char interface[PLAN_INTERFACE_SIZE];
	uint8_t source[16]; /* that its adverts come from; all 0: the interface has none */
	uint8_t active[16]; /* the other node last heard as active; all 0: none */
	uint32_t active_priority;
	uint32_t active_interval; /* ms */
	uint64_t heard_at;        /* CLOCK_MONOTONIC, ns; 0: never */
	uint64_t adverts_sent, adverts_received;
	uint64_t zeros_sent, zeros_received; /* of priority 0 */
	uint64_t not_sent;                   /* the kernel refused */
	uint64_t gratuitous_sent;            /* ARP, or neighbour advertisements */
	uint64_t faults[REPORT_FAULT_COUNT];
};

struct report_group {
	char name[ABI_NAME_SIZE];
	uint32_t version;                        /* odd: its texts and numbers are being written */
	uint32_t state;                          /* enum report_state */
	uint32_t priority;                       /* with which it speaks now */
	uint32_t released;                       /* 1: `headrace vrrp release` was said */
	uint64_t since;                          /* CLOCK_MONOTONIC, ns, of the state */
	uint64_t became_active, released_active; /* how often */
	uint64_t lease_lost;                     /* adverts that were later than its lease */
	uint64_t address_count;
	char reason[128];                    /* of the last transition */
	struct report_instance instances[8]; /* the first ones */
};

struct report {
	struct abi_file file;
	uint64_t heartbeat;     /* CLOCK_MONOTONIC, ns */
	uint64_t plan_revision; /* of the plan it goes by */
	uint32_t real_time;     /* 1: it has real-time scheduling and locked memory */
	uint32_t reserved;
	uint64_t log_lost;     /* lines that nobody took in time */
	uint64_t longest_turn; /* ns from a wake-up to the next sleep, at most */
	struct report_group groups[ABI_MAX_GROUPS + 1]; /* [0] is not used */
};
