/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "dataplane/counters.h"

static size_t round_up(size_t size)
{
	return (size + ABI_CACHE_LINE - 1) / ABI_CACHE_LINE * ABI_CACHE_LINE;
}

int counters_create(struct run_file *file, const struct run_directory *directory,
		    unsigned worker_count)
{
	const size_t offset = round_up(sizeof(struct abi_counters));
	const size_t block = round_up(sizeof(struct abi_counters_block));
	struct abi_counters *header;

	if (run_file_create(file, directory, ABI_FILE_COUNTERS, ABI_MAGIC_COUNTERS,
			    offset + (worker_count + 1) * block) != 0)
		return -1;
	header = file->data;
	header->worker_count = worker_count;
	header->block_count = worker_count + 1;
	header->block_offset = offset;
	header->block_size = block;
	return run_file_publish(file);
}

struct abi_counters_block *counters_block(const struct run_file *file, unsigned number)
{
	const struct abi_counters *header = file->data;

	return (struct abi_counters_block *)((uint8_t *)file->data + header->block_offset +
					     number * header->block_size);
}
