/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * Which index of `tables` belongs to whom. An object of the configuration is
 * known by a key, a 64-bit hash of its whole name; it keeps its index as long
 * as it is published. A free index is given away again in a later generation.
 * The epoch is made of the key: another holder of an index has another one, and
 * who begins a new file, because the old one is lost, gives what is configured
 * the epochs that flow records know.
 */
#pragma once

#include "controlplane/publish/keymap.h"
#include "dataplane/abi/tables.h"

#include <stdbool.h>

struct identity {
	uint64_t key; /* 0: the index is free */
	uint32_t epoch;
	bool wanted;          /* in the generation being made, */
	bool changed;         /* other than in the last one */
	uint32_t next_wanted; /* who was wanted after it the last time */
	struct abi_ref ref;   /* in the last generation; length 0: not in it */
	struct abi_ref next;  /* in the generation being made, when changed */
};

/* All of one kind. */
struct identities {
	struct identity *rows; /* by index */
	uint32_t count, capacity;
	uint32_t limit;                     /* indexes the kind has */
	bool moved;                         /* an index was given away or came back */
	const char *kind;                   /* its name, for sentences */
	uint32_t lowest_free;               /* no index below it is free */
	uint32_t first_wanted, last_wanted; /* in the order of this round; see identities_guess() */
	struct keymap indexes;              /* key -> index */
};

uint64_t identity_of_name(const char *name);
/* Tells pools' backends apart by all that makes them one: see publish.h. */
uint64_t identity_of_backend(const char *pool, const char *name, const uint8_t address[16],
			     uint16_t port);
/* By port, VLANs and address. */
uint64_t identity_of_next_hop(const struct abi_next_hop *hop);
uint64_t identity_of_address(const uint8_t address[16]);

/* Where the generation being made has it, when it is wanted. */
static inline const struct abi_ref *identity_next(const struct identity *row)
{
	return row->changed ? &row->next : &row->ref;
}

/* Begins a round: nobody is wanted yet. */
void identities_begin(struct identities *identities);
/* Wants the index: it comes after those that are wanted already. */
void identities_want(struct identities *identities, uint32_t index);
/*
 * Who is wanted next when this round goes as the last one did, which most do:
 * to be compared with what is at hand before its key is worked out. ABI_NONE:
 * nobody.
 */
uint32_t identities_guess(const struct identities *identities);

/* The index, or ABI_NONE. */
uint32_t identities_find(const struct identities *identities, uint64_t key);

/* The key's index, a new one when it had none; -ENOSPC: all taken, -ENOMEM. */
int identities_claim(struct identities *identities, uint64_t key, uint32_t *index);

/* Takes over what a file says; -EEXIST: index or key have a holder, -ENOMEM. */
int identities_adopt(struct identities *identities, const struct abi_ref *ref, uint64_t key,
		     uint32_t epoch);

/* Ends a round: frees the indexes of all that are not wanted, and wants nobody any more. */
void identities_sweep(struct identities *identities);
void identities_free(struct identities *identities);
