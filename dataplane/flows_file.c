/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "dataplane/flows_file.h"

#include "dataplane/log.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

static size_t round_up(size_t size)
{
	return (size + ABI_CACHE_LINE - 1) / ABI_CACHE_LINE * ABI_CACHE_LINE;
}

int flows_file_create(struct flows_file *flows, const struct run_directory *directory,
		      uint32_t table_count, uint32_t capacity)
{
	const size_t size = flow_file_size(table_count, capacity);
	struct abi_file head;
	struct abi_flows *header;
	uint64_t secret[2];

	if (size == 0) {
		log_line("%u flows for each of %u workers is out of range; %u is the most",
			 capacity, table_count, FLOW_CAPACITY_MAX);
		return -1;
	}
	if (run_file_create(&flows->file, directory, ABI_FILE_FLOWS, ABI_MAGIC_FLOWS, size) != 0)
		return -1;
	flows->working_size = table_count * round_up(flow_table_working_size(capacity));
	flows->working = mmap(NULL, flows->working_size, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (flows->working == MAP_FAILED) {
		log_line("%u flows for each worker need another %zu MiB: %s", capacity,
			 (flows->working_size >> 20) + 1, strerror(errno));
		flows->working = NULL;
		return -1;
	}
	if (getrandom(secret, sizeof(secret), 0) != sizeof(secret)) {
		log_line("no random numbers: %s", strerror(errno));
		return -1;
	}
	memcpy(&head, flows->file.data, sizeof(head));
	header = flow_file_format(flows->file.data, table_count, capacity, secret);
	header->file.writer_pid = head.writer_pid;
	header->file.instance = head.instance;
	return run_file_publish(&flows->file);
}

struct flow_table *flows_file_table(const struct flows_file *flows, uint32_t number,
				    uint64_t now_ms)
{
	struct abi_flows *header = flows->file.data;
	const size_t each = flows->working_size / header->table_count;

	return flow_table_open((uint8_t *)flows->working + number * each, header, number, now_ms);
}

void flows_file_remove(struct flows_file *flows)
{
	run_file_remove(&flows->file);
	if (flows->working != NULL)
		munmap(flows->working, flows->working_size);
	flows->working = NULL;
}
