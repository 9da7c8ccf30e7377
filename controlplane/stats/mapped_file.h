/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * A file of shared memory that somebody else makes, mapped for reading; `inbox`,
 * of which parts are ours to write, for writing too. Its maker may die and a new
 * one put another file into place at any time. Who cuts the live file kills its
 * readers by SIGBUS, and the dataplane that writes it before them: no reader is
 * guarded against that.
 */
#pragma once

#include "dataplane/abi/file.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct mapped_file {
	char path[256];
	uint64_t magic;
	size_t least_size; /* of a file worth looking into */
	bool is_writable;  /* set before it is opened */
	const void *data;  /* NULL: there is none */
	size_t size;
	dev_t device;
	ino_t inode;
	uint64_t instance;
	dev_t told_device; /* of the last one whose version we do not read */
	ino_t told_inode;
};

void mapped_file_init(struct mapped_file *file, const char *run_dir, const char *name,
		      uint64_t magic, size_t least_size);

/* Opens it, or opens it anew when another one is in its place. True when there is a valid file. */
bool mapped_file_refresh(struct mapped_file *file);

void mapped_file_close(struct mapped_file *file);
