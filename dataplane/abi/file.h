/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * What every file in shared memory begins with.
 *
 * The files lie in the run directory (default /run/headrace). Each has one
 * writer, but `inbox`, whose parts have. A live file is never truncated or resized: its writer
 * makes a new one beside it, fills it, and renames it into place; readers notice by the inode and
 * reopen. Positions are offsets from the start of the file or indexes, never pointers. Integers are
 * host order unless the type or the name says be ("big-endian": network order).
 *
 * Who lives is told by a lock (flock, exclusive) held for life on
 * <run-dir>/dataplane.lock, <run-dir>/controlplane.lock and <run-dir>/vrrp.lock.
 *
 * A reader trusts nothing: it checks magic, version and size first, and every
 * index and offset behind them.
 */
#pragma once

#include <stdint.h>

/*
 * Versions. ABI_VERSION grows once with each release that changes what bytes in
 * this folder mean. A program reads files of its own version, of the one before and of the
 * one after, so that either daemon may be replaced first. That is kept by the
 * way the contract grows:
 *
 * - Structs keep their size and every field its place. A new field takes
 *   reserved bytes; 0 in it means what was true before there was the field.
 *   Writers write 0 to reserved bytes, readers do not look at them.
 * - A new kind of object, or a new file, has a new number or name; readers
 *   pass over what they do not know.
 * - A new value of an enum is refused by older readers, with a sentence.
 *
 * What cannot be done so takes two versions at once: programs that far apart
 * refuse each other's files.
 */
#ifndef ABI_VERSION /* the tests build the programs as the next version too */
#define ABI_VERSION 1
#endif

/* The range that is read; there was no version 0. */
#define ABI_VERSION_BEFORE (ABI_VERSION > 1 ? ABI_VERSION - 1 : 1)
#define ABI_VERSION_AFTER  (ABI_VERSION + 1)

/* 1 when a program of version `program` reads a file of version `file`. */
static inline int abi_versions_agree(uint32_t file, uint32_t program)
{
	return file != 0 && (file > program ? file - program : program - file) <= 1;
}

#define ABI_CACHE_LINE 64
#define ABI_NAME_SIZE  64 /* with the NUL */

#define ABI_MAGIC_TABLES   0x53454c4241545248ull
#define ABI_MAGIC_STATUS   0x0053555441545348ull
#define ABI_MAGIC_COUNTERS 0x0053544e554f4348ull
#define ABI_MAGIC_FLOWS    0x000053574f4c4648ull
#define ABI_MAGIC_INBOX    0x0000584f424e4948ull
#define ABI_MAGIC_LEASE    0x00004553414e4948ull

#define ABI_FILE_TABLES   "tables"
#define ABI_FILE_STATUS   "status"
#define ABI_FILE_COUNTERS "counters"
#define ABI_FILE_FLOWS    "flows"
#define ABI_FILE_INBOX    "inbox"
#define ABI_FILE_LEASE    "lease"

#define ABI_LOCK_DATAPLANE    "dataplane.lock"
#define ABI_LOCK_CONTROLPLANE "controlplane.lock"
#define ABI_LOCK_VRRP         "vrrp.lock"

struct abi_file {
	uint64_t magic;
	uint32_t abi_version;
	uint32_t writer_pid;
	uint64_t size;     /* bytes of the whole file */
	uint64_t instance; /* drawn at random when the file is made; never 0 */
	uint8_t reserved[32];
};
