/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "dataplane/core/inbox.h"

#include "dataplane/core/engine_internal.h"
#include "dataplane/core/wire.h"

/* The client's tuple; false: the command names none. */
static bool read_tuple(const struct abi_command *command, struct flow_tuple *tuple)
{
	uint32_t ports;

	if (command->kind != ABI_COMMAND_END_FLOW ||
	    (command->family != 4 && command->family != 6) ||
	    (command->protocol != PROTOCOL_TCP && command->protocol != PROTOCOL_UDP))
		return false;
	memcpy(&ports, &command->ports, sizeof(ports));
	tuple->head = flow_tuple_head(ports, command->protocol, command->family);
	if (command->family == 4)
		tuple->ipv4 = command->ipv4;
	else
		tuple->ipv6 = command->ipv6;
	return true;
}

bool engine_end_named_flow(struct engine *engine, const struct abi_command *command)
{
	struct flow_tuple tuple;

	if (!read_tuple(command, &tuple))
		return false;
	struct flow_table *table = engine_table(engine, command->family);
	uint32_t ref = flow_table_find(table, &tuple, flow_hash(table->secret, &tuple));
	if (ref == FLOW_NONE || flow_ref_direction(ref) != ABI_FLOW_FROM_CLIENT ||
	    flow_table_record(table, flow_ref_record(ref))->syn_time != command->syn_time)
		return false;
	engine_end_flow(engine, table, flow_ref_record(ref));
	counter_add(&engine->counters->flushed, 1);
	return true;
}

static void fetch(const struct engine *engine, const struct abi_command *command)
{
	struct flow_tuple tuple;

	if (!read_tuple(command, &tuple))
		return;
	const struct flow_table *table = engine_table(engine, command->family);
	flow_table_prefetch_bucket(table, flow_hash(table->secret, &tuple));
}

unsigned engine_take_commands(struct engine *engine, struct abi_inbox_ring *ring,
			      uint32_t command_count)
{
	struct abi_command commands[INBOX_BATCH];
	uint64_t taken = ring->taken;
	uint64_t waiting = __atomic_load_n(&ring->written, __ATOMIC_ACQUIRE) - taken;

	/* Before there are tables the records are those of a process before, nobody's flows yet. */
	if (likely(waiting == 0) || engine->snapshot == NULL)
		return 0;
	if (unlikely(waiting > command_count)) {
		__atomic_store_n(&ring->taken, taken + waiting, __ATOMIC_RELEASE);
		return 0;
	}
	unsigned count = waiting < INBOX_BATCH ? (unsigned)waiting : INBOX_BATCH;
	/* Copies: who writes may write what he likes meanwhile. */
	for (unsigned i = 0; i < count; i++) {
		commands[i] = ring->commands[(taken + i) % command_count];
		fetch(engine, &commands[i]);
	}
	for (unsigned i = 0; i < count; i++)
		engine_end_named_flow(engine, &commands[i]);
	__atomic_store_n(&ring->taken, taken + count, __ATOMIC_RELEASE);
	return count;
}
