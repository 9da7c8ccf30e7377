/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * What every file in shared memory begins with.
 *
 * The files lie in the run directory (default /run/headrace). Each has one
 * writer. A live file is never truncated or resized: its writer makes a new
 * one beside it, fills it, and renames it into place; readers notice by the
 * inode and reopen. Positions are offsets from the start of the file or
 * indexes, never pointers. Integers are host order unless the type or the
 * name says be ("big-endian": network order).
 *
 * Who lives is told by a lock (flock, exclusive) held for life on
 * <run-dir>/dataplane.lock and <run-dir>/controlplane.lock.
 *
 * A reader trusts nothing: it checks magic, version and size first, and every
 * index and offset behind them.
 */
#pragma once

#include <stdint.h>

/* Grows with every change to a struct in this folder. */
#define ABI_VERSION 1

#define ABI_CACHE_LINE 64
#define ABI_NAME_SIZE  64 /* with the NUL */

#define ABI_MAGIC_TABLES   0x53454c4241545248ull
#define ABI_MAGIC_STATUS   0x0053555441545348ull
#define ABI_MAGIC_COUNTERS 0x0053544e554f4348ull
#define ABI_MAGIC_FLOWS    0x000053574f4c4648ull

#define ABI_FILE_TABLES   "tables"
#define ABI_FILE_STATUS   "status"
#define ABI_FILE_COUNTERS "counters"
#define ABI_FILE_FLOWS    "flows"

#define ABI_LOCK_DATAPLANE    "dataplane.lock"
#define ABI_LOCK_CONTROLPLANE "controlplane.lock"

struct abi_file {
	uint64_t magic;
	uint32_t abi_version;
	uint32_t writer_pid;
	uint64_t size;     /* bytes of the whole file */
	uint64_t instance; /* drawn at random when the file is made; never 0 */
	uint8_t reserved[32];
};
