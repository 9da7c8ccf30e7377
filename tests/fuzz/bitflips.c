/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * Valid packets of many conversations, ICMP errors about them, and some of them cut into fragments
 * or with VLAN tags; half of all with bits flipped, up to eight of each. They go through the
 * engines of one worker or several, while tables change and time passes. crew.h says what must
 * hold.
 *
 *   bitflips [--packets N] [--seed N]
 *
 * The last line is "N packets with bits flipped, 0 lost". Whatever does not hold ends it.
 */
#include "dataplane/core/packet.h"
#include "tests/fuzz/crew.h"
#include "tests/fuzz/pieces.h"
#include "tests/model/frame.h"
#include "tests/model/traffic.h"
#include "tests/unit/core/check.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FLIPPED_OF_WORLD 20000
#define CONVERSATIONS    300
#define FLIPS_MOST       8
#define HEADERS          90 /* bytes, about */

struct play {
	struct choices choices;
	struct scene *scene;
	struct traffic *traffic;
	struct crew *crew;
	uint64_t flipped, bursts;
};

static uint32_t draw(struct play *play, uint32_t bound)
{
	return choose_below(&play->choices, bound);
}

/* Half of the flips are in the headers, half anywhere; half of them no IPv4 header's sum tells. */
static void flip(struct play *play, struct model_packet *packet)
{
	uint32_t headers = packet->length < HEADERS ? packet->length : HEADERS;

	if (packet->length == 0)
		return;
	for (uint32_t flips = draw(play, 2) ? 1 : 1 + draw(play, FLIPS_MOST); flips > 0; flips--) {
		uint32_t reach = draw(play, 2) ? headers : packet->length;

		packet->frame[draw(play, reach)] ^= (uint8_t)(1u << draw(play, 8));
	}
	if (draw(play, 2))
		frame_fix_ipv4(packet);
	play->flipped++;
}

static void put_tags(struct play *play, struct model_packet *packet)
{
	uint32_t size = 4 + 4 * draw(play, 2);

	if (packet->length < ETHERNET || packet->length + size > MODEL_FRAME)
		return;
	memmove(packet->frame + 12 + size, packet->frame + 12, packet->length - 12);
	for (uint32_t at = 12; at < 12 + size; at += 4) {
		model_put16(packet->frame + at, draw(play, 4) ? 0x8100 : 0x88a8);
		model_put16(packet->frame + at + 2, draw(play, 4096));
	}
	packet->length += size;
}

/* Half of the packets are as they should be: without flows nothing is tried. */
static void spoil(struct play *play, struct model_packet *packets, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		if (draw(play, 16) == 0)
			put_tags(play, &packets[i]);
		if (draw(play, 2))
			flip(play, &packets[i]);
	}
}

/* Some packets of the burst go in pieces, in any order, one at times twice. */
static void run_pieces(struct play *play, const struct model_packet *whole)
{
	struct model_packet pieces[PIECES_MOST], burst[PIECES_MOST];
	unsigned count = pieces_cut(&play->choices, whole, pieces);

	for (unsigned i = 0; i < count; i++)
		burst[i] = pieces[draw(play, 4) == 0 ? draw(play, count) : count - 1 - i];
	spoil(play, burst, count);
	crew_run(play->crew, burst, count);
}

static void run_burst(struct play *play)
{
	struct model_packet packets[PACKET_BURST];
	unsigned count = traffic_make(play->traffic, packets);

	for (unsigned i = 0; i < count; i++)
		if (draw(play, 8) == 0)
			run_pieces(play, &packets[i]);
	spoil(play, packets, count);
	crew_run(play->crew, packets, count);
	traffic_learn(play->traffic, packets, count);
	if (play->bursts++ % 64 == 0)
		crew_check_law(play->crew);
}

/* Half of the services tell clients when nobody serves them: the scenes' do not. */
static void publish(struct play *play)
{
	for (unsigned i = 0; i < MODEL_OBJECTS; i += 2)
		if (play->scene->tables.services[i] != NULL)
			play->scene->tables.services[i]->when_down = ABI_WHEN_DOWN_RESET;
	crew_publish(play->crew, &play->scene->tables);
}

/* One world from its beginning to its end; how many packets had bits flipped. */
static uint64_t play_world(uint64_t seed, uint64_t wanted, uint64_t verdicts[ABI_VERDICT_COUNT])
{
	static const uint32_t pauses[] = {1, 1, 100, 1000, 100000};
	struct play play = {.choices = choices_seeded(seed)};

	play.scene = scene_new(&play.choices, ENGINE_FEATURES);
	play.traffic = traffic_new(play.scene, CONVERSATIONS);
	play.crew = crew_new(play.scene, 1 + (unsigned)(seed % 3), seed);
	publish(&play);
	while (play.flipped < wanted) {
		run_burst(&play);
		if (draw(&play, 4) == 0)
			crew_wait(play.crew, draw(&play, pauses[draw(&play, 5)]));
		if (draw(&play, 50) == 0) {
			scene_change(play.scene);
			publish(&play);
		}
	}
	for (uint8_t verdict = 0; verdict < ABI_VERDICT_COUNT; verdict++)
		verdicts[verdict] += crew_counted(play.crew, verdict);
	assert_true(seed % 3 == 0 || crew_handed_over(play.crew) > 0);
	crew_end(play.crew);
	traffic_free(play.traffic);
	scene_free(play.scene);
	return play.flipped;
}

int main(int count, char **texts)
{
	uint64_t verdicts[ABI_VERDICT_COUNT] = {0}, packets = 1000000, seed = 1, flipped = 0;

	for (int i = 1; i + 1 < count; i += 2) {
		uint64_t value = strtoull(texts[i + 1], NULL, 0);

		if (strcmp(texts[i], "--packets") == 0)
			packets = value;
		else if (strcmp(texts[i], "--seed") == 0)
			seed = value;
	}
	for (; flipped < packets; seed++) {
		uint64_t left = packets - flipped;

		flipped += play_world(seed, left < FLIPPED_OF_WORLD ? left : FLIPPED_OF_WORLD,
				      verdicts);
	}
	for (uint8_t verdict = 0; verdict < ABI_VERDICT_COUNT; verdict++)
		if (verdicts[verdict] > 0)
			printf("%10" PRIu64 " %s\n", verdicts[verdict], abi_verdict_text(verdict));
	printf("%" PRIu64 " packets with bits flipped, 0 lost\n", flipped);
	return 0;
}
