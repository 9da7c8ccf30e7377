/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "dataplane/flows_file.h"

#include "dataplane/abi/hash.h"
#include "dataplane/huge_file.h"
#include "dataplane/log.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

#define BOOT_ID "/proc/sys/kernel/random/boot_id"

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

/* Linux's name of the time since it was started; zeros where it has none. */
static void read_boot(uint8_t boot[16])
{
	char text[40] = "";
	FILE *file = fopen(BOOT_ID, "re");
	unsigned digit = 0;

	memset(boot, 0, 16);
	if (file == NULL)
		return;
	if (fgets(text, sizeof(text), file) == NULL)
		text[0] = '\0';
	fclose(file);
	for (const char *at = text; *at != '\0' && digit < 32; at++) {
		const char *digits = "0123456789abcdef";
		const char *found = strchr(digits, *at);

		if (found == NULL)
			continue;
		boot[digit / 2] |= (uint8_t)((found - digits) << (digit % 2 == 0 ? 4 : 0));
		digit++;
	}
}

static uint64_t describe_ports(const struct config_dataplane *config)
{
	char text[ABI_MAX_PORTS * 256];
	size_t length = 0;

	for (size_t i = 0; i < config->port_count && i < ABI_MAX_PORTS; i++) {
		size_t more = strnlen(config->ports[i].device, 255);

		memcpy(text + length, config->ports[i].device, more);
		text[length + more] = '\0';
		length += more + 1;
	}
	uint64_t sum = abi_checksum(text, length);

	return sum != 0 ? sum : 1;
}

static bool is_of_this_boot(const struct abi_flows *head)
{
	static const uint8_t none[16];
	uint8_t boot[16];

	read_boot(boot);
	return memcmp(boot, head->boot, sizeof(boot)) == 0 || memcmp(head->boot, none, 16) == 0 ||
	       memcmp(boot, none, 16) == 0;
}

/* What an earlier process left, opened; no data when there is nothing to take over. */
static void find_previous(struct flows_file *flows, const struct run_directory *directory)
{
	struct run_file *previous = &flows->previous;
	char reason[128];
	bool usable;

	if (run_file_find(previous, directory, ABI_FILE_FLOWS) != 1) {
		previous->target[0] = '\0';
		return;
	}
	usable = flow_image_open(&flows->image, previous->data, previous->size, reason,
				 sizeof(reason));
	if (usable && !is_of_this_boot(previous->data)) {
		snprintf(reason, sizeof(reason), "is older than the machine's last start");
		usable = false;
	}
	if (usable)
		return;
	log_line("no flows are taken over: %s %s; a new one is made", previous->path, reason);
	run_file_close(previous);
	previous->target[0] = '\0';
}

static bool create_huge(struct flows_file *flows, const struct run_directory *directory,
			size_t size)
{
	return huge_file_create(&flows->file, directory, ABI_FILE_FLOWS, ABI_MAGIC_FLOWS, size,
				flows->previous.target) == 0;
}

/* In ordinary pages. Rather no flows than no dataplane, where memory is too short for both files.
 */
static int create_ordinary(struct flows_file *flows, const struct run_directory *directory,
			   size_t size)
{
	struct run_file *previous = &flows->previous;

	if (run_file_create(&flows->file, directory, ABI_FILE_FLOWS, ABI_MAGIC_FLOWS, size) == 0)
		return 0;
	if (previous->data == NULL)
		return -1;
	log_line("the flows of the last dataplane are given up: there is no room for another file "
		 "beside theirs, which does not fit this configuration");
	run_file_remove(previous);
	*previous = (struct run_file){.data = NULL};
	return run_file_create(&flows->file, directory, ABI_FILE_FLOWS, ABI_MAGIC_FLOWS, size);
}

/* The earlier file where it lies, or a new one. */
static int choose(struct flows_file *flows, const struct run_directory *directory, bool fits,
		  size_t size)
{
	const bool in_place = fits && flows->previous.target[0] != '\0';

	if (!in_place && create_huge(flows, directory, size))
		return 0;
	if (!fits)
		return create_ordinary(flows, directory, size);
	flows->waits = true;
	flows->file = flows->previous;
	flows->previous = (struct run_file){.data = NULL};
	flows->published = true;
	run_file_begin(&flows->file, directory, ABI_MAGIC_FLOWS);
	return 0;
}

static int write_head(struct flows_file *flows, uint32_t workers,
		      const uint32_t capacities[FAMILY_COUNT])
{
	struct abi_flows *header;
	struct abi_file head;
	uint64_t secret[2];

	if (getrandom(secret, sizeof(secret), 0) != sizeof(secret)) {
		log_line("no random numbers: %s", strerror(errno));
		return -1;
	}
	memcpy(&head, flows->file.data, sizeof(head));
	header = flow_file_format(flows->file.data, workers, capacities, secret);
	header->file.writer_pid = head.writer_pid;
	header->file.instance = head.instance;
	header->file.size = head.size;
	read_boot(header->boot);
	return 0;
}

static int publish(struct flows_file *flows)
{
	((struct abi_flows *)flows->file.data)->ports = flows->ports;
	if (flows->published)
		return 0;
	if (run_file_publish(&flows->file) != 0)
		return -1;
	flows->published = true;
	return 0;
}

int flows_file_open(struct flows_file *flows, const struct run_directory *directory,
		    const struct config_dataplane *config, uint32_t workers)
{
	const uint32_t capacities[FAMILY_COUNT] = {config->flows_per_worker,
						   config->flows_per_worker_ipv6};
	const size_t size = flow_file_size(workers, capacities);
	bool fits;

	if (size == 0) {
		log_line("room for %u and %u flows in each of %u workers is out of range; %u is "
			 "the most",
			 capacities[FAMILY_IPV4], capacities[FAMILY_IPV6], workers,
			 FLOW_CAPACITY_MAX);
		return -1;
	}
	flows->ports = describe_ports(config);
	find_previous(flows, directory);
	fits = flows->previous.data != NULL && flow_image_fits(&flows->image, workers, capacities);
	if (choose(flows, directory, fits, size) != 0)
		return -1;
	flows->waits |= flows->previous.data != NULL;
	if (!lay_out_working(flows, workers, capacities) ||
	    write_head(flows, workers, capacities) != 0)
		return -1;
	return flows->waits ? 0 : publish(flows);
}

struct flow_table *flows_file_table(const struct flows_file *flows, uint32_t worker,
				    unsigned family, uint64_t now_ms)
{
	uint8_t *working = (uint8_t *)flows->working + worker * flows->working_each +
			   flows->working_offsets[family];

	return flow_table_open(working, flows->file.data, worker, family, now_ms);
}

void flows_file_recover(struct flows_file *flows, struct flow_recovery *recovery)
{
	struct run_file *previous = &flows->previous;
	const struct abi_flows *old = previous->data != NULL ? previous->data : flows->file.data;

	if (!flows->waits)
		return;
	flows->waits = false;
	recovery->from = previous->data != NULL ? &flows->image : NULL;
	recovery->forget_hops = old->ports != 0 && old->ports != flows->ports;
	flow_recover(recovery);
	/* Not in place, it would be read by nobody, and the next start would go on with the old. */
	if (publish(flows) != 0 || previous->data == NULL)
		return;
	if (previous->target[0] != '\0')
		unlink(previous->target);
	run_file_close(previous);
}

void flows_file_close(struct flows_file *flows)
{
	run_file_close(&flows->previous);
	if (flows->published)
		run_file_close(&flows->file);
	else
		run_file_abandon(&flows->file);
	if (flows->working != NULL)
		munmap(flows->working, flows->working_size);
	flows->working = NULL;
}

void flows_file_forget(const struct run_directory *directory)
{
	struct run_file file = {.data = NULL};

	if (run_file_find(&file, directory, ABI_FILE_FLOWS) == 1)
		run_file_remove(&file);
	else
		unlink(file.path);
	huge_file_forget(directory, ABI_FILE_FLOWS);
}
