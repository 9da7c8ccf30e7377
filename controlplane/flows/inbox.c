/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "controlplane/flows/inbox.h"

#include <errno.h>
#include <string.h>

static bool rings_fit(const struct inbox *inbox, uint32_t command_size)
{
	uint64_t size = inbox->file.size;

	return inbox->ring_count > 0 && inbox->ring_count <= ABI_MAX_WORKERS &&
	       inbox->command_count > 0 && inbox->command_count <= 1u << 20 &&
	       command_size == sizeof(struct abi_command) &&
	       inbox->ring_offset % ABI_CACHE_LINE == 0 && inbox->ring_offset <= size &&
	       inbox->ring_size % ABI_CACHE_LINE == 0 &&
	       inbox->ring_size >= sizeof(struct abi_inbox_ring) +
					   (uint64_t)inbox->command_count * command_size &&
	       inbox->ring_size <= (size - inbox->ring_offset) / inbox->ring_count;
}

void inbox_open(struct inbox *inbox, const char *run_dir)
{
	*inbox = (struct inbox){0};
	mapped_file_init(&inbox->file, run_dir, ABI_FILE_INBOX, ABI_MAGIC_INBOX,
			 sizeof(struct abi_inbox));
	inbox->file.is_writable = true;
	if (!mapped_file_refresh(&inbox->file))
		return;

	const struct abi_inbox *head = inbox->file.data;

	inbox->ring_count = head->ring_count;
	inbox->command_count = head->command_count;
	inbox->ring_offset = head->ring_offset;
	inbox->ring_size = head->ring_size;
	if (!rings_fit(inbox, head->command_size))
		inbox->ring_count = 0;
}

void inbox_close(struct inbox *inbox)
{
	mapped_file_close(&inbox->file);
	inbox->ring_count = 0;
}

static struct abi_inbox_ring *ring_of(const struct inbox *inbox, uint32_t worker)
{
	return (struct abi_inbox_ring *)((uintptr_t)inbox->file.data + inbox->ring_offset +
					 worker * inbox->ring_size);
}

int inbox_write(struct inbox *inbox, uint32_t worker, const struct abi_command *command)
{
	if (worker >= inbox->ring_count)
		return -ENOENT;

	struct abi_inbox_ring *ring = ring_of(inbox, worker);
	uint64_t written = ring->written;

	if (written - __atomic_load_n(&ring->taken, __ATOMIC_ACQUIRE) >= inbox->command_count)
		return -EAGAIN;
	ring->commands[written % inbox->command_count] = *command;
	__atomic_store_n(&ring->written, written + 1, __ATOMIC_RELEASE);
	return 0;
}

bool inbox_is_empty(const struct inbox *inbox, uint32_t worker)
{
	const struct abi_inbox_ring *ring;

	if (worker >= inbox->ring_count)
		return true;
	ring = ring_of(inbox, worker);
	return __atomic_load_n(&ring->taken, __ATOMIC_ACQUIRE) == ring->written;
}

struct abi_command inbox_end_flow(const struct abi_flow6 *flow)
{
	struct abi_command command = {.kind = ABI_COMMAND_END_FLOW,
				      .family = flow->flow.family,
				      .protocol = flow->flow.protocol,
				      .syn_time = flow->flow.syn_time,
				      .ports = flow->flow.ports[ABI_FLOW_FROM_CLIENT]};

	if (flow->flow.family == 6)
		command.ipv6 = flow->addresses[ABI_FLOW_FROM_CLIENT];
	else
		command.ipv4 = flow->flow.addresses[ABI_FLOW_FROM_CLIENT];
	return command;
}
