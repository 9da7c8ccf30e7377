/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "dataplane/flows_file.h"

#include "dataplane/huge_file.h"
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

static bool lay_out_working(struct flows_file *flows, uint32_t workers,
			    const uint32_t capacities[FAMILY_COUNT])
{
	flows->working_each = 0;
	for (unsigned i = 0; i < FAMILY_COUNT; i++) {
		flows->working_offsets[i] = flows->working_each;
		flows->working_each += round_up(flow_table_working_size(capacities[i]));
	}
	flows->working_size = workers * flows->working_each;
	flows->working = mmap(NULL, flows->working_size, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (flows->working != MAP_FAILED) {
		/* In huge pages if the kernel has them, and all there before the first packet. */
		madvise(flows->working, flows->working_size, MADV_HUGEPAGE);
		memset(flows->working, 0, flows->working_size);
		return true;
	}
	log_line("room for %u and %u flows in each worker needs another %zu MiB: %s",
		 capacities[FAMILY_IPV4], capacities[FAMILY_IPV6], (flows->working_size >> 20) + 1,
		 strerror(errno));
	flows->working = NULL;
	return false;
}

int flows_file_create(struct flows_file *flows, const struct run_directory *directory,
		      uint32_t workers, const uint32_t capacities[FAMILY_COUNT])
{
	const size_t size = flow_file_size(workers, capacities);
	struct abi_file head;
	struct abi_flows *header;
	uint64_t secret[2];

	if (size == 0) {
		log_line("room for %u and %u flows in each of %u workers is out of range; %u is "
			 "the most",
			 capacities[FAMILY_IPV4], capacities[FAMILY_IPV6], workers,
			 FLOW_CAPACITY_MAX);
		return -1;
	}
	if (huge_file_create(&flows->file, directory, ABI_FILE_FLOWS, ABI_MAGIC_FLOWS, size) != 0 &&
	    run_file_create(&flows->file, directory, ABI_FILE_FLOWS, ABI_MAGIC_FLOWS, size) != 0)
		return -1;
	if (!lay_out_working(flows, workers, capacities))
		return -1;
	if (getrandom(secret, sizeof(secret), 0) != sizeof(secret)) {
		log_line("no random numbers: %s", strerror(errno));
		return -1;
	}
	memcpy(&head, flows->file.data, sizeof(head));
	header = flow_file_format(flows->file.data, workers, capacities, secret);
	header->file.writer_pid = head.writer_pid;
	header->file.instance = head.instance;
	header->file.size = head.size;
	return run_file_publish(&flows->file);
}

struct flow_table *flows_file_table(const struct flows_file *flows, uint32_t worker,
				    unsigned family, uint64_t now_ms)
{
	uint8_t *working = (uint8_t *)flows->working + worker * flows->working_each +
			   flows->working_offsets[family];

	return flow_table_open(working, flows->file.data, worker, family, now_ms);
}

void flows_file_remove(struct flows_file *flows)
{
	run_file_remove(&flows->file);
	if (flows->working != NULL)
		munmap(flows->working, flows->working_size);
	flows->working = NULL;
}
