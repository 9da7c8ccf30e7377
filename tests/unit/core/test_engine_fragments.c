/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * Datagrams in fragments, with one worker and with three, whichever of them each fragment comes
 * to: what leaves is put together again and compared with what came. And what is not let through.
 */
#include "dataplane/core/random.h"
#include "dataplane/core/snapshot.h"
#include "tests/unit/core/fragment_site.h"

#include <stdlib.h>

#define SLICE 1448 /* bytes of a fragment; whole eights */
#define ID    0x1234

/* The parts of a datagram in the order they come; none longer than SLICE. */
struct parts {
	unsigned count;
	struct {
		uint32_t begin, length;
	} items[512];
};

enum order { IN_ORDER, REVERSED, SHUFFLED };

static struct parts parts_of(const struct whole *whole, enum order order, uint64_t random[2])
{
	struct parts parts = {0};

	for (uint32_t begin = 0; begin < whole->length; parts.count++) {
		uint32_t length = order != SHUFFLED
					  ? SLICE
					  : 8 + (uint32_t)random_next(random) % SLICE / 8 * 8;

		if (length > whole->length - begin)
			length = whole->length - begin;
		parts.items[parts.count].begin = begin;
		parts.items[parts.count].length = length;
		begin += length;
	}
	for (unsigned i = parts.count - 1; order != IN_ORDER && i > 0; i--) {
		unsigned other = order == REVERSED ? parts.count - 1 - i
						   : (unsigned)(random_next(random) % (i + 1));

		if (order == REVERSED && other >= i)
			break;
		__typeof__(parts.items[0]) item = parts.items[i];
		parts.items[i] = parts.items[other];
		parts.items[other] = item;
	}
	return parts;
}

static unsigned any_worker(struct site *site)
{
	return (unsigned)(random_next(site->random) % site->workers);
}

/* Puts them in, each as often, and puts together what leaves: each once. */
static void pass(struct site *site, const struct whole *whole, const struct parts *parts,
		 uint16_t in_port, unsigned times, struct assembly *assembly)
{
	unsigned first = site->count, sent = 0;
	uint32_t id = (uint32_t)(site->gone + first) & UINT16_MAX;

	for (unsigned i = 0; i < parts->count; i++)
		for (unsigned j = 0; j < times; j++) {
			struct frame frame =
				whole_cut(whole, id, parts->items[i].begin, parts->items[i].length);

			site_put(site, any_worker(site), &frame, in_port);
		}
	memset(assembly, 0, sizeof(*assembly));
	for (unsigned i = first; i < site->count; i++) {
		struct site_frame *out = &site->frames[i];

		if (out->verdict == ABI_VERDICT_FRAGMENT_DUPLICATE)
			continue;
		assert_int_equal(out->verdict,
				 in_port == 0 ? ABI_VERDICT_TO_BACKEND : ABI_VERDICT_TO_CLIENT);
		assert_int_equal(out->out_port, in_port ^ 1);
		assembly_add(assembly, &out->frame);
		sent++;
	}
	assert_int_equal(sent, parts->count);
	assert_int_equal(site->count - first, times * sent);
	assembly_check(assembly, whole);
}

static struct frame_spec question(const struct half *half, const char *service)
{
	return (struct frame_spec){.source = half->client,
				   .destination = service,
				   .source_port = 4000,
				   .destination_port = 53,
				   .protocol = UDP,
				   .flags = SYN,
				   .mac_from = MAC_CLIENT,
				   .mac_to = MAC_PORT_0};
}

static struct frame_spec answer_to(const struct assembly *request, const struct half *half,
				   char text[2][ADDRESS_TEXT_SIZE])
{
	bool ipv6 = half->family == 6;
	struct frame frame = {.length = 14 + 48};

	memcpy(frame_data(&frame) + 14, request->ip, sizeof(request->ip));
	struct ip_address from = frame_destination(&frame), to = frame_source(&frame);
	unsigned backend = (unsigned)(request->ip[ipv6 ? 39 : 19] - 1);
	const uint8_t *ports = request->bytes;

	address_text(&from, text[0]);
	address_text(&to, text[1]);
	return (struct frame_spec){.source = text[0],
				   .destination = text[1],
				   .source_port = (uint16_t)(ports[2] << 8 | ports[3]),
				   .destination_port = (uint16_t)(ports[0] << 8 | ports[1]),
				   .protocol = UDP,
				   .mac_from = (uint8_t)(0xb1 + backend),
				   .mac_to = MAC_PORT_1};
}

struct scratch {
	struct whole whole;
	struct assembly out, back;
};

/* There and back; the identifications are of ours, and new ones each time. */
static void talk(struct site *site, struct scratch *scratch, const struct half *half,
		 const char *service, uint32_t length, enum order order, unsigned times)
{
	struct frame_spec spec = question(half, service);
	char text[2][ADDRESS_TEXT_SIZE];
	uint32_t last_id = UINT32_MAX;

	for (uint8_t round = 0; round < 3; round++) {
		whole_make(&scratch->whole, &spec, length, round);
		struct parts parts = parts_of(&scratch->whole, order, site->random);
		pass(site, &scratch->whole, &parts, 0, times, &scratch->out);
		struct frame_spec answer = answer_to(&scratch->out, half, text);
		assert_int_not_equal(scratch->out.id, last_id);
		whole_make(&scratch->whole, &answer, length + round, round);
		parts = parts_of(&scratch->whole, order, site->random);
		pass(site, &scratch->whole, &parts, 1, times, &scratch->back);
		assert_int_not_equal(scratch->back.id, scratch->out.id);
		last_id = scratch->out.id;
		site_forget(site);
	}
	assert_int_equal(site_flow_count(site), 1);
}

static void talk_all(const struct half *half, enum order order, unsigned times)
{
	static const uint32_t lengths[] = {1500, 8000, 60000};
	const char *const services[] = {half->dnat, half->full_nat};
	struct scratch *scratch = malloc(sizeof(*scratch));

	assert_non_null(scratch);
	for (unsigned i = 0; i < 12; i++) {
		struct site *site = site_open(i % 2 == 0 ? 1 : SITE_WORKERS);

		talk(site, scratch, half, services[i / 2 % 2], lengths[i / 4], order, times);
		assert_int_equal(site->handed_over > 0, site->workers > 1);
		site_close(site);
	}
	free(scratch);
}

static void test_in_order(void **state)
{
	talk_all(*state, IN_ORDER, 1);
}

static void test_reversed(void **state)
{
	talk_all(*state, REVERSED, 1);
}

static void test_shuffled(void **state)
{
	talk_all(*state, SHUFFLED, 1);
}

static void test_twice(void **state)
{
	talk_all(*state, IN_ORDER, 2);
	talk_all(*state, REVERSED, 2);
}

/* A step of a story: a fragment of the datagram and what is to become of it. */
struct step {
	uint32_t begin, length;
	uint8_t verdict;
};

static uint8_t put(struct site *site, const struct whole *whole, uint32_t id, uint32_t begin,
		   uint32_t length)
{
	struct frame frame = whole_cut(whole, id, begin, length);

	return site->frames[site_put(site, any_worker(site), &frame, 0)].verdict;
}

static void tell(const struct half *half, const struct frame_spec *spec, const struct step *steps,
		 unsigned count)
{
	static struct whole whole;

	for (unsigned workers = 1; workers <= SITE_WORKERS; workers += SITE_WORKERS - 1) {
		for (unsigned mode = 0; mode < 2; mode++) {
			struct site *site = site_open(workers);
			struct frame_spec to = *spec;

			to.destination = mode == 0 ? half->dnat : half->full_nat;
			whole_make(&whole, &to, 6000, 0);
			for (unsigned i = 0; i < count; i++) {
				uint8_t verdict =
					put(site, &whole, ID, steps[i].begin, steps[i].length);

				if (verdict != steps[i].verdict)
					fail_msg("step %u: %u, not %u", i, verdict,
						 steps[i].verdict);
			}
			site_wait(site, 7000);
			for (unsigned i = 0; i < count; i++)
				assert_int_not_equal(site->frames[i].verdict, VERDICT_HELD);
			site_close(site);
		}
	}
}

#define TELL(half, spec, ...)                                \
	tell(half, spec, (const struct step[]){__VA_ARGS__}, \
	     sizeof((const struct step[]){__VA_ARGS__}) / sizeof(struct step))

#define SENT    ABI_VERDICT_TO_BACKEND
#define OVERLAP ABI_VERDICT_FRAGMENT_OVERLAP
#define AGAIN   ABI_VERDICT_FRAGMENT_DUPLICATE
#define TINY    ABI_VERDICT_FRAGMENT_TINY

/* RFC 5722: the one that overlaps and all that come after it, whatever they are. */
static void test_overlaps(void **state)
{
	const struct half *half = *state;
	const struct frame_spec spec = question(half, half->dnat);

	TELL(half, &spec, {0, 1448, SENT}, {1440, 1448, OVERLAP}, {1448, 1448, OVERLAP});
	TELL(half, &spec, {0, 1448, SENT}, {8, 16, OVERLAP}, {0, 1448, OVERLAP});
	TELL(half, &spec, {0, 1448, SENT}, {8, 1440, OVERLAP}, {0, 1448, OVERLAP});
	TELL(half, &spec, {0, 1448, SENT}, {0, 1456, OVERLAP}, {1448, 800, OVERLAP});
	TELL(half, &spec, {0, 720, SENT}, {720, 720, SENT}, {0, 1440, OVERLAP});
	TELL(half, &spec, {0, 1448, SENT}, {2896, 8, SENT}, {1448, 1448, SENT},
	     {1440, 1464, OVERLAP}, {2904, 800, OVERLAP});
	/* Before the first one: those that wait go with it. */
	TELL(half, &spec, {1448, 1448, VERDICT_HELD}, {2888, 800, OVERLAP}, {0, 1448, OVERLAP});
	/* The first one itself overlaps. */
	TELL(half, &spec, {1440, 1448, VERDICT_HELD}, {0, 1448, OVERLAP}, {2888, 8, OVERLAP});
}

static void test_ends(void **state)
{
	const struct half *half = *state;
	const struct frame_spec spec = question(half, half->dnat);
	static struct whole longer, shorter;
	struct site *site = site_open(1);

	whole_make(&longer, &spec, 6000, 0);
	whole_make(&shorter, &spec, 5000, 0);
	/* Beyond the end, an end before what came, and another end. */
	assert_int_equal(put(site, &shorter, 1, 0, 1448), SENT);
	assert_int_equal(put(site, &shorter, 1, 4344, 656), SENT);
	assert_int_equal(put(site, &longer, 1, 5000, 800), OVERLAP);
	assert_int_equal(put(site, &longer, 2, 0, 1448), SENT);
	assert_int_equal(put(site, &longer, 2, 5000, 800), SENT);
	assert_int_equal(put(site, &shorter, 2, 4344, 656), OVERLAP);
	assert_int_equal(put(site, &shorter, 3, 0, 1448), SENT);
	assert_int_equal(put(site, &shorter, 3, 4344, 656), SENT);
	shorter.length = 4999;
	assert_int_equal(put(site, &shorter, 3, 4344, 655), OVERLAP);
	/* The same bytes as a last one and as one that is not. */
	assert_int_equal(put(site, &shorter, 4, 0, 1448), SENT);
	assert_int_equal(put(site, &longer, 4, 4344, 656), SENT);
	shorter.length = 5000;
	assert_int_equal(put(site, &shorter, 4, 4344, 656), OVERLAP);
	site_close(site);
}

static void test_duplicates(void **state)
{
	const struct half *half = *state;
	const struct frame_spec spec = question(half, half->dnat);

	TELL(half, &spec, {0, 1448, SENT}, {0, 1448, AGAIN}, {2896, 800, SENT}, {2896, 800, AGAIN},
	     {0, 1448, AGAIN}, {1448, 1448, SENT}, {1448, 1448, AGAIN}, {5992, 8, SENT},
	     {5992, 8, AGAIN}, {3696, 1448, SENT}, {5144, 848, SENT}, {5144, 848, AGAIN},
	     {0, 1448, AGAIN}, {5992, 8, AGAIN}, {1448, 1448, AGAIN});
	TELL(half, &spec, {1448, 1448, VERDICT_HELD}, {1448, 1448, AGAIN}, {0, 1448, SENT},
	     {1448, 1448, AGAIN});
}

/* RFC 4963: of a datagram that is whole, what is cut otherwise is of the next one, and then all. */
static void test_cut_otherwise(void **state)
{
	const struct half *half = *state;
	const struct frame_spec spec = question(half, half->dnat);

	TELL(half, &spec, {0, 1448, SENT}, {1448, 1448, SENT}, {2896, 1448, SENT},
	     {4344, 1448, SENT}, {5792, 208, SENT}, {0, 1440, SENT}, {1440, 1448, SENT},
	     {1440, 1448, AGAIN}, {1448, 1448, OVERLAP});
	TELL(half, &spec, {0, 1448, SENT}, {1448, 1448, SENT}, {2896, 1448, SENT},
	     {4344, 1448, SENT}, {5792, 208, SENT}, {1440, 1448, VERDICT_HELD}, {0, 1440, SENT});
}

/* RFC 1858, RFC 3128, RFC 7112. */
static void test_tiny(void **state)
{
	const struct half *half = *state;
	struct frame_spec spec = question(half, half->dnat);

	TELL(half, &spec, {0, 8, SENT}, {8, 8, SENT});
	spec.protocol = 0; /* TCP */
	spec.destination_port = 80;
	TELL(half, &spec, {0, 8, TINY}, {0, 16, TINY}, {8, 1448, TINY}, {16, 1448, TINY},
	     {0, 24, SENT}, {24, 1448, SENT});
}

static void test_tcp_options(void **state)
{
	const struct half *half = *state;
	struct frame_spec spec = question(half, half->dnat);
	struct site *site = site_open(1);
	static struct whole whole;

	spec.protocol = 0;
	spec.destination_port = 80;
	whole_make(&whole, &spec, 4000, 0);
	whole.bytes[12] = 8 << 4; /* a header of 32 bytes */
	assert_int_equal(put(site, &whole, 1, 0, 24), TINY);
	assert_int_equal(put(site, &whole, 1, 0, 32), SENT);
	whole.bytes[12] = 4 << 4;
	assert_int_equal(put(site, &whole, 2, 0, 32), ABI_VERDICT_BAD_LENGTH);
	site_close(site);
}

static void test_malformed(void **state)
{
	const struct half *half = *state;
	struct frame_spec spec = question(half, half->dnat);
	struct site *site = site_open(1);
	static struct whole whole;

	whole_make(&whole, &spec, 65535, 0);
	/* No whole eights though more follow; nothing in it; beyond what a datagram can have. */
	assert_int_equal(put(site, &whole, 1, 0, 1444), ABI_VERDICT_BAD_FRAGMENT);
	assert_int_equal(put(site, &whole, 1, 1448, 1447), ABI_VERDICT_BAD_FRAGMENT);
	assert_int_equal(put(site, &whole, 1, 1448, 0), ABI_VERDICT_BAD_FRAGMENT);
	whole.length = 65528;
	assert_int_equal(put(site, &whole, 1, 65528, 0), ABI_VERDICT_BAD_FRAGMENT);
	/* An IPv4 header counts with the whole, one of IPv6 does not. */
	uint32_t most = half->family == 4 ? 65515 : 65535;
	whole.length = most + 1;
	if (whole.length < DATAGRAM_ROOM)
		assert_int_equal(put(site, &whole, 1, 65504, most + 1 - 65504),
				 ABI_VERDICT_BAD_FRAGMENT);
	whole.length = most;
	assert_int_equal(put(site, &whole, 1, 65504, most - 65504), VERDICT_HELD);
	whole.length = 9000;
	whole.bytes[4] = whole.bytes[5] = 0;
	assert_int_equal(put(site, &whole, 2, 0, 1448), ABI_VERDICT_BAD_LENGTH);
	site_wait(site, 2000);
	site_close(site);
}

/* IPv4 has an identification for each protocol, IPv6 one for all: what TCP and UDP have in common
 * are two datagrams there, and one whose fragments overlap here. */
static void test_protocols(void **state)
{
	const struct half *half = *state;
	struct frame_spec spec = question(half, half->dnat);
	struct site *site = site_open(1);
	static struct whole udp, tcp;

	whole_make(&udp, &spec, 6000, 0);
	spec.protocol = 0;
	spec.destination_port = 80;
	whole_make(&tcp, &spec, 6000, 0);
	assert_int_equal(put(site, &udp, 1, 0, 1448), SENT);
	assert_int_equal(put(site, &tcp, 1, 0, 1440), half->family == 4 ? SENT : OVERLAP);
	assert_int_equal(put(site, &udp, 1, 1448, 1448), half->family == 4 ? SENT : OVERLAP);
	site_close(site);
}

/* The service becomes one of full NAT, with other owners for its packets. */
static void turn(struct world *world, const struct half *half)
{
	struct snapshot *before = snapshot_builder_take_for(world->builder, world->engine.ports,
							    world->engine.port_count);

	snapshot_builder_service(world->builder, half->service + SERVICE_DNAT_UDP, half->dnat, 53,
				 UDP, half->ring + RING_FULL_NAT, half->local_pool);
	world_publish(world);
	snapshot_note_turned(world->snapshot, before);
	assert_true(world->snapshot->any_turned);
	snapshot_release(before);
}

/* Flows of a service that was turned to its other mode are found where they are, by way of the
 * worker that would have them now; new ones begin there. */
static void test_turned(void **state)
{
	const struct half *half = *state;
	struct frame_spec spec = question(half, half->dnat);
	struct site *site = site_open(SITE_WORKERS);
	struct scratch *scratch = malloc(sizeof(*scratch));

	assert_non_null(scratch);
	for (unsigned round = 0; round < 3; round++) {
		for (uint16_t i = 0; i < 40; i++) {
			spec.source_port = (uint16_t)(4000 + i + (round == 2 ? 1000 : 0));
			whole_make(&scratch->whole, &spec, 6000, 0);
			struct parts parts = parts_of(&scratch->whole, SHUFFLED, site->random);
			pass(site, &scratch->whole, &parts, 0, 1, &scratch->out);
			site_forget(site);
		}
		assert_int_equal(site_flow_count(site), round == 2 ? 80 : 40);
		for (unsigned i = 0; round == 0 && i < SITE_WORKERS; i++)
			turn(site->worlds[i], half);
	}
	free(scratch);
	site_close(site);
}

/* They follow the first one to Linux, and into nothing. */
static void test_other_fates(void **state)
{
	const struct half *half = *state;
	struct frame_spec spec = question(half, half->dnat);

	spec.destination_port = 99;
	TELL(half, &spec, {1448, 1448, VERDICT_HELD}, {0, 1448, ABI_VERDICT_TO_LINUX},
	     {2896, 1448, ABI_VERDICT_TO_LINUX});
	spec.destination_port = 53;
	spec.source_port = 0;
	TELL(half, &spec, {1448, 1448, VERDICT_HELD}, {0, 1448, ABI_VERDICT_BAD_ADDRESS},
	     {2896, 1448, ABI_VERDICT_BAD_ADDRESS});
}

static void test_released_as_told(void **state)
{
	const struct half *half = *state;
	struct site *site = site_open(SITE_WORKERS);
	struct frame_spec spec = question(half, half->dnat);
	static struct whole whole;

	spec.destination_port = 99;
	whole_make(&whole, &spec, 6000, 0);
	assert_int_equal(put(site, &whole, 1, 1448, 1448), VERDICT_HELD);
	assert_int_equal(put(site, &whole, 1, 0, 1448), ABI_VERDICT_TO_LINUX);
	assert_int_equal(site->frames[0].verdict, ABI_VERDICT_TO_LINUX);
	struct frame as_it_came = whole_cut(&whole, 1, 1448, 1448);
	assert_memory_equal(&site->frames[0].frame, &as_it_came, sizeof(as_it_came));
	site_close(site);
}

static void test_no_checksum(void **state)
{
	const struct half *half = *state;
	const struct frame_spec spec = question(half, half->dnat);
	struct site *site = site_open(1);
	static struct whole whole;

	whole_make(&whole, &spec, 6000, 0);
	whole.bytes[6] = whole.bytes[7] = 0;
	uint8_t expected = half->family == 6 ? ABI_VERDICT_NO_CHECKSUM : SENT;
	assert_int_equal(put(site, &whole, 1, 0, 1448), expected);
	assert_int_equal(put(site, &whole, 1, 1448, 1448), expected);
	if (half->family == 4) /* it stays without one */
		assert_memory_equal(frame_transport(&site->frames[0].frame) + 6, whole.bytes + 6,
				    2);
	site_close(site);
}

static void test_time(void **state)
{
	const struct half *half = *state;
	const struct frame_spec spec = question(half, half->full_nat);
	static struct whole whole;

	whole_make(&whole, &spec, 6000, 0);
	for (unsigned workers = 1; workers <= SITE_WORKERS; workers += SITE_WORKERS - 1) {
		struct site *site = site_open(workers);

		/* What waits: for a second. */
		assert_int_equal(put(site, &whole, 1, 1448, 1448), VERDICT_HELD);
		site_wait(site, 900);
		assert_int_equal(site->frames[0].verdict, VERDICT_HELD);
		assert_int_equal(put(site, &whole, 1, 0, 1448), SENT);
		assert_int_equal(site->frames[0].verdict, SENT);
		assert_int_equal(put(site, &whole, 2, 1448, 1448), VERDICT_HELD);
		site_wait(site, 1100);
		assert_int_equal(site->frames[2].verdict, ABI_VERDICT_FRAGMENT_TIMEOUT);
		/* What is under way: for five. */
		assert_int_equal(put(site, &whole, 1, 2896, 8), SENT);
		site_wait(site, 2900);
		assert_int_equal(put(site, &whole, 1, 2904, 8), SENT);
		site_wait(site, 1300);
		assert_int_equal(put(site, &whole, 1, 2912, 8), VERDICT_HELD);
		site_wait(site, 1100);
		site_close(site);
	}
}

/* A flow that is gone has no more fragments, even where another one has its record. */
static void test_flow_ended(void **state)
{
	const struct half *half = *state;
	struct frame_spec spec = question(half, half->dnat);
	struct site *site = site_open(1);
	struct world *world = site->worlds[0];
	static struct whole whole;

	whole_make(&whole, &spec, 6000, 0);
	assert_int_equal(put(site, &whole, 1, 0, 1448), SENT);
	assert_int_equal(put(site, &whole, 1, 1448, 8), SENT);
	snapshot_builder_remove(world->builder, ABI_SERVICE, half->service + SERVICE_DNAT_UDP);
	world_publish(world);
	assert_int_equal(put(site, &whole, 1, 1456, 8), ABI_VERDICT_NO_FLOW);
	site_close(site);
}

static void test_counts(void **state)
{
	const struct half *half = *state;
	const struct frame_spec spec = question(half, half->dnat);
	struct site *site = site_open(1);
	static struct whole whole;

	whole_make(&whole, &spec, 6000, 0);
	assert_int_equal(put(site, &whole, 1, 1448, 1448), VERDICT_HELD);
	assert_int_equal(put(site, &whole, 1, 0, 1448), SENT);
	assert_int_equal(put(site, &whole, 1, 2896, 800), SENT);
	const struct abi_traffic *row =
		&site->worlds[0]->counters->services[half->service + SERVICE_DNAT_UDP];
	uint32_t header = half->family == 4 ? 20 : 48;
	assert_int_equal(row->packets_in, 3);
	assert_int_equal(row->bytes_in, 1448 + 1448 + 800 + 3 * header);
	site_close(site);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		OF_BOTH_FAMILIES(test_in_order),      OF_BOTH_FAMILIES(test_reversed),
		OF_BOTH_FAMILIES(test_shuffled),      OF_BOTH_FAMILIES(test_twice),
		OF_BOTH_FAMILIES(test_overlaps),      OF_BOTH_FAMILIES(test_ends),
		OF_BOTH_FAMILIES(test_protocols),     OF_BOTH_FAMILIES(test_turned),
		OF_BOTH_FAMILIES(test_duplicates),    OF_BOTH_FAMILIES(test_tiny),
		OF_BOTH_FAMILIES(test_tcp_options),   OF_BOTH_FAMILIES(test_malformed),
		OF_BOTH_FAMILIES(test_other_fates),   OF_BOTH_FAMILIES(test_released_as_told),
		OF_BOTH_FAMILIES(test_no_checksum),   OF_BOTH_FAMILIES(test_time),
		OF_BOTH_FAMILIES(test_flow_ended),    OF_BOTH_FAMILIES(test_counts),
		OF_BOTH_FAMILIES(test_cut_otherwise),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
