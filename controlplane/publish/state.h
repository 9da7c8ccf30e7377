/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * The publisher's own state, and the parts it is made of: adopt.c reads a file
 * that is there, round.c makes one generation out of an input, publisher.c
 * holds them together. Private to this folder.
 */
#pragma once

#include "controlplane/publish/identity.h"
#include "controlplane/publish/maglev.h"
#include "controlplane/publish/publish.h"
#include "controlplane/publish/tables_file.h"

struct publisher {
	int directory; /* the run directory */
	struct tables_file file;
	uint64_t instance;
	struct abi_root root; /* of the last generation; generation 0: none */
	bool adopted;
	bool doubted; /* see publisher_doubt() */
	struct identities kinds[ABI_KIND_END];
	struct maglev_sizes ring_sizes;
	uint64_t next_due;
	bool short_of_indexes; /* the last round made room, and another one is to use it */
	size_t cut_short;      /* see publisher_cut_short() */
	char reason[256];
};

/* Fills an empty publisher from its open file; -EINVAL: not whole, -ENOMEM. */
int publisher_adopt(struct publisher *publisher);

/* Puts what is whole into a new file of this size, and that into place: the next round publishes in
 * it. */
int publisher_repair(struct publisher *publisher, uint64_t size);

/*
 * Makes and publishes one generation: 1, 0 when nothing changed, or -errno with
 * everything as before. -ENOBUFS: the heap is full.
 */
int round_run(struct publisher *publisher, const struct publish_input *input);

/* Sums the root up, puts it in its place and publishes it. */
void root_publish(struct tables_file *file, struct abi_root *root);

/* Bytes of an object of the last generation; NULL: it is not in it. */
static inline const void *published_bytes(const struct publisher *publisher,
					  const struct identity *row)
{
	return row->ref.length ? publisher->file.bytes + row->ref.offset : NULL;
}
