/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "dataplane/core/flow_recover.h"

#include "dataplane/core/engine_internal.h"
#include "dataplane/core/flow_state.h"
#include "dataplane/core/flow_timers.h"
#include "dataplane/core/hops.h"

/* Records that are judged, their buckets fetched, before the first of them is settled. */
#define BATCH 32

struct candidate {
	struct abi_flow *flow;
	uint32_t record;
	enum flow_refusal refusal;
	uint32_t owner;
	struct flow_tuple tuples[2];
	uint64_t hashes[2];
};

/* Records of a table in place, in order; those free among them are listed as they are met. */
struct place {
	struct flow_table *table;
	uint32_t worker;
	uint32_t used_end;  /* behind the last one in use */
	uint32_t last_free; /* in the list; FLOW_NONE: it is empty */
	uint32_t strays;    /* records of other workers, linked; FLOW_NONE: the end */
};

static uint32_t ticks_now(const struct flow_recovery *recovery)
{
	return (uint32_t)(recovery->now_ms >> ABI_FLOW_TICK_SHIFT);
}

static uint32_t owner_of(const struct flow_recovery *recovery, const struct flow_tuple tuples[2])
{
	uint32_t owner =
		recovery->owner == NULL ? 0 : recovery->owner(recovery->owner_context, tuples);

	return owner < recovery->workers ? owner : FLOW_OWNER_NONE;
}

static struct flow_table *table_of(const struct flow_recovery *recovery, uint32_t worker,
				   uint8_t family)
{
	return engine_table(recovery->engines[worker], family);
}

/* The record's verdict by itself; its owner's buckets are fetched. */
static void judge(const struct flow_recovery *recovery, uint8_t family, struct candidate *candidate)
{
	candidate->refusal =
		flow_accept(recovery->snapshot, candidate->flow, family, candidate->tuples);
	if (candidate->refusal != FLOW_ACCEPTED)
		return;
	candidate->owner = owner_of(recovery, candidate->tuples);
	if (candidate->owner == FLOW_OWNER_NONE) {
		candidate->refusal = FLOW_NO_OWNER;
		return;
	}
	const struct flow_table *table = table_of(recovery, candidate->owner, family);
	for (unsigned i = 0; i < 2; i++) {
		candidate->hashes[i] = flow_hash(table->secret, &candidate->tuples[i]);
		flow_table_prefetch_bucket(table, candidate->hashes[i]);
	}
}

static bool is_taken(const struct flow_table *table, const struct candidate *candidate)
{
	for (unsigned i = 0; i < 2; i++)
		if (flow_table_find(table, &candidate->tuples[i], candidate->hashes[i]) !=
		    FLOW_NONE)
			return true;
	return false;
}

/* A time yet to come is no time. */
static uint32_t sound_last_seen(const struct flow_recovery *recovery, const struct abi_flow *flow)
{
	uint32_t now = ticks_now(recovery);

	return now - flow->last_seen > (uint32_t)INT32_MAX ? now : flow->last_seen;
}

/* What is over is due at once, and ends by ageing as any other does. */
static void begin(const struct flow_recovery *recovery, struct engine *engine,
		  struct flow_table *table, uint32_t record)
{
	const struct abi_flow *flow = flow_table_record(table, record);
	const struct service_rule *service = NULL;

	if (flow->state != ABI_FLOW_DIRECT) {
		service = &recovery->snapshot->service_rules[flow->service];
		counter_add(&engine->counters->services[flow->service].flows_started, 1);
		counter_add(&engine->counters->backends[flow->backend].flows_started, 1);
	}
	flow_timers_arm(table, flow_timers_wheel(table, flow->state), record,
			flow->last_seen + flow_state_timeout(flow, service));
}

/* A hop that cannot be one any more leaves the flow to the route, until its client speaks. */
static void keep_hop(const struct flow_recovery *recovery, struct flow_table *table,
		     struct abi_flow *flow)
{
	if (flow->backend_hop != HOP_NONE)
		flow->backend_hop = HOP_NONE;
	if (flow->client_hop == HOP_NONE)
		return;
	if (recovery->forget_hops || flow->client_hop >= ABI_FLOW_HOPS ||
	    table->hop_ways[flow->client_hop].key == 0)
		flow->client_hop = HOP_NONE;
	else
		table->hop_users[flow->client_hop]++;
}

static enum flow_refusal settle_in_place(const struct flow_recovery *recovery, struct place *place,
					 const struct candidate *candidate)
{
	struct abi_flow *flow = candidate->flow;
	uint32_t last_seen = sound_last_seen(recovery, flow);

	if (candidate->owner != place->worker) {
		place->table->links[candidate->record].next = place->strays;
		place->strays = candidate->record;
		return FLOW_ACCEPTED; /* so far */
	}
	if (is_taken(place->table, candidate))
		return FLOW_TAKEN;
	if (flow->last_seen != last_seen)
		flow->last_seen = last_seen;
	keep_hop(recovery, place->table, flow);
	flow_table_adopt(place->table, candidate->record, candidate->hashes);
	begin(recovery, recovery->engines[place->worker], place->table, candidate->record);
	return FLOW_ACCEPTED;
}

/* Copies it into its owner's table; `hops` are those of the table it lies in. */
static enum flow_refusal settle_copy(const struct flow_recovery *recovery,
				     const struct candidate *candidate,
				     const struct abi_flow_hop *hops, uint32_t hop_count)
{
	const struct abi_flow *flow = candidate->flow;
	struct engine *engine = recovery->engines[candidate->owner];
	struct flow_table *table = engine_table(engine, flow->family);
	uint16_t hop = HOP_NONE;
	struct abi_flow6 copy;

	if (is_taken(table, candidate))
		return FLOW_TAKEN;
	memcpy(&copy, flow, (size_t)1 << table->record_shift);
	copy.flow.last_seen = sound_last_seen(recovery, flow);
	copy.flow.client_hop = copy.flow.backend_hop = HOP_NONE;
	uint32_t record = flow_table_insert(table, &copy);
	if (record == FLOW_NONE)
		return FLOW_NO_ROOM;
	if (!recovery->forget_hops && flow->client_hop != HOP_NONE && flow->client_hop < hop_count)
		hop = hops_copy(table, &hops[flow->client_hop], engine->port_count);
	hops_assign(table, flow_table_record(table, record), hop);
	begin(recovery, engine, table, record);
	return FLOW_ACCEPTED;
}

/* Nobody's record, to be written anew: its version must be even for that. */
static void wipe(struct abi_flow *flow)
{
	flow->state = ABI_FLOW_FREE;
	if (flow->version & 1)
		__atomic_store_n(&flow->version, flow->version + 1, __ATOMIC_RELEASE);
}

static void list_free(struct place *place, uint32_t record)
{
	struct flow_table *table = place->table;

	table->links[record].next = FLOW_NONE;
	if (place->last_free == FLOW_NONE)
		table->free_list = record;
	else
		table->links[place->last_free].next = record;
	place->last_free = record;
}

/* A record in use; all before it that are not in use are free for sure. */
static void mark_used(struct place *place, uint32_t record)
{
	for (; place->used_end < record; place->used_end++)
		list_free(place, place->used_end);
	place->used_end = record + 1;
}

static bool is_free(const struct abi_flow *flow)
{
	return flow->state == ABI_FLOW_FREE && (flow->version & 1) == 0;
}

/* Judges up to BATCH of the records from `first` on that are in use; the first one not looked at.
 */
static uint32_t gather(const struct flow_recovery *recovery, uint8_t *records, uint8_t shift,
		       uint32_t first, uint32_t end, struct candidate *candidates, unsigned *count)
{
	uint8_t family = shift == 6 ? 4 : 6;

	*count = 0;
	for (; first < end && *count < BATCH; first++) {
		struct abi_flow *flow =
			(struct abi_flow *)(void *)(records + ((size_t)first << shift));

		if (is_free(flow))
			continue;
		candidates[*count].flow = flow;
		candidates[*count].record = first;
		judge(recovery, family, &candidates[(*count)++]);
	}
	return first;
}

static void recover_in_place(struct flow_recovery *recovery, struct place *place)
{
	struct flow_table *table = place->table;
	struct candidate candidates[BATCH];
	unsigned count;

	memset(table->buckets, 0, (size_t)table->bucket_count * sizeof(struct flow_bucket));
	hops_restore(table, recovery->engines[place->worker]->port_count);
	for (uint32_t next = 0; next < table->capacity;) {
		next = gather(recovery, table->records, table->record_shift, next, table->capacity,
			      candidates, &count);
		for (unsigned i = 0; i < count; i++) {
			struct candidate *candidate = &candidates[i];

			if (candidate->refusal == FLOW_ACCEPTED)
				candidate->refusal = settle_in_place(recovery, place, candidate);
			if (candidate->refusal == FLOW_ACCEPTED)
				mark_used(place, candidate->record);
			else
				wipe(candidate->flow);
			recovery->flows[candidate->refusal]++;
		}
	}
	table->untouched = place->used_end;
}

/* Records of other workers go to them, now that all free records are known. */
static void send_strays(struct flow_recovery *recovery, struct place *place)
{
	struct flow_table *table = place->table;

	while (place->strays != FLOW_NONE) {
		struct candidate stray = {.record = place->strays};

		place->strays = table->links[stray.record].next;
		stray.flow = flow_table_record(table, stray.record);
		judge(recovery, table->family, &stray);
		if (stray.refusal == FLOW_ACCEPTED)
			stray.refusal = settle_copy(recovery, &stray, table->hops, ABI_FLOW_HOPS);
		recovery->flows[FLOW_ACCEPTED]--;
		recovery->flows[stray.refusal]++;
		wipe(stray.flow);
		table->links[stray.record].next = table->free_list;
		table->free_list = stray.record;
	}
}

static void recover_all_in_place(struct flow_recovery *recovery)
{
	struct place places[ABI_MAX_WORKERS * FAMILY_COUNT];
	uint32_t count = recovery->workers * FAMILY_COUNT;

	for (uint32_t i = 0; i < count; i++) {
		uint32_t worker = i / FAMILY_COUNT;

		places[i] = (struct place){
			.table = recovery->engines[worker]->flows[i % FAMILY_COUNT],
			.worker = worker,
			.last_free = FLOW_NONE,
			.strays = FLOW_NONE,
		};
		recover_in_place(recovery, &places[i]);
	}
	for (uint32_t i = 0; i < count; i++)
		send_strays(recovery, &places[i]);
	for (uint32_t i = 0; i < count; i++)
		hops_sweep(places[i].table);
}

static void recover_copies(struct flow_recovery *recovery, const struct abi_flow_table *from)
{
	/* Only read: what is refused stays as it is. */
	uint8_t *bytes = (uint8_t *)(uintptr_t)recovery->from->bytes;
	const struct abi_flow_hop *hops =
		(const struct abi_flow_hop *)(const void *)(bytes + from->hops_offset);
	struct candidate candidates[BATCH];
	unsigned count;

	for (uint32_t next = 0; next < from->capacity;) {
		next = gather(recovery, bytes + from->records_offset, from->family == 4 ? 6 : 7,
			      next, from->capacity, candidates, &count);
		for (unsigned i = 0; i < count; i++) {
			struct candidate *candidate = &candidates[i];

			if (candidate->refusal == FLOW_ACCEPTED)
				candidate->refusal =
					settle_copy(recovery, candidate, hops, from->hop_capacity);
			recovery->flows[candidate->refusal]++;
		}
	}
}

void flow_recover(struct flow_recovery *recovery)
{
	for (uint32_t worker = 0; worker < recovery->workers; worker++)
		for (unsigned family = 0; family < FAMILY_COUNT; family++)
			flow_timers_begin(recovery->engines[worker]->flows[family],
					  ticks_now(recovery));
	if (recovery->from == NULL) {
		recover_all_in_place(recovery);
		return;
	}
	for (uint32_t i = 0; i < recovery->from->table_count; i++)
		recover_copies(recovery, &recovery->from->tables[i]);
}
