/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * The addresses of a group on the machine: all of them, or none. A few at a
 * time, so that adverts go out between them. What was there before us, put there by
 * others, counts as held and is left there.
 */
#pragma once

#include "controlplane/vrrp/interfaces.h"
#include "controlplane/vrrp/plan_view.h"

#include <stdbool.h>
#include <stdint.h>

#define HOLDINGS_STEP 32 /* addresses put or removed at once */

struct holding {
	uint8_t address[16];
	struct interface *interface;    /* it is on */
	struct interface *announced_on; /* NULL: on no link */
	uint32_t index;  /* of the interface it was put on; 0: it is not held, as far as is known */
	bool is_ours;    /* we have put it there, and not removed it */
	bool is_planned; /* else only to be removed */
};

struct holdings {
	struct holding *rows; /* those of the plan first */
	uint32_t count, planned, held;
	uint32_t next; /* row to be looked at, those before it are done, or cannot be */
	bool are_wanted;
	bool is_settled; /* there is nothing to be done */
	int error;       /* the last one */
};

struct holdings_source {
	const struct plan_address *addresses;
	uint32_t count;
	struct interface *link; /* of the instance; NULL: none */
};

/* Rows for the addresses of a plan; those held go on being held, or are to be removed. 0, -ENOMEM,
 * or -ENOSPC: too many interfaces. */
int holdings_plan(struct holdings *holdings, const struct holdings_source *sources, uint32_t count,
		  struct interfaces *interfaces);
void holdings_free(struct holdings *holdings);

void holdings_want(struct holdings *holdings, bool are_wanted);
/* Whether some that are wanted are not there yet, as far as is known. */
bool holdings_lack(const struct holdings *holdings);
/* What could not be done is tried again. */
void holdings_again(struct holdings *holdings);
/* Does the next few; true: there is more to do. */
bool holdings_step(struct holdings *holdings, struct netlink *netlink);
/* It was taken from the machine, NULL: any may have been; if not by us, it is put back. */
void holdings_lost(struct holdings *holdings, const struct lost_address *lost);

/* Removes what a process before us has left on the machine; 0 or -errno. */
int holdings_clear(struct netlink *netlink);
