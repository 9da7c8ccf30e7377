/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * The bytes decide a family, a number of workers, and then fragments of a few datagrams in
 * any order, cut anyhow, twice, overlapping or spoilt, and pauses. However that is: what is sent of
 * a datagram is of it and overlaps nothing, no packet is lost count of, and in the end none is
 * kept.
 */
#include "tests/fuzz/fuzz.h"
#include "tests/model/choices.h"
#include "tests/unit/core/fragment_site.h"

#include <stdlib.h>

#define DATAGRAMS 4
#define SENDERS   3
#define LENGTH    900 /* bytes of a datagram, at most */

struct play {
	struct choices choices;
	const struct half *half;
	struct site *site;
	struct whole wholes[DATAGRAMS];
};

static uint32_t draw(struct play *play, uint32_t bound)
{
	return choose_below(&play->choices, bound);
}

static void make_datagram(struct play *play, struct whole *whole, uint8_t salt)
{
	const struct half *half = play->half;
	const struct frame_spec spec = {
		.source = half->client,
		.destination = draw(play, 2) ? half->dnat : half->full_nat,
		.source_port = (uint16_t)(4000 + draw(play, SENDERS)),
		.destination_port = draw(play, 8) ? 53 : 99,
		.protocol = draw(play, 4) ? UDP : 0,
		.flags = SYN,
		.ttl = draw(play, 16) ? 64 : 1,
		.mac_from = MAC_CLIENT,
		.mac_to = MAC_PORT_0,
	};

	whole_make(whole, &spec, 64 + draw(play, LENGTH / 8) * 8 + draw(play, 8), salt);
}

static void put(struct play *play)
{
	struct whole *whole = &play->wholes[draw(play, DATAGRAMS)];
	uint32_t begin = draw(play, whole->length / 8 + 1) * 8;
	uint32_t length = draw(play, 2) ? 64 : 8 + draw(play, whole->length / 8) * 8;
	uint32_t left = begin < whole->length ? whole->length - begin : 0;

	if (draw(play, 2))
		begin = begin / 64 * 64, left = whole->length - begin;
	if (length > left)
		length = left;
	if (!draw(play, 32))
		length = draw(play, length + 1);
	struct frame frame = whole_cut(whole, draw(play, 2), begin, length);
	if (!draw(play, 16))
		frame_data(&frame)[14 + draw(play, 64)] = (uint8_t)draw(play, 256);
	if (!frame_is_ipv6(&frame) && draw(play, 8))
		frame_fix_header(&frame);
	site_put(play->site, draw(play, play->site->workers), &frame, 0);
}

/* Whatever has one identification and leaves between the same ends. */
static void check_sent(struct site *site)
{
	static struct assembly assemblies[64];
	unsigned count = 0;

	for (unsigned i = 0; i < site->count; i++) {
		struct frame *frame = &site->frames[i].frame;
		unsigned at = 0;

		if (site->frames[i].verdict != ABI_VERDICT_TO_BACKEND || !frame_is_fragment(frame))
			continue;
		while (at < count && assemblies[at].id != frame_id(frame))
			at++;
		if (at == 64)
			return;
		if (at == count) {
			memset(&assemblies[at], 0, sizeof(assemblies[at]));
			count++;
		}
		assembly_add(&assemblies[at], frame);
	}
}

/* Making one takes longer than what is done with it: of each size there is one, and at its end all
 * flows and fragments are gone. */
static struct site *site_of(unsigned workers)
{
	static struct site *sites[SITE_WORKERS + 1];

	if (sites[workers] == NULL)
		sites[workers] = site_open(workers);
	return sites[workers];
}

static void clear(struct site *site)
{
	site_wait(site, 7000);
	if (site->waiting != 0)
		abort();
	site_forget(site);
	site_wait(site, 1u << 30);
	if (site_flow_count(site) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct play play;

	play.choices = choices_of(data, size);
	play.half = &halves[draw(&play, FAMILY_COUNT)];
	play.site = site_of(1 + draw(&play, SITE_WORKERS));
	for (unsigned i = 0; i < DATAGRAMS; i++)
		make_datagram(&play, &play.wholes[i], (uint8_t)i);
	while (choices_are_left(&play.choices) && play.site->count < SITE_FRAMES) {
		if (draw(&play, 32))
			put(&play);
		else
			site_wait(play.site, draw(&play, 3000));
	}
	check_sent(play.site);
	clear(play.site);
	return 0;
}
