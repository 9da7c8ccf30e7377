/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * test_flow_spoiled [COUNT]: `flows` files with bytes changed, cut short, of another
 * version. Each is refused, or what is recovered holds together, and no packet goes to
 * a backend that its record does not name. Run under the sanitizers.
 */
#include "dataplane/core/random.h"
#include "tests/unit/core/restart.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROOM 32
#define USED 20 /* records, the first ones */

static unsigned count = 2000;

static uint32_t draw(uint64_t random[2], uint32_t bound)
{
	return random_below((uint32_t)(random_next(random) >> 32), bound);
}

/* Flows of each mode, state and family, and the file that holds them. */
static void fill(struct world *world)
{
	for (uint16_t i = 0; i < USED; i++) {
		for (unsigned j = 0; j < FAMILY_COUNT; j++) {
			const struct half *half = &halves[j];
			const char *service = i % 2 ? half->dnat : half->full_nat;
			struct frame_spec spec = i % 5 == 0 ? ask(service) : syn_to(service);
			struct frame request, answer;

			spec.source_port = (uint16_t)(4000 + i);
			if (i % 7 == 0) {
				spec.destination = half->backends[i % 3];
				spec.destination_port = DNAT_PORT;
			}
			if (world_client(world, &spec, &request) != ABI_VERDICT_TO_BACKEND)
				continue;
			world_answer(world, &request, SYN | ACK, &answer);
			spec.flags = i % 3 == 0 ? RST : ACK;
			world_client(world, &spec, NULL);
		}
	}
}

/* One of them, by the layout that the file had. */
static uint8_t *record_in(uint8_t *bytes, const uint8_t *good, uint64_t random[2])
{
	const struct abi_flow_table *table =
		&((const struct abi_flows *)(const void *)good)->tables[draw(random, FAMILY_COUNT)];

	return bytes + table->records_offset +
	       (uint64_t)draw(random, USED + 2) * table->record_size;
}

/* Values that lengths, offsets and indexes go wrong with. */
static uint64_t nasty(uint64_t random[2], size_t size)
{
	const uint64_t values[] = {0,          1,          UINT16_MAX, UINT32_MAX, UINT64_MAX,
				   size,       size - 1,   size + 64,  64,         4096,
				   1ull << 63, 1ull << 31, size - 64,  ROOM,       ROOM + 1};

	return values[draw(random, sizeof(values) / sizeof(values[0]))];
}

static void spoil_head(uint8_t *bytes, size_t size, uint64_t random[2])
{
	size_t head = sizeof(struct abi_flows) + FAMILY_COUNT * sizeof(struct abi_flow_table);
	uint64_t value = draw(random, 2) ? nasty(random, size) : random_next(random);
	unsigned width = 1u << draw(random, 4);

	memcpy(bytes + draw(random, (uint32_t)(head / width)) * width, &value, width);
}

static void spoil_record(uint8_t *bytes, const uint8_t *good, size_t size, uint64_t random[2])
{
	uint8_t *record = record_in(bytes, good, random);
	uint64_t value = draw(random, 2) ? nasty(random, size) : random_next(random);
	unsigned width = 1u << draw(random, 4);

	memcpy(record + draw(random, sizeof(struct abi_flow) / width) * width, &value, width);
}

/* A field of one in another, or all of it. */
static void mix_records(uint8_t *bytes, const uint8_t *good, uint64_t random[2])
{
	uint8_t *from = record_in(bytes, good, random);
	uint8_t *to = record_in(bytes, good, random);
	uint32_t offset = draw(random, 16) * 4, length = 4 << draw(random, 5);

	if (offset + length > sizeof(struct abi_flow))
		length = sizeof(struct abi_flow) - offset;
	memmove(to + offset, from + offset, length);
}

static void spoil_anything(uint8_t *bytes, size_t size, uint64_t random[2])
{
	bytes[draw(random, (uint32_t)size)] = (uint8_t)draw(random, 256);
}

/* Changed copy of the file, in memory of exactly its length. */
static uint8_t *spoil(const uint8_t *good, size_t *size, uint64_t random[2])
{
	uint32_t changes = 1 + draw(random, 1u << draw(random, 6));
	size_t length = *size;
	void *bytes = NULL;

	if (draw(random, 8) == 0)
		length = draw(random, 2) ? draw(random, (uint32_t)length)
					 : draw(random, sizeof(struct abi_flows) * 4);
	assert_int_equal(posix_memalign(&bytes, 4096, *size), 0);
	memcpy(bytes, good, *size);
	for (; changes > 0; changes--) {
		switch (draw(random, 8)) {
		case 0:
			if (draw(random, 4) == 0)
				spoil_head(bytes, *size, random);
			break;
		case 1:
		case 2:
			spoil_anything(bytes, *size, random);
			break;
		case 3:
		case 4:
			mix_records(bytes, good, random);
			break;
		default:
			spoil_record(bytes, good, *size, random);
		}
	}
	if (draw(random, 16) == 0)
		((struct abi_file *)bytes)->abi_version = draw(random, 5);
	if (length == *size)
		return bytes;
	void *cut = NULL;
	assert_int_equal(posix_memalign(&cut, 4096, length), 0);
	memcpy(cut, bytes, length);
	free(bytes);
	*size = length;
	return cut;
}

/* The client of a record speaks: the packet goes where the record says, and a backend is there. */
static void speak(struct world *world, const struct abi_flow *record)
{
	struct flow_tuple request, reply;

	/* What a tuple of IPv4 does not use is not written. */
	memset(&request, 0, sizeof(request));
	request = flow_tuple_of(record, ABI_FLOW_FROM_CLIENT);
	reply = flow_tuple_of(record, ABI_FLOW_FROM_BACKEND);
	const struct ip_address source = flow_tuple_source(&request);
	const struct ip_address destination = flow_tuple_destination(&request);
	const struct ip_address named = flow_tuple_source(&reply);
	char from[INET6_ADDRSTRLEN], to[INET6_ADDRSTRLEN];
	struct frame frame;

	address_text(&source, from);
	address_text(&destination, to);
	const struct frame_spec spec = {
		.source = from,
		.destination = to,
		.source_port = be16toh(request.ports.be_source),
		.destination_port = be16toh(request.ports.be_destination),
		.protocol = record->protocol,
		.flags = ACK,
	};
	const uint32_t backend = record->backend;
	if (world_client(world, &spec, &frame) != ABI_VERDICT_TO_BACKEND)
		return;
	struct ip_address reached = frame_destination(&frame);
	const struct ip_address address =
		ip_address_load(world->snapshot->backends[backend]->address);
	assert_true(ip_address_is_equal(&reached, &named));
	assert_true(ip_address_is_equal(&reached, &address));
	assert_int_equal(frame_destination_port(&frame), be16toh(reply.ports.be_source));
	assert_int_equal(frame_destination_port(&frame), world->snapshot->backends[backend]->port);
	assert_true(frame_data(&frame)[5] == 0xb1 + frame_backend(&frame));
}

static void speak_all(struct world *world)
{
	for (unsigned i = 0; i < FAMILY_COUNT; i++) {
		const struct flow_table *table = world->engine.flows[i];

		for (uint32_t record = 0; record < table->capacity; record++)
			if (flow_table_record(table, record)->state != ABI_FLOW_FREE)
				speak(world, flow_table_record(table, record));
	}
}

static void spoiled_files_do_no_harm(void **state)
{
	struct world *world = world_new(ROOM);
	const size_t size = restart_file_size(world);
	uint64_t recovered = 0, dropped = 0;
	unsigned refused = 0;

	(void)state;
	fill(world);
	uint8_t *good = malloc(size);
	assert_non_null(good);
	memcpy(good, world->flows_file, size);
	world->now_ms += 1000;
	for (unsigned seed = 0; seed < count; seed++) {
		uint64_t random[2] = {(seed + 1) * 0xd1b54a32d192ed03, 0x9e3779b97f4a7c15};
		uint32_t room = draw(random, 4) == 0 ? ROOM / 2 + draw(random, ROOM) : ROOM;
		size_t length = size;
		uint8_t *bytes = spoil(good, &length, random);
		struct flow_recovery recovery;

		if (!restart_from(world, bytes, length, room, &recovery)) {
			refused++;
			free(bytes);
			continue;
		}
		if (world->flows_file != bytes)
			free(bytes);
		restart_audit(world);
		recovered += recovery.flows[FLOW_ACCEPTED];
		dropped += restart_dropped(&recovery);
		speak_all(world);
		restart_audit(world);
	}
	printf("%u files: %u refused; of the others %lu flows recovered, %lu dropped\n", count,
	       refused, recovered, dropped);
	assert_true(refused > 0 && refused < count / 2 && dropped > 0 && recovered > dropped);
	free(good);
	world_free(world);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(spoiled_files_do_no_harm),
	};

	if (argc > 1)
		count = (unsigned)atoi(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
