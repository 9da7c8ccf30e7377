/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * The packets of a burst that are of no flow, in stages as burst.c has them for
 * the others: each is prepared, and what it will touch is fetched; buckets are
 * looked into; then each is settled, in order.
 */
#include "dataplane/core/engine_opening.h"
#include "dataplane/core/flow_timers.h"

static void fetch_reply(const struct flow_table *table, struct opening *opening)
{
	opening->reply_hash = flow_hash(table->secret, &opening->reply);
	flow_table_prefetch_bucket(table, opening->reply_hash);
}

/* Fetches the record that will be taken next, and goes on to the one after it. */
static void fetch_record(const struct flow_table *table, uint32_t *record)
{
	if (*record == FLOW_NONE)
		return;
	__builtin_prefetch(flow_table_record(table, *record), 1);
	__builtin_prefetch(&table->links[*record], 1);
	*record = flow_table_free_after(table, *record);
}

/*
 * Where the bucket says that the place drawn is taken, another is drawn, and
 * its bucket fetched: to make sure would be to wait for a record that is not
 * needed, and then for the next bucket.
 */
static void look_ahead(struct engine *engine, const struct flow_table *table,
		       struct opening *opening)
{
	if (opening->verdict != VERDICT_NONE)
		return;
	const struct flow_bucket *bucket =
		&table->buckets[flow_table_bucket(table, opening->reply_hash)];
	uint16_t tag = flow_table_tag(opening->reply_hash);
	if (flow_bucket_is_passed(bucket, tag))
		__builtin_prefetch(flow_table_next_bucket(table, bucket, tag), 1);
	if (flow_bucket_match(bucket, tag) != 0 && opening->service != NULL &&
	    opening->service->forwarding == ABI_FULL_NAT &&
	    local_ports_pass_over(engine,
				  engine->snapshot->local_pools[opening->service->local_pool],
				  &opening->draw, &opening->reply))
		fetch_reply(table, opening);
}

/* The connections that will have to give way, in a table that is full. */
struct victims {
	const struct flow_table *table;
	uint32_t records[PACKET_BURST];
	unsigned count;
};

static void fetch_victims(const struct engine *engine, uint8_t family, unsigned count,
			  struct victims *victims)
{
	const struct flow_table *table = engine_table(engine, family);

	victims->table = table;
	victims->count = 0;
	if (flow_table_first_free(table) != FLOW_NONE)
		return;
	victims->count = flow_timers_peek(table, &table->half_open, victims->records, count);
	if (victims->count == 0)
		victims->count = flow_timers_peek(table, &table->closing, victims->records, count);
	for (unsigned i = 0; i < victims->count; i++)
		__builtin_prefetch(flow_table_record(table, victims->records[i]), 1);
}

always_inline void fetch_buckets(const struct victims *victims)
{
	for (unsigned i = 0; i < victims->count; i++)
		engine_prefetch_index(victims->table,
				      flow_table_record(victims->table, victims->records[i]));
}

void engine_run_fresh(struct engine *engine, struct packet *packets, struct work *works,
		      const uint8_t *fresh, unsigned count, uint32_t now, uint32_t missing)
{
	struct opening openings[PACKET_BURST];
	struct victims victims;
	struct begun begun = {0};
	uint32_t next_record[FAMILY_COUNT];

	fetch_victims(engine, works[fresh[0]].headers.tuple.family, count, &victims);
	for (unsigned i = 0; i < FAMILY_COUNT; i++)
		next_record[i] = flow_table_first_free(engine->flows[i]);
	for (unsigned i = 0; i < count; i++) {
		const struct headers *headers = &works[fresh[i]].headers;
		const struct flow_table *table = engine_table(engine, headers->tuple.family);
		struct packet *packet = &packets[fresh[i]];
		struct opening *opening = &openings[i];

		opening->hash = flow_hash(table->secret, &headers->tuple);
		if (unlikely(missing >> packet->in_port & 1) &&
		    engine_ask_for_owner(engine, packet, headers) != VERDICT_NONE) {
			opening->verdict = VERDICT_FOREIGN;
			opening->service = NULL;
			continue;
		}
		opening->verdict = engine_prepare(engine, packet, headers, opening, now);
		if (opening->verdict != VERDICT_NONE)
			continue;
		fetch_reply(table, opening);
		fetch_record(table, &next_record[headers->tuple.family == 6]);
	}
	fetch_buckets(&victims);
	for (unsigned i = 0; i < count; i++)
		look_ahead(engine, engine_table(engine, works[fresh[i]].headers.tuple.family),
			   &openings[i]);
	for (unsigned i = 0; i < count; i++) {
		struct packet *packet = &packets[fresh[i]];

		packet->verdict = engine_settle(engine, packet, &works[fresh[i]].headers,
						&openings[i], &begun, now);
	}
}
