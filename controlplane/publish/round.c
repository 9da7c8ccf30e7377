/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "controlplane/publish/round.h"

#include "dataplane/abi/hash.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

int round_fail(const struct round *round, int rc, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(round->publisher->reason, sizeof(round->publisher->reason), format, arguments);
	va_end(arguments);
	return rc;
}

int round_claim(struct round *round, uint32_t kind, uint64_t key, uint32_t *index, uint32_t *epoch)
{
	struct identities *identities = &round->publisher->kinds[kind];
	int rc = identities_claim(identities, key, index);

	if (rc == -ENOSPC)
		round->missing[kind]++;
	if (rc == 0)
		*epoch = identities->rows[*index].epoch;
	return rc;
}

int round_put(struct round *round, uint32_t kind, uint32_t index, const void *bytes, size_t length)
{
	struct publisher *publisher = round->publisher;
	struct identity *row = &publisher->kinds[kind].rows[index];
	const void *last = published_bytes(publisher, row);
	struct abi_ref ref = {
		.kind = kind, .index = index, .birth = round->generation, .length = length};
	int rc;

	if (row->wanted)
		return 0;
	if (last && row->ref.length == length && memcmp(last, bytes, length) == 0) {
		round_keep(round, kind, index);
		return 0;
	}
	rc = tables_file_place(&publisher->file, bytes, length, &ref.offset);
	if (rc < 0)
		return rc;
	ref.checksum = abi_checksum(bytes, length);
	row->next = ref;
	row->changed = true;
	identities_want(&publisher->kinds[kind], index);
	round->changed = true;
	return 0;
}

void round_keep(struct round *round, uint32_t kind, uint32_t index)
{
	identities_want(&round->publisher->kinds[kind], index);
}

bool round_has_kept(const struct round *round, uint32_t kind, uint32_t index)
{
	const struct identity *row = &round->publisher->kinds[kind].rows[index];

	return row->wanted && !row->changed;
}

const void *round_guess(const struct round *round, uint32_t kind, uint32_t *index)
{
	const struct identities *identities = &round->publisher->kinds[kind];

	*index = identities_guess(identities);
	return *index == ABI_NONE ? NULL
				  : published_bytes(round->publisher, &identities->rows[*index]);
}

const void *round_bytes(const struct round *round, uint32_t kind, uint32_t index)
{
	const struct identities *identities = &round->publisher->kinds[kind];

	if (index >= identities->count || !identities->rows[index].wanted)
		return NULL;
	return round->publisher->file.bytes + identity_next(&identities->rows[index])->offset;
}

/* Ends the round: gives back what was written for it, or what it leaves behind. */
static void abandon(struct publisher *publisher)
{
	for (uint32_t kind = 1; kind < ABI_KIND_END; kind++) {
		for (uint32_t i = 0; i < publisher->kinds[kind].count; i++) {
			struct identity *row = &publisher->kinds[kind].rows[i];

			if (row->changed)
				heap_release(&publisher->file.heap, row->next.offset,
					     row->next.length);
			row->wanted = row->changed = false;
		}
	}
}

/* How many objects the generation has; *leaving: how many of the last one it has not. */
static size_t count_wanted(const struct publisher *publisher, size_t *leaving)
{
	size_t wanted = 0;

	*leaving = 0;
	for (uint32_t kind = 1; kind < ABI_KIND_END; kind++) {
		for (uint32_t i = 0; i < publisher->kinds[kind].count; i++) {
			const struct identity *row = &publisher->kinds[kind].rows[i];

			wanted += row->wanted;
			*leaving += row->ref.length > 0 && !row->wanted;
		}
	}
	return wanted;
}

static int put_directory(struct publisher *publisher, struct abi_root *root, size_t count)
{
	uint64_t length = count * sizeof(struct abi_ref);
	struct abi_ref *refs;
	size_t at = 0;
	int rc = tables_file_reserve(&publisher->file, length, &root->directory_offset);

	if (rc < 0)
		return rc;
	refs = (void *)(publisher->file.bytes + root->directory_offset);
	for (uint32_t kind = 1; kind < ABI_KIND_END; kind++)
		for (uint32_t i = 0; i < publisher->kinds[kind].count; i++)
			if (publisher->kinds[kind].rows[i].wanted)
				refs[at++] = *identity_next(&publisher->kinds[kind].rows[i]);
	root->directory_count = count;
	root->directory_checksum = abi_checksum(refs, length);
	return 0;
}

void root_publish(struct tables_file *file, struct abi_root *root)
{
	struct abi_tables *tables = tables_of(file);

	root->checksum = abi_checksum(root, offsetof(struct abi_root, checksum));
	tables->roots[root->generation % 2] = *root;
	__atomic_store_n(&tables->published, root->generation, __ATOMIC_RELEASE);
	/* What the next generation writes must not be seen before this one is. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

/* The generation is out: its rows become the last ones, what they replace is retired. */
static void settle(struct publisher *publisher)
{
	struct tables_file *file = &publisher->file;

	for (uint32_t kind = 1; kind < ABI_KIND_END; kind++) {
		for (uint32_t i = 0; i < publisher->kinds[kind].count; i++) {
			struct identity *row = &publisher->kinds[kind].rows[i];

			if (row->ref.length > 0 && (!row->wanted || row->changed))
				tables_file_retire(file, row->ref.offset, row->ref.length);
			if (row->changed)
				row->ref = row->next;
		}
		identities_sweep(&publisher->kinds[kind]);
	}
}

static uint64_t monotonic_nanoseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static int publish_round(struct round *round)
{
	struct publisher *publisher = round->publisher;
	const struct abi_root *last = &publisher->root;
	struct abi_root root = {.generation = round->generation,
				.revision = round->config->revision,
				.published_at = monotonic_nanoseconds()};
	size_t leaving, wanted = count_wanted(publisher, &leaving);
	int rc;

	if (!round->changed && leaving == 0 && round->waiting == 0 && last->directory_count != 0 &&
	    last->revision == root.revision)
		return 0;
	/* At most every row and the directory are replaced. */
	rc = tables_file_reserve_retired(&publisher->file, wanted + leaving + 1);
	if (rc == 0)
		rc = put_directory(publisher, &root, wanted);
	if (rc < 0)
		return rc;
	root_publish(&publisher->file, &root);
	if (last->directory_count != 0)
		tables_file_retire(&publisher->file, last->directory_offset,
				   last->directory_count * sizeof(struct abi_ref));
	settle(publisher);
	tables_file_turn(&publisher->file);
	publisher->root = root;
	return 1;
}

/* Rows that are free in the generation after this one. */
static size_t count_leaving(const struct identities *identities)
{
	size_t leaving = 0;

	for (uint32_t i = 0; i < identities->count; i++)
		leaving += identities->rows[i].key != 0 && !identities->rows[i].wanted;
	return leaving;
}

/* Neighbours without a place are nobody's fault, and no reason to stand still. */
static int wait_for_indexes(struct round *round)
{
	for (uint32_t kind = 1; kind < ABI_KIND_END; kind++) {
		const struct identities *identities = &round->publisher->kinds[kind];
		size_t missing = round->missing[kind];
		size_t leaving = missing > 0 ? count_leaving(identities) : 0;

		if (missing > leaving && kind != ABI_NEXT_HOP)
			return round_fail(round, -E2BIG, "more than %u objects of kind %s",
					  identities->limit, identities->kind);
		round->waiting += missing < leaving ? missing : leaving;
	}
	round->publisher->short_of_indexes = round->waiting > 0;
	return 0;
}

static int put_all(struct round *round)
{
	int rc;

	for (uint32_t kind = 1; kind < ABI_KIND_END; kind++)
		identities_begin(&round->publisher->kinds[kind]);
	rc = round_put_links(round);
	if (rc == 0)
		rc = round_put_backends(round);
	if (rc == 0)
		rc = round_put_rings(round);
	if (rc == 0)
		rc = round_put_services(round);
	return rc == 0 ? wait_for_indexes(round) : rc;
}

int round_run(struct publisher *publisher, const struct publish_input *input)
{
	struct round round = {.publisher = publisher,
			      .input = input,
			      .config = input->config,
			      .generation = publisher->root.generation + 1};
	int rc = -ENOMEM;

	round.uses = calloc(input->config->pool_count + 1, sizeof(*round.uses));
	round.members = malloc((input->backend_count + 1) * sizeof(*round.members));
	if (round.uses && round.members)
		rc = put_all(&round);
	if (rc == 0)
		rc = publish_round(&round);
	if (rc <= 0)
		abandon(publisher);
	free(round.uses);
	free(round.members);
	scratch_free(&round.scratch);
	keymap_free(&round.pools);
	return rc;
}
