/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * The model by itself, with every feature: what it sends has the right sums
 * when it came with them, and random traffic meets every verdict in both families.
 */
#include "tests/model/lookup.h"
#include "tests/model/traffic.h"
#include "tests/unit/core/check.h"

#include <string.h>

#define PACKETS 500000

static uint32_t sum_of(uint32_t sum, const uint8_t *bytes, uint32_t length)
{
	for (uint32_t i = 0; i < length; i++)
		sum += i % 2 == 0 ? (uint32_t)bytes[i] << 8 : bytes[i];
	while (sum > 0xffff)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

/* TCP's or UDP's, computed over the whole packet. */
static bool has_right_sum(const struct model_packet *packet)
{
	struct model_headers headers;

	assert_int_equal(model_parse(FEATURE_ALL, packet->frame, packet->length, &headers),
			 MODEL_NO_VERDICT);
	uint32_t length = ETHERNET + headers.ip_length - headers.transport;
	uint32_t skip = headers.family == 4 ? 12 : 0;
	uint32_t sum = headers.tuple.protocol + length;
	sum = sum_of(sum, headers.tuple.source.address + skip, 16 - skip);
	sum = sum_of(sum, headers.tuple.destination.address + skip, 16 - skip);
	return sum_of(sum, packet->frame + headers.transport, length) == 0xffff;
}

/* In the engine's place: any local address and port; two the same are no matter here. */
static void draw_local(struct scene *scene, struct model_packet *packet)
{
	bool is_ipv6 = packet->length > ETHERNET && model_get16(packet->frame + 12) == TYPE_IPV6;

	packet->drew = true;
	packet->drew_in_vain = packet->is_foreign = false;
	scene_address(is_ipv6 ? 6 : 4, NET_LOCALS, 1, packet->drawn.address);
	packet->drawn.port = (uint16_t)(1024 + choose_below(scene->choices, 60000));
}

static bool no_flow_is_known(void *context, const struct model_tuple *client)
{
	(void)context;
	(void)client;
	return false;
}

/* What was met: by family (0: IPv4), by verdict. */
struct tally {
	uint64_t verdicts[2][ABI_VERDICT_MAX];
	uint64_t right_sums[2];
};

static void run_packet(struct model *model, struct scene *scene, struct model_packet *packet,
		       struct tally *tally)
{
	struct model_packet before = *packet;
	uint32_t family = packet->length > ETHERNET && packet->frame[12] == 0x86;

	draw_local(scene, packet);
	model_run(model, packet, 1, 1000000);
	tally->verdicts[family][packet->verdict]++;
	if (abi_verdict_is_told(packet->verdict))
		return; /* another packet */
	if (packet->verdict != ABI_VERDICT_TO_BACKEND && packet->verdict != ABI_VERDICT_TO_CLIENT) {
		assert_memory_equal(packet->frame, before.frame, before.length);
		return;
	}
	assert_int_equal(has_right_sum(packet), has_right_sum(&before));
	tally->right_sums[family] += has_right_sum(packet);
}

static void play(uint64_t seed, struct tally *tally)
{
	struct choices choices = choices_seeded(seed);
	struct scene *scene = scene_new(&choices, FEATURE_ALL);
	struct traffic *traffic = traffic_new(scene, 100);
	struct model *model = model_new(FEATURE_ALL, 1000);
	struct model_packet packets[PACKET_BURST];

	memcpy(model->ports, scene->ports, sizeof(scene->ports));
	model->port_count = SCENE_PORTS;
	model->oracle.has_flow = no_flow_is_known;
	model_publish(model, &scene->tables);
	for (unsigned burst = 0; burst < 100; burst++) {
		unsigned count = traffic_make(traffic, packets);

		for (unsigned i = 0; i < count; i++)
			run_packet(model, scene, &packets[i], tally);
		traffic_learn(traffic, packets, count);
		if (burst % 10 == 0) {
			scene_change(scene);
			model_publish(model, &scene->tables);
		}
	}
	model_free(model);
	traffic_free(traffic);
	scene_free(scene);
}

static void every_verdict_is_met_and_sums_stay_right(void **state)
{
	struct tally tally = {0};
	uint64_t packets = 0;

	(void)state;
	for (uint64_t seed = 0; packets < PACKETS; seed++) {
		play(seed, &tally);
		packets = 0;
		for (unsigned i = 0; i < ABI_VERDICT_MAX; i++)
			packets += tally.verdicts[0][i] + tally.verdicts[1][i];
	}
	for (unsigned family = 0; family < 2; family++) {
		assert_true(tally.right_sums[family] > packets / 10);
		assert_true(tally.verdicts[family][ABI_VERDICT_DENIED] > 0);
		assert_true(tally.verdicts[family][ABI_VERDICT_TOO_BIG_TOLD] > 0);
		assert_true(tally.verdicts[family][ABI_VERDICT_TTL_EXPIRED_TOLD] > 0);
		for (unsigned i = 0; i < ABI_VERDICT_TOO_BIG; i++)
			if (tally.verdicts[family][i] == 0 && i != ABI_VERDICT_NO_LOCAL_PORT &&
			    i != ABI_VERDICT_FLOW_TABLE_FULL)
				fail_msg("no packet of family %u was %s", family,
					 abi_verdict_text(i));
	}
	assert_true(tally.verdicts[1][ABI_VERDICT_NO_CHECKSUM] > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_verdict_is_met_and_sums_stay_right),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
