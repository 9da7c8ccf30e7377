/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * Any bytes as a life of a VRRP group: each event is a few bytes, or a packet
 * that lies in memory of just its size. What must hold of the group always, and
 * what a packet that is taken must be, is looked at after each.
 */
#include "controlplane/vrrp/advert.h"
#include "controlplane/vrrp/election.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

#define MS 1000000ull

static void check(bool holds)
{
	if (!holds)
		abort();
}

struct life {
	struct election election;
	uint64_t now;
	bool has_lease, has_addresses;
};

/* Does what is asked, in the order it is said in. */
static void carry_out(struct life *life, struct election_step step, enum election_state before)
{
	struct election *election = &life->election;
	uint32_t leaving = ELECTION_END_LEASE | ELECTION_DROP;

	check(step.state == election->state);
	check((step.reason == ELECTION_NO_REASON) == (before == election->state));
	if (before == ELECTION_ACTIVE && election->state != ELECTION_ACTIVE)
		check((step.actions & leaving) == leaving);
	if (before != ELECTION_ACTIVE && election->state == ELECTION_ACTIVE)
		check(step.actions == (ELECTION_ADVERT | ELECTION_TAKE));
	if (step.actions & (ELECTION_ADVERT | ELECTION_ANNOUNCE | ELECTION_TAKE))
		check(election->state == ELECTION_ACTIVE);
	if (step.actions & ELECTION_END_LEASE)
		life->has_lease = false;
	if (step.actions & ELECTION_ADVERT) {
		uint64_t lease = election_lease(election, life->now);

		check(lease > life->now);
		election_renewed(election, lease);
		life->has_lease = true;
	}
	if (step.actions & ELECTION_TAKE)
		life->has_addresses = true;
	if (step.actions & ELECTION_DROP)
		life->has_addresses = false;
	check(life->has_addresses == (election->state == ELECTION_ACTIVE));
	check(life->has_lease == (election->state == ELECTION_ACTIVE));
}

static void tick(struct life *life)
{
	enum election_state before = life->election.state;

	carry_out(life, election_tick(&life->election, life->now), before);
	/* Whoever drives it sleeps now: nothing is due that was. */
	check(election_deadline(&life->election) > life->now);
}

/* A packet that is taken is one that is made. */
static void check_advert(const struct advert_packet *packet, const struct advert *advert)
{
	uint8_t bytes[ADVERT_MAX_SIZE];
	struct advert_packet again = *packet;
	struct advert read;

	check(advert->id == packet->payload[1] && advert->interval > 0 && advert->count > 0);
	if (advert->count > advert_room(packet->family))
		return;
	again.payload = bytes;
	again.length =
		advert_make(advert, packet->family, packet->source, packet->destination, bytes);
	check(again.length <= packet->length);
	check(advert_parse(&again, &read) == ADVERT_OK);
	check(read.version == advert->version && read.priority == advert->priority &&
	      read.interval == advert->interval && read.count == advert->count);
}

static void hear(struct life *life, const struct advert_packet *packet, const struct advert *advert,
		 uint32_t path)
{
	enum election_state before = life->election.state;
	struct election_heard heard = {.path = path % life->election.rules.path_count,
				       .priority = advert->priority,
				       .interval = advert->interval * MS,
				       .is_greater = packet->source[15] & 1};

	memcpy(heard.source, packet->source, sizeof(heard.source));
	carry_out(life, election_hear(&life->election, &heard, life->now), before);
	check(before == life->election.state || before == ELECTION_ACTIVE);
}

/* The bytes are a packet of IPv4 with its header, or what is behind one of IPv6. */
static void take_packet(struct life *life, const uint8_t *data, size_t size, uint8_t kind)
{
	uint8_t *bytes = malloc(size);
	struct advert_packet packet = {
		.family = 6, .hop_limit = 255, .payload = bytes, .length = size};
	struct advert advert;

	if (size > 0)
		memcpy(bytes, data, size);
	packet.source[15] = kind;
	if ((kind & 1) || advert_open_ipv4(bytes, size, &packet) == 0) {
		if (advert_parse(&packet, &advert) == ADVERT_OK) {
			check_advert(&packet, &advert);
			hear(life, &packet, &advert, kind >> 4);
		}
	}
	free(bytes);
}

/* A sound packet with what matters drawn: sums are hard to guess. */
static void take_made(struct life *life, const uint8_t *data)
{
	uint8_t address[16] = {0}, bytes[ADVERT_MAX_SIZE];
	struct advert advert = {.version = 3,
				.id = 51,
				.priority = data[0],
				.count = 1,
				.interval = (1u + data[1]) * 10,
				.addresses = address};
	struct advert_packet packet = {.family = 6, .hop_limit = 255, .payload = bytes};
	struct advert read;

	packet.source[15] = data[2] & 3;
	packet.length = advert_make(&advert, 6, packet.source, packet.destination, bytes);
	check(advert_parse(&packet, &read) == ADVERT_OK);
	hear(life, &packet, &read, data[2] >> 4);
}

static struct election_rules draw_rules(const uint8_t *data)
{
	struct election_rules rules = {.priority = 1 + data[0] % 254,
				       .version = 2 + data[1] % 2,
				       .preempt = data[1] & 4,
				       .is_pair = data[1] & 8,
				       .preempt_delay = data[2] * 10 * MS,
				       .path_count = 1 + (data[1] >> 4) % 4};

	for (uint32_t i = 0; i < rules.path_count; i++)
		rules.intervals[i] = (1u + ((data[2] >> i) & 15)) * 10 * MS;
	return rules;
}

static void change(struct life *life, const uint8_t *data)
{
	struct election_rules rules = draw_rules(data);
	uint32_t was[PLAN_MAX_GROUP_INSTANCES];

	for (uint32_t i = 0; i < rules.path_count; i++)
		was[i] = i < life->election.rules.path_count ? i : UINT32_MAX;
	election_change(&life->election, &rules, was, life->now);
}

static void take_event(struct life *life, const uint8_t *data)
{
	struct election *election = &life->election;
	enum election_state before = election->state;
	struct election_step step;

	switch (data[0] % 7) {
	case 0:
		carry_out(life, election_start(election, life->now), before);
		break;
	case 1:
		carry_out(life, election_fail(election), before);
		break;
	case 2:
		carry_out(life, election_release(election, life->now), before);
		break;
	case 3:
		if (election_take(election, life->now, &step) < 0)
			check(step.actions == 0);
		carry_out(life, step, before);
		break;
	case 4:
		change(life, data + 1);
		break;
	case 5:
		life->now += data[1] * data[2] * MS;
		tick(life);
		break;
	default:
		take_made(life, data + 1);
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct life life = {.now = 1000000 * MS};
	struct election_rules rules;

	if (size < 3)
		return 0;
	rules = draw_rules(data);
	election_init(&life.election, &rules);
	carry_out(&life, election_start(&life.election, life.now), ELECTION_INIT);
	data += 3;
	size -= 3;
	while (size >= 4) {
		size_t length = 4;

		if (data[0] & 0x80) { /* a packet of so many bytes */
			length = 2 + (size_t)(data[0] & 0x7f);
			if (length > size)
				length = size;
			take_packet(&life, data + 2, length - 2, data[1]);
		} else {
			take_event(&life, data);
		}
		data += length;
		size -= length;
	}
	tick(&life);
	return 0;
}
