/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * The interfaces that a plan names, as Linux has them now: whether they can
 * carry packets, and from which addresses our adverts come. Read once, then followed
 * by what the kernel tells. A row stays where it is as long as a plan names it.
 */
#pragma once

#include "controlplane/netlink/netlink.h"
#include "controlplane/vrrp/plan.h"

#include <stdbool.h>
#include <stdint.h>

#define INTERFACES_MAX 512

#define SOURCES_MAX 16

/* The first ones that are no virtual addresses; all 0: none. */
struct sources {
	uint8_t ipv4[16], link_local[16], global[16];
	uint8_t any[SOURCES_MAX][16]; /* of all kinds */
	uint32_t count;
};

struct interface {
	char name[PLAN_INTERFACE_SIZE]; /* empty: the row is free */
	uint32_t index;                 /* 0: there is none of this name */
	uint32_t losses; /* how often it was lost: one made anew may have the index of the one
			    before */
	bool is_wanted;
	bool is_up; /* and has a carrier */
	bool is_loopback;
	bool is_router; /* Linux forwards IPv6 that comes from it */
	bool is_seen;   /* in the dump that is being read */
	uint8_t mac[6];
	struct sources sources, next_sources; /* as far as the dump has been read */
};

/* An address that was taken away, by us or by others. */
struct lost_address {
	uint32_t index; /* of its interface */
	uint8_t address[16];
};

struct interfaces {
	struct mnl_socket *monitor;
	struct netlink *netlink;
	struct interface rows[INTERFACES_MAX];
	bool is_stale;    /* addresses changed: they are read anew by interfaces_tick() */
	bool must_reread; /* messages were lost: all is */
	uint64_t read_at;
	/* NULL: news were missed, any address may be gone. */
	void (*on_lost)(void *context, const struct lost_address *lost);
	void *context;
};

/* 0 or -errno. */
int interfaces_open(struct interfaces *interfaces, struct netlink *netlink);

/* Before the names of a new plan are asked for, and after: those of none are forgotten. */
void interfaces_begin(struct interfaces *interfaces);
void interfaces_end(struct interfaces *interfaces, uint64_t now);
/* All that are known go on to be. */
void interfaces_keep(struct interfaces *interfaces);
/* NULL: there are too many. */
struct interface *interfaces_want(struct interfaces *interfaces, const char *name);

int interfaces_descriptor(const struct interfaces *interfaces);
/* Takes what the kernel has told. True: something has changed. */
bool interfaces_read(struct interfaces *interfaces);
/* Reads anew what must be; true: something may have changed. */
bool interfaces_tick(struct interfaces *interfaces, uint64_t now);
uint64_t interfaces_deadline(const struct interfaces *interfaces);
