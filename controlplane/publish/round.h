/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * One generation in the making. Every object that is to be in it is put: its
 * bytes are compared with those of the last generation and written to the heap
 * only when they differ. Then the directory is written and the generation
 * published; or all that was written is given back.
 */
#pragma once

#include "controlplane/publish/objects.h"
#include "controlplane/publish/state.h"

/* How a pool is used by the services. */
struct pool_use {
	bool used;
	uint32_t flags;       /* ABI_BACKEND_* of its backends */
	uint32_t ring;        /* index, or ABI_NONE */
	size_t first_backend; /* position in input->backends */
	uint64_t key;         /* identity_of_name() */
	uint32_t *members;    /* indexes of its backends that take new flows */
	size_t member_count;
	bool is_kept; /* each is as it was in the last generation */
};

struct round {
	struct publisher *publisher;
	const struct publish_input *input;
	const struct config *config;
	uint64_t generation;
	bool changed;
	size_t waiting; /* objects that get an index in the generation after this one */
	size_t missing[ABI_KIND_END]; /* claims without an index */
	struct scratch scratch;
	struct pool_use *uses; /* of each pool of the configuration */
	uint32_t *members;     /* of all pools */
	struct keymap pools;   /* identity_of_name() -> position in config->pools */
};

/* Sets the publisher's reason; returns `rc`. */
int round_fail(const struct round *round, int rc, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * The index and epoch of an object, new ones when it had none. -ENOSPC: objects that leave have
 * them all; this one is left out, until the generation after this one.
 */
int round_claim(struct round *round, uint32_t kind, uint64_t key, uint32_t *index, uint32_t *epoch);
/* Puts an object in; the second time for one index does nothing. */
int round_put(struct round *round, uint32_t kind, uint32_t index, const void *bytes, size_t length);
/* Puts in what the last generation has under this index. */
void round_keep(struct round *round, uint32_t kind, uint32_t index);
/* True when the generation has the same under this index as the last one. */
bool round_has_kept(const struct round *round, uint32_t kind, uint32_t index);
/* What is probably to be put next, see identities_guess(), as it was; NULL: no idea. */
const void *round_guess(const struct round *round, uint32_t kind, uint32_t *index);
/* What this generation has under this index; NULL: nothing (yet). */
const void *round_bytes(const struct round *round, uint32_t kind, uint32_t index);

/* The next hop with port, VLANs and address of `wanted`, of those that have been put; ABI_NONE:
 * none. `guess` is looked at first; it may be any index. */
uint32_t round_find_next_hop(const struct round *round, const struct abi_next_hop *wanted,
			     uint32_t guess);

/*
 * True while the index drains since `since_ms`: its flows have not ended and
 * drain_timeout is not over. Another round is then due to look again.
 */
bool round_drains(struct round *round, uint32_t index, uint64_t since_ms);

/* The parts, in this order: later ones need indexes of earlier ones. */
int round_put_links(struct round *round);    /* next hops, routes, host addresses */
int round_put_backends(struct round *round); /* of the configuration, and then */
int round_put_removed(struct round *round);  /* those that left it, which drain */
int round_put_rings(struct round *round);
int round_put_services(struct round *round); /* settings, local pools, services */
