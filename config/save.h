/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * Saving the document so that whoever reads it later, after whatever crash,
 * finds the old one or the new one, whole. One writer at a time.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

/* Which content of a file this is: any write or replacement makes it another one. */
struct save_identity {
	dev_t device;
	ino_t inode;
	off_t size;
	struct timespec modified;
};

/* Of the file as it is now; 0 or -errno. */
int save_identify(const char *path, struct save_identity *identity);
bool save_is_same(const struct save_identity *a, const struct save_identity *b);

/*
 * Writes PATH.new, fsync, rename to PATH, fsync of the directory; when it returns
 * 0 the new content will be there after a power failure too. Mode and owner stay
 * those of the file it replaces (0640 when there was none); a symbolic link is
 * followed. `saved` is then the identity of what was written, whatever others
 * have made of PATH since.
 *
 * A negative errno: what PATH held, it holds still; -ECANCELED when that is not
 * `expected` (NULL: anything will do; no file at all always does). A positive
 * errno: PATH holds the new content, but its directory could not be synced: after
 * a power failure it may hold the old one.
 */
int save_file(const char *path, const char *text, size_t length,
	      const struct save_identity *expected, struct save_identity *saved);
