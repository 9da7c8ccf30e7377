/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "controlplane/publish/state.h"

#include "dataplane/abi/hash.h"
#include "dataplane/abi/kinds.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

/* Of a new file: sparse, so that only what is used takes memory. */
#define FIRST_SIZE (64ull << 20)
/* No set of tables within the ABI's bounds needs more. */
#define LAST_SIZE  (64ull << 30)

static void forget(struct publisher *publisher)
{
	for (uint32_t kind = 1; kind < ABI_KIND_END; kind++) {
		identities_free(&publisher->kinds[kind]);
		publisher->kinds[kind].limit = abi_kind_bounds(kind)->indexes;
		publisher->kinds[kind].kind = abi_kind_bounds(kind)->name;
	}
	publisher->root = (struct abi_root){0};
	publisher->adopted = false;
}

static int draw_instance(uint64_t *instance)
{
	do {
		if (getrandom(instance, sizeof(*instance), 0) != sizeof(*instance))
			return -errno;
	} while (*instance == 0);
	return 0;
}

static int create_file(struct publisher *publisher)
{
	int rc = draw_instance(&publisher->instance);

	if (rc == 0)
		rc = tables_file_create(&publisher->file, publisher->directory, FIRST_SIZE,
					publisher->instance);
	return rc < 0 ? rc : tables_file_install(publisher->directory);
}

static int open_file(struct publisher *publisher)
{
	int rc = tables_file_open(&publisher->file, publisher->directory);

	if (rc == 0)
		rc = publisher_adopt(publisher);
	if (rc == 0) {
		tables_of(&publisher->file)->file.writer_pid = (uint32_t)getpid();
		return 0;
	}
	tables_file_close(&publisher->file);
	forget(publisher);
	return rc == -ENOMEM ? rc : create_file(publisher);
}

int publisher_open(const char *run_dir, struct publisher **out)
{
	struct publisher *publisher = calloc(1, sizeof(*publisher));
	int rc;

	if (!publisher)
		return -ENOMEM;
	publisher->file.fd = -1;
	forget(publisher);
	publisher->directory = open(run_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	rc = publisher->directory < 0 ? -errno : open_file(publisher);
	if (rc < 0) {
		publisher_close(publisher);
		return rc;
	}
	*out = publisher;
	return 0;
}

void publisher_close(struct publisher *publisher)
{
	if (!publisher)
		return;
	tables_file_close(&publisher->file);
	if (publisher->directory >= 0)
		close(publisher->directory);
	for (uint32_t kind = 1; kind < ABI_KIND_END; kind++)
		identities_free(&publisher->kinds[kind]);
	maglev_forget(&publisher->ring_sizes);
	free(publisher);
}

/* Copies the last generation, and nothing else, into an empty file. */
static int copy_generation(struct publisher *publisher, struct tables_file *larger)
{
	struct abi_root root = publisher->root;
	uint64_t length = root.directory_count * sizeof(struct abi_ref);
	struct abi_ref *refs = malloc(length + 1);
	int rc = refs ? 0 : -ENOMEM;

	if (rc == 0)
		memcpy(refs, publisher->file.bytes + root.directory_offset, length);
	for (uint64_t i = 0; rc == 0 && i < root.directory_count; i++)
		rc = tables_file_place(larger, publisher->file.bytes + refs[i].offset,
				       refs[i].length, &refs[i].offset);
	if (rc == 0)
		rc = tables_file_place(larger, refs, length, &root.directory_offset);
	if (rc == 0) {
		root.directory_checksum = abi_checksum(refs, length);
		root_publish(larger, &root);
		rc = tables_file_install(publisher->directory);
	}
	for (uint64_t i = 0; rc == 0 && i < root.directory_count; i++)
		publisher->kinds[refs[i].kind].rows[refs[i].index].ref = refs[i];
	if (rc == 0)
		publisher->root = root;
	free(refs);
	return rc;
}

/* The heap is full: the same generation in a file of twice the size takes the place of this one. */
static int grow(struct publisher *publisher)
{
	struct tables_file larger;
	int rc;

	if (publisher->file.size >= LAST_SIZE)
		return -EFBIG;
	if (publisher->root.directory_count == 0)
		return publisher_repair(publisher, publisher->file.size * 2);
	rc = tables_file_create(&larger, publisher->directory, publisher->file.size * 2,
				publisher->instance);
	if (rc < 0)
		return rc;
	rc = copy_generation(publisher, &larger);
	if (rc < 0) {
		tables_file_discard(&larger, publisher->directory);
		return rc;
	}
	tables_file_close(&publisher->file);
	publisher->file = larger;
	return 0;
}

/* Whoever failed may have said why already. */
static int fail(struct publisher *publisher, int rc)
{
	if (publisher->reason[0] == '\0')
		snprintf(publisher->reason, sizeof(publisher->reason), "writing tables: %s",
			 strerror(-rc));
	return rc;
}

/* One generation, in a larger file when it needs one. */
static int run_round(struct publisher *publisher, const struct publish_input *input)
{
	int rc;

	do
		rc = round_run(publisher, input);
	while (rc == -ENOBUFS && (rc = grow(publisher)) == 0);
	if (rc > 0)
		publisher->adopted = false;
	return rc;
}

int publisher_publish(struct publisher *publisher, const struct publish_input *input)
{
	int rc;

	publisher->reason[0] = '\0';
	publisher->cut_short = 0;
	if (publisher->doubted || !publisher_is_installed(publisher)) {
		rc = publisher_repair(publisher, publisher->file.size);
		if (rc < 0)
			return fail(publisher, rc);
	}
	do
		rc = run_round(publisher, input);
	while (rc > 0 && publisher->short_of_indexes);
	return rc < 0 ? fail(publisher, rc) : rc;
}

void publisher_doubt(struct publisher *publisher)
{
	publisher->doubted = true;
}
