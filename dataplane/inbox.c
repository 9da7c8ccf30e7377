/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "dataplane/inbox.h"

_Static_assert(sizeof(struct abi_command) == ABI_CACHE_LINE, "a command is one cache line");

static size_t ring_offset(void)
{
	return (sizeof(struct abi_inbox) + ABI_CACHE_LINE - 1) / ABI_CACHE_LINE * ABI_CACHE_LINE;
}

static size_t ring_size(void)
{
	return sizeof(struct abi_inbox_ring) + ABI_INBOX_COMMANDS * sizeof(struct abi_command);
}

int inbox_create(struct run_file *file, const struct run_directory *directory,
		 unsigned worker_count)
{
	struct abi_inbox *header;

	if (run_file_create(file, directory, ABI_FILE_INBOX, ABI_MAGIC_INBOX,
			    ring_offset() + worker_count * ring_size()) != 0)
		return -1;
	header = file->data;
	header->ring_count = worker_count;
	header->command_count = ABI_INBOX_COMMANDS;
	header->command_size = sizeof(struct abi_command);
	header->ring_offset = ring_offset();
	header->ring_size = ring_size();
	return run_file_publish(file);
}

/* By what we made it with, not by what the file says. */
struct abi_inbox_ring *inbox_ring(const struct run_file *file, unsigned worker)
{
	return (struct abi_inbox_ring *)(void *)((uint8_t *)file->data + ring_offset() +
						 worker * ring_size());
}
