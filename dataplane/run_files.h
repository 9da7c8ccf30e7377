/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * The run directory: its lock, and the files in shared memory that this
 * process writes. A file is made under another name, filled, and renamed into
 * place, so that a reader finds it whole or not at all.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define RUN_PATH_SIZE 320

struct run_directory {
	char path[RUN_PATH_SIZE];
	int lock;          /* descriptor of the lock, held for life */
	uint64_t instance; /* drawn at random for this process */
};

struct run_file {
	char path[RUN_PATH_SIZE];   /* empty: there is none */
	char target[RUN_PATH_SIZE]; /* what `path` is a symbolic link to; empty: it is the file */
	void *data;
	size_t size;
};

/* Makes the directory when missing and takes the lock; 0 or -1, with the reason logged. */
int run_directory_open(struct run_directory *directory, const char *path);
void run_directory_close(struct run_directory *directory);

/*
 * A new file of `size` zero bytes, mapped, its header written; not in place
 * yet. 0 or -1, with the reason logged.
 */
int run_file_create(struct run_file *file, const struct run_directory *directory, const char *name,
		    uint64_t magic, size_t size);
/*
 * What another process left in the file's place, mapped to be written to; it may be
 * a link. 1: it is there; 0: nothing is; -1: it cannot be had, with the reason logged.
 */
int run_file_find(struct run_file *file, const struct run_directory *directory, const char *name);
/* Writes the header of a file that is mapped. */
void run_file_begin(struct run_file *file, const struct run_directory *directory, uint64_t magic);
/* Makes the link to file->target, not in place yet. 0 or -1, with the reason logged. */
int run_file_link(struct run_file *file, const struct run_directory *directory, const char *name);
/* Renames it into place. */
int run_file_publish(const struct run_file *file);
/* Unmaps it, and leaves it where it is. */
void run_file_close(struct run_file *file);
/* Unmaps it before it was published: nothing is left of it. */
void run_file_abandon(struct run_file *file);
/* Unmaps and removes it. */
void run_file_remove(struct run_file *file);
