/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * Somebody else took our file away, cut it, or wrote into it. Nobody but us may,
 * but a mistyped command can; it must cost no more than a new file. What is
 * whole by its sum goes into that; the rest is made anew by the round that
 * follows, under the index it had.
 */
#include "controlplane/publish/state.h"

#include "dataplane/abi/hash.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

static bool is_uncut(const struct publisher *publisher, struct stat *ours)
{
	return fstat(publisher->file.fd, ours) == 0 &&
	       (uint64_t)ours->st_size >= publisher->file.size;
}

/* What the head says is what we wrote; in the file of a repair there is no generation yet. */
static bool is_our_head(const struct publisher *publisher)
{
	const struct abi_tables *tables = tables_of(&publisher->file);
	const struct abi_root *root = &publisher->root;
	const bool has_generation = root->directory_count > 0;

	return tables->file.magic == ABI_MAGIC_TABLES && tables->file.abi_version == ABI_VERSION &&
	       tables->file.size == publisher->file.size &&
	       tables->file.instance == publisher->instance &&
	       tables->published == (has_generation ? root->generation : 0) &&
	       (!has_generation ||
		memcmp(&tables->roots[root->generation % 2], root, sizeof(*root)) == 0);
}

bool publisher_is_installed(const struct publisher *publisher)
{
	struct stat ours, there;

	return is_uncut(publisher, &ours) && is_our_head(publisher) &&
	       fstatat(publisher->directory, ABI_FILE_TABLES, &there, AT_SYMLINK_NOFOLLOW) == 0 &&
	       there.st_dev == ours.st_dev && there.st_ino == ours.st_ino;
}

/* Moves an object of the last generation; one that is not whole is in no generation any more. */
static int move(const struct publisher *publisher, struct identity *row, bool readable,
		struct tables_file *into)
{
	const uint8_t *bytes = publisher->file.bytes + row->ref.offset;

	if (row->ref.length == 0)
		return 0;
	if (readable && abi_checksum(bytes, row->ref.length) == row->ref.checksum)
		return tables_file_place(into, bytes, row->ref.length, &row->next.offset);
	row->next.offset = 0;
	return 0;
}

static int move_all(struct publisher *publisher, struct tables_file *into)
{
	struct stat ours;
	bool readable = is_uncut(publisher, &ours);

	for (uint32_t kind = 1; kind < ABI_KIND_END; kind++) {
		for (uint32_t i = 0; i < publisher->kinds[kind].count; i++) {
			int rc = move(publisher, &publisher->kinds[kind].rows[i], readable, into);

			if (rc < 0)
				return rc;
		}
	}
	return 0;
}

static void adopt_moved(struct publisher *publisher)
{
	for (uint32_t kind = 1; kind < ABI_KIND_END; kind++) {
		for (uint32_t i = 0; i < publisher->kinds[kind].count; i++) {
			struct identity *row = &publisher->kinds[kind].rows[i];

			if (row->ref.length > 0 && row->next.offset > 0)
				row->ref.offset = row->next.offset;
			else
				row->ref = (struct abi_ref){0};
		}
	}
	/* In the new file there is no generation yet. */
	publisher->root.directory_offset = publisher->root.directory_count = 0;
}

int publisher_repair(struct publisher *publisher, uint64_t size)
{
	struct tables_file file;
	int rc = tables_file_create(&file, publisher->directory, size, publisher->instance);

	if (rc < 0)
		return rc;
	rc = move_all(publisher, &file);
	if (rc == 0)
		rc = tables_file_install(publisher->directory);
	if (rc < 0) {
		tables_file_discard(&file, publisher->directory);
		return rc;
	}
	adopt_moved(publisher);
	tables_file_close(&publisher->file);
	publisher->file = file;
	publisher->doubted = false;
	return 0;
}
