/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * A file in huge pages: it lies on a hugetlbfs that is mounted, and the run
 * directory has a symbolic link to it. A table of millions of rows in ordinary
 * pages would wait for page tables as often as for itself.
 */
#pragma once

#include "dataplane/run_files.h"

/*
 * As run_file_create(), with file->size rounded up to whole pages and
 * file->target set. -1, and nothing logged, when there is no hugetlbfs of 2 MiB
 * pages, or not enough of them are free. The run directory's earlier file of this
 * name goes, unless it is the one to `keep`; empty: none.
 */
int huge_file_create(struct run_file *file, const struct run_directory *directory, const char *name,
		     uint64_t magic, size_t size, const char *keep);

/* Removes what is there of this name, whatever the run directory links to. */
void huge_file_forget(const struct run_directory *directory, const char *name);
