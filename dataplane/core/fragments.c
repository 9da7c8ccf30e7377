/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "dataplane/core/fragments.h"

#include "dataplane/abi/hash.h"
#include "dataplane/abi/verdicts.h"
#include "dataplane/core/flow_table.h"

#define NONE UINT16_MAX

/* What gave up waiting keeps its place until the caller takes it, after each burst. */
#define PLACES (FRAGMENTS_HELD + PACKET_BURST)

struct held {
	struct packet packet;
	uint16_t next;
};

struct list {
	uint16_t first, last;
};

struct fragments {
	uint64_t secret[2];
	struct fragment_ids ids;
	struct list stages[DATAGRAM_STAGES]; /* datagrams, oldest first */
	struct list ready;                   /* held packets that have a verdict */
	uint16_t free_datagram, free_held;
	uint16_t held_count; /* that wait */
	uint16_t chains[FRAGMENTS_DATAGRAMS];
	struct held held[PLACES];
	struct datagram datagrams[FRAGMENTS_DATAGRAMS];
};

size_t fragments_size(void)
{
	return sizeof(struct fragments);
}

struct fragments *fragments_open(void *memory, const uint64_t secret[2], uint32_t worker,
				 uint32_t workers, uint64_t random)
{
	struct fragments *fragments = memory;

	fragments->secret[0] = flow_hash_mix(secret[0] ^ 0x2545f4914f6cdd1dull, secret[1]);
	fragments->secret[1] = flow_hash_mix(secret[1] ^ 0x9e6c63d0876a9a47ull, secret[0]);
	fragment_ids_begin(&fragments->ids, fragments->secret[0], worker, workers, random);
	fragments->ready = (struct list){NONE, NONE};
	for (unsigned i = 0; i < DATAGRAM_STAGES; i++)
		fragments->stages[i] = (struct list){NONE, NONE};
	for (uint16_t i = 0; i < FRAGMENTS_DATAGRAMS; i++) {
		fragments->chains[i] = NONE;
		fragments->datagrams[i].next = i + 1 < FRAGMENTS_DATAGRAMS ? i + 1 : NONE;
	}
	for (uint16_t i = 0; i < PLACES; i++)
		fragments->held[i].next = i + 1 < PLACES ? i + 1 : NONE;
	return fragments;
}

uint32_t fragments_draw_id(struct fragments *fragments, uint8_t family)
{
	return fragment_ids_draw(&fragments->ids, family);
}

static struct datagram *datagram_at(struct fragments *fragments, uint16_t number)
{
	return &fragments->datagrams[number];
}

static uint16_t number_of(const struct fragments *fragments, const struct datagram *datagram)
{
	return (uint16_t)(datagram - fragments->datagrams);
}

static uint16_t *chain_of(struct fragments *fragments, const struct fragment_key *key)
{
	uint64_t words[sizeof(*key) / 8];
	uint64_t hash = fragments->secret[1];

	memcpy(words, key, sizeof(words));
	for (unsigned i = 0; i < sizeof(words) / 8; i++)
		hash = flow_hash_mix(hash ^ words[i], fragments->secret[0] | 1);
	return &fragments->chains[hash % FRAGMENTS_DATAGRAMS];
}

static void enlist(struct fragments *fragments, struct datagram *datagram, uint32_t now)
{
	struct list *list = &fragments->stages[datagram->stage];
	uint16_t number = number_of(fragments, datagram);

	datagram->since = now;
	datagram->older = list->last;
	datagram->newer = NONE;
	if (list->last == NONE)
		list->first = number;
	else
		datagram_at(fragments, list->last)->newer = number;
	list->last = number;
}

static void strike(struct fragments *fragments, struct datagram *datagram)
{
	struct list *list = &fragments->stages[datagram->stage];

	if (datagram->older == NONE)
		list->first = datagram->newer;
	else
		datagram_at(fragments, datagram->older)->newer = datagram->newer;
	if (datagram->newer == NONE)
		list->last = datagram->older;
	else
		datagram_at(fragments, datagram->newer)->older = datagram->older;
}

/* Moves it to those that the caller takes. */
struct packet *fragments_next_held(struct fragments *fragments, struct datagram *datagram)
{
	uint16_t number = datagram->held_first;

	if (number == NONE)
		return NULL;
	struct held *held = &fragments->held[number];
	datagram->held_first = held->next;
	fragments->held_count--;
	held->next = NONE;
	if (fragments->ready.last == NONE)
		fragments->ready.first = number;
	else
		fragments->held[fragments->ready.last].next = number;
	fragments->ready.last = number;
	return &held->packet;
}

/* Forgets it; what waits for it gets the verdict. */
static void end(struct fragments *fragments, struct datagram *datagram, uint8_t verdict)
{
	uint16_t *place = chain_of(fragments, &datagram->key);
	struct packet *packet;

	while ((packet = fragments_next_held(fragments, datagram)) != NULL)
		packet->verdict = verdict;
	strike(fragments, datagram);
	while (datagram_at(fragments, *place) != datagram)
		place = &datagram_at(fragments, *place)->next;
	*place = datagram->next;
	datagram->next = fragments->free_datagram;
	fragments->free_datagram = number_of(fragments, datagram);
}

/* The oldest one of a stage. False: there is none. */
static bool give_up(struct fragments *fragments, enum datagram_stage stage)
{
	uint16_t oldest = fragments->stages[stage].first;

	if (oldest == NONE)
		return false;
	end(fragments, datagram_at(fragments, oldest), ABI_VERDICT_FRAGMENT_TABLE_FULL);
	return true;
}

/* False: what is under way does not give way to what waits. */
static bool make_room(struct fragments *fragments, bool is_first)
{
	return fragments->free_datagram != NONE || give_up(fragments, DATAGRAM_WHOLE) ||
	       give_up(fragments, DATAGRAM_WAITS) ||
	       (is_first && give_up(fragments, DATAGRAM_TOLD));
}

static struct datagram *find(struct fragments *fragments, const struct fragment_key *key)
{
	for (uint16_t at = *chain_of(fragments, key); at != NONE;
	     at = datagram_at(fragments, at)->next)
		if (memcmp(&datagram_at(fragments, at)->key, key, sizeof(*key)) == 0)
			return datagram_at(fragments, at);
	return NULL;
}

/* Its identification has come again. Of fragments that lie alike only first ones are told apart: a
 * datagram that does not begin with it is lost then. */
static bool is_of_next(const struct datagram *datagram, const struct fragment *fragment)
{
	return datagram->stage == DATAGRAM_WHOLE &&
	       (!pieces_have(&datagram->pieces, fragment) ||
		(fragment->begin == 0 && fragment->opening != datagram->opening));
}

struct datagram *fragments_datagram(struct fragments *fragments, const struct fragment *fragment,
				    uint32_t now)
{
	struct datagram *datagram = find(fragments, &fragment->key);

	if (datagram != NULL && !is_of_next(datagram, fragment))
		return datagram;
	if (datagram != NULL)
		end(fragments, datagram, VERDICT_NONE);
	if (!make_room(fragments, fragment->begin == 0))
		return NULL;
	uint16_t *chain = chain_of(fragments, &fragment->key);
	datagram = datagram_at(fragments, fragments->free_datagram);
	uint16_t next_free = datagram->next;
	*datagram = (struct datagram){
		.key = fragment->key,
		.next = *chain,
		.held_first = NONE,
		.held_last = NONE,
		.stage = DATAGRAM_WAITS,
		.fate = VERDICT_NONE,
	};
	*chain = fragments->free_datagram;
	fragments->free_datagram = next_free;
	enlist(fragments, datagram, now);
	return datagram;
}

bool fragments_hold(struct fragments *fragments, struct datagram *datagram,
		    const struct packet *packet)
{
	const struct list *waiting = &fragments->stages[DATAGRAM_WAITS];

	while (fragments->held_count == FRAGMENTS_HELD &&
	       datagram_at(fragments, waiting->first) != datagram)
		give_up(fragments, DATAGRAM_WAITS);
	uint16_t number = fragments->free_held;
	if (fragments->held_count == FRAGMENTS_HELD ||
	    datagram->held_count == FRAGMENTS_HELD_OF_ONE || number == NONE) {
		end(fragments, datagram, ABI_VERDICT_FRAGMENT_TABLE_FULL);
		return false;
	}
	struct held *held = &fragments->held[number];
	fragments->free_held = held->next;
	*held = (struct held){*packet, NONE};
	if (datagram->held_first == NONE)
		datagram->held_first = number;
	else
		fragments->held[datagram->held_last].next = number;
	datagram->held_last = number;
	datagram->held_count++;
	fragments->held_count++;
	return true;
}

void fragments_promote(struct fragments *fragments, struct datagram *datagram,
		       enum datagram_stage stage, uint32_t now)
{
	strike(fragments, datagram);
	datagram->stage = (uint8_t)stage;
	enlist(fragments, datagram, now);
}

static void age_list(struct fragments *fragments, const struct list *list, uint32_t now,
		     uint32_t most)
{
	for (unsigned i = 0; i < PACKET_BURST && list->first != NONE; i++) {
		struct datagram *oldest = datagram_at(fragments, list->first);

		if (now - oldest->since < most)
			return;
		end(fragments, oldest, ABI_VERDICT_FRAGMENT_TIMEOUT);
	}
}

void fragments_age(struct fragments *fragments, uint32_t now)
{
	static const uint32_t most[DATAGRAM_STAGES] = {
		[DATAGRAM_WAITS] = FRAGMENTS_WAIT,
		[DATAGRAM_TOLD] = FRAGMENTS_UNTIL,
		[DATAGRAM_WHOLE] = FRAGMENTS_WHOLE,
	};

	for (unsigned i = 0; i < DATAGRAM_STAGES; i++)
		age_list(fragments, &fragments->stages[i], now, most[i]);
}

void fragments_clear(struct fragments *fragments)
{
	for (unsigned i = 0; i < DATAGRAM_STAGES; i++)
		while (fragments->stages[i].first != NONE)
			end(fragments, datagram_at(fragments, fragments->stages[i].first),
			    ABI_VERDICT_FRAGMENT_TIMEOUT);
}

unsigned fragments_take(struct fragments *fragments, struct packet *packets, unsigned most)
{
	unsigned count = 0;

	while (count < most && fragments->ready.first != NONE) {
		uint16_t number = fragments->ready.first;
		struct held *held = &fragments->held[number];

		packets[count++] = held->packet;
		fragments->ready.first = held->next;
		if (held->next == NONE)
			fragments->ready.last = NONE;
		held->next = fragments->free_held;
		fragments->free_held = number;
	}
	return count;
}
