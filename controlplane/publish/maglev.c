/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "controlplane/publish/maglev.h"

#include "dataplane/abi/hash.h"
#include "dataplane/abi/kinds.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

/* Fixed, so that every node builds the same ring: digits of e. */
static const uint64_t key_of_order[2] = {0xb7e151628aed2a6aull, 0xbf7158809cf4f3c7ull};
static const uint64_t key_of_shift[2] = {0x62e7160f38b4da56ull, 0xa784d9045190cfefull};
/* Grows when the same members begin to give another ring. */
#define ALGORITHM 1

/* Time of a turn is k/weight in these units: 2^20 turns of weight 1 fit in 64 bits. */
#define TIME_BITS 43

/* Of so many backends each has a list of the last slots: a bit for each slot of the ring. */
#define LISTS_MAX 64

/* A backend that waits for its next turn, in the order of those whose turns come at one time. */
struct turn {
	uint64_t order;
	const struct maglev_member *member;
	uint64_t pause;           /* from one turn to the next, and what is left over of it, */
	uint32_t pause_left;      /* in parts of 1/weight */
	uint32_t left;            /* of its time, in the same parts */
	uint32_t at, step, shift; /* in its order of preference */
	uint32_t slot;            /* the one there */
	uint64_t *rest;           /* see list_rest(); */
	uint32_t listed;          /* its first word that is not empty, or one before */
};

/*
 * Whose turn is next: a tournament. Leaf `width` + i is turn i, each node above
 * holds the earlier of its two, the left one when both come at one time; node 1
 * is the first of all. Always the same few steps, and nothing to guess wrong.
 */
struct tournament {
	uint64_t *times; /* of each turn: whole units; of leaves that are nobody's, never */
	uint32_t *nodes;
	uint32_t width;
};

/* The whole address and port, as they stand in a packet. */
static uint64_t hash_member(const uint64_t key[2], const struct maglev_member *member)
{
	uint8_t bytes[18];

	memcpy(bytes, member->address, 16);
	bytes[16] = (uint8_t)(member->port >> 8);
	bytes[17] = (uint8_t)member->port;
	return abi_siphash(key, bytes, sizeof(bytes));
}

int maglev_prepare(struct maglev_sizes *sizes, uint32_t size)
{
	if (sizes->size == size)
		return 0;
	if (size > ABI_MAX_RING_SIZE || !abi_is_prime(size))
		return -EINVAL;
	uint32_t *inverses = calloc(size, sizeof(*inverses));
	if (!inverses)
		return -ENOMEM;
	inverses[1] = 1;
	for (uint32_t n = 2; n < size; n++)
		inverses[n] = (uint32_t)((uint64_t)(size - size / n) * inverses[size % n] % size);
	maglev_forget(sizes);
	sizes->inverses = inverses;
	sizes->fraction = UINT64_MAX / size + 1;
	sizes->size = size;
	return 0;
}

void maglev_forget(struct maglev_sizes *sizes)
{
	free(sizes->inverses);
	*sizes = (struct maglev_sizes){0};
}

/* At the same time. */
static int compare_turns(const void *left, const void *right)
{
	const struct turn *a = left, *b = right;
	int order;

	if (a->order != b->order)
		return a->order < b->order ? -1 : 1;
	order = memcmp(a->member->address, b->member->address, 16);
	if (order != 0)
		return order;
	if (a->member->port != b->member->port)
		return a->member->port < b->member->port ? -1 : 1;
	return (int)a->member->slot_value - (int)b->member->slot_value;
}

static struct turn *first_turns(const struct maglev_member *members, size_t count, uint32_t size)
{
	struct turn *turns = calloc(count, sizeof(*turns));

	for (size_t i = 0; turns && i < count; i++) {
		uint64_t order = hash_member(key_of_order, &members[i]);
		uint64_t shift = hash_member(key_of_shift, &members[i]);

		turns[i] = (struct turn){
			.order = order,
			.member = &members[i],
			.pause = (1ull << TIME_BITS) / members[i].weight,
			.pause_left = (uint32_t)((1ull << TIME_BITS) % members[i].weight),
			.at = (uint32_t)(order % size),
			.step = (uint32_t)((shift >> 32) % (size - 1)) + 1,
			.shift = (uint32_t)((uint32_t)shift % size),
		};
	}
	if (turns)
		qsort(turns, count, sizeof(*turns), compare_turns);
	return turns;
}

static int open_tournament(struct tournament *tournament, size_t count)
{
	uint32_t width = 1;

	while (width < count)
		width *= 2;
	*tournament = (struct tournament){.times = malloc(width * sizeof(uint64_t)),
					  .nodes = malloc(2 * width * sizeof(uint32_t)),
					  .width = width};
	if (!tournament->times || !tournament->nodes)
		return -ENOMEM;
	for (uint32_t i = 0; i < width; i++) {
		tournament->times[i] = i < count ? 0 : UINT64_MAX;
		tournament->nodes[width + i] = i;
	}
	/* All come at the same time: the left one is first. */
	for (uint32_t node = width - 1; node > 0; node--)
		tournament->nodes[node] = tournament->nodes[2 * node];
	return 0;
}

static void close_tournament(struct tournament *tournament)
{
	free(tournament->times);
	free(tournament->nodes);
}

/* The turn comes at another time: who is first on its way up. */
static void play(const struct tournament *tournament, uint32_t turn, uint64_t time)
{
	uint32_t first = turn;

	tournament->times[turn] = time;
	for (uint32_t node = tournament->width + turn; node > 1; node /= 2) {
		uint32_t other = tournament->nodes[node ^ 1];
		uint64_t other_time = tournament->times[other];
		bool other_is_first = other_time < time + (node & 1);

		first = other_is_first ? other : first;
		time = other_is_first ? other_time : time;
		tournament->nodes[node / 2] = first;
	}
}

/* Turn k comes at the whole part of k / weight: pause by pause, without a division. */
static uint64_t come_again(struct turn *turn, uint64_t time)
{
	uint32_t weight = turn->member->weight;
	uint32_t left = turn->left + turn->pause_left;
	bool carry = left >= weight;

	turn->left = carry ? left - weight : left;
	return time + turn->pause + carry;
}

/* A ring in the making. */
struct making {
	const struct maglev_sizes *sizes;
	struct turn *turns;
	size_t count;
	struct tournament tournament;
	uint64_t *taken; /* a bit for each slot: fits in the nearest cache, which slots do not */
	uint32_t *left;  /* slots, when few are left */
	uint64_t *rest;  /* of all turns, see list_rest() */
	uint16_t *slots;
	uint32_t filled;
};

/* A set of bits, one for each slot, in words. */
static size_t words_of(uint32_t size)
{
	return size / 64 + 1;
}

static bool is_set(const uint64_t *bits, uint32_t number)
{
	return bits[number / 64] >> (number % 64) & 1;
}

/* Modulo size, of numbers below 2^43 (Lemire, Kaser, Kurz 2019): without a division. */
static uint32_t modulo(const struct maglev_sizes *sizes, uint64_t number)
{
	return (uint32_t)(((unsigned __int128)(number * sizes->fraction) * sizes->size) >> 64);
}

static uint32_t slot_at(const struct maglev_sizes *sizes, const struct turn *turn, uint32_t at)
{
	uint32_t slot = sizes->inverses[at] + turn->shift;

	return slot < sizes->size ? slot : slot - sizes->size;
}

static void step_on(const struct maglev_sizes *sizes, struct turn *turn)
{
	uint32_t at = turn->at + turn->step;

	turn->at = at < sizes->size ? at : at - sizes->size;
	turn->slot = slot_at(sizes, turn, turn->at);
}

/* The first slot of the backend's order, from where it is, that nobody has taken. The one behind it
 * is looked up by the time it is asked for. */
static uint32_t come_upon(const struct making *making, struct turn *turn)
{
	uint32_t slot;

	while (is_set(making->taken, turn->slot))
		step_on(making->sizes, turn);
	slot = turn->slot;
	step_on(making->sizes, turn);
	return slot;
}

/*
 * To come upon one of the last slots takes long. So of those that are left each
 * backend notes how many steps ahead they lie in its order, a bit for each: slot
 * s is shift + 1/(at + steps * step), so steps = (1/(s - shift) - at) / step.
 */
static void list_rest(const struct making *making, struct turn *turn)
{
	const struct maglev_sizes *sizes = making->sizes;
	uint32_t size = sizes->size, per_step = sizes->inverses[turn->step];

	turn->rest = making->rest + (size_t)(turn - making->turns) * words_of(size);
	for (uint32_t i = 0; i < size - making->filled; i++) {
		uint32_t slot = making->left[i] + size - turn->shift;
		uint64_t ahead =
			sizes->inverses[slot < size ? slot : slot - size] + size - turn->at;
		uint32_t steps = modulo(sizes, ahead * per_step);

		turn->rest[steps / 64] |= 1ull << (steps % 64);
	}
}

static void find_left(struct making *making)
{
	uint32_t size = making->sizes->size, count = 0;

	for (uint32_t word = 0; word < words_of(size); word++) {
		uint64_t left = ~making->taken[word];

		for (; left != 0 && count < size - making->filled; left &= left - 1)
			making->left[count++] = word * 64 + (uint32_t)__builtin_ctzll(left);
	}
}

/* As come_upon(), from the list. */
static uint32_t take_from_rest(const struct making *making, struct turn *turn)
{
	const struct maglev_sizes *sizes = making->sizes;
	uint32_t word = turn->listed, slot;

	do {
		while (turn->rest[word] == 0)
			word++;
		uint64_t steps = word * 64ull + (unsigned)__builtin_ctzll(turn->rest[word]);
		turn->rest[word] &= turn->rest[word] - 1;
		slot = slot_at(sizes, turn, modulo(sizes, turn->at + steps * turn->step));
	} while (is_set(making->taken, slot));
	turn->listed = word;
	return slot;
}

static void take_turns(struct making *making, uint32_t until,
		       uint32_t (*choose)(const struct making *making, struct turn *turn))
{
	const struct tournament *tournament = &making->tournament;

	for (; making->filled < until; making->filled++) {
		uint32_t first = tournament->nodes[1];
		struct turn *turn = &making->turns[first];
		uint32_t slot = choose(making, turn);

		making->taken[slot / 64] |= 1ull << (slot % 64);
		making->slots[slot] = turn->member->slot_value;
		play(tournament, first, come_again(turn, tournament->times[first]));
	}
}

/* Lists are worth it when all together are no longer than the ring; of many backends they are too
 * large. */
static void fill_slots(struct making *making)
{
	uint32_t size = making->sizes->size;
	bool has_lists = making->count <= LISTS_MAX;
	uint32_t rest = has_lists ? size / (uint32_t)making->count : 0;

	for (size_t i = 0; i < making->count; i++)
		making->turns[i].slot =
			slot_at(making->sizes, &making->turns[i], making->turns[i].at);
	take_turns(making, size - rest, come_upon);
	find_left(making);
	for (size_t i = 0; has_lists && i < making->count; i++)
		list_rest(making, &making->turns[i]);
	take_turns(making, size, take_from_rest);
}

static int make_ring(const struct maglev_sizes *sizes, const struct maglev_member *members,
		     size_t count, uint16_t *slots)
{
	size_t words = words_of(sizes->size), lists = count <= LISTS_MAX ? count : 0;
	struct making making = {.sizes = sizes,
				.turns = first_turns(members, count, sizes->size),
				.count = count,
				.taken = calloc(words, sizeof(*making.taken)),
				.left = malloc((sizes->size / count + 1) * sizeof(*making.left)),
				.rest = calloc(lists * words + 1, sizeof(*making.rest)),
				.slots = slots};
	int rc = open_tournament(&making.tournament, count);

	if (!making.turns || !making.taken || !making.left || !making.rest)
		rc = -ENOMEM;
	if (rc == 0)
		fill_slots(&making);
	close_tournament(&making.tournament);
	free(making.rest);
	free(making.left);
	free(making.taken);
	free(making.turns);
	return rc;
}

int maglev_build(struct maglev_sizes *sizes, const struct maglev_member *members, size_t count,
		 uint16_t *slots, uint32_t size)
{
	int rc = count == 0 ? -EINVAL : maglev_prepare(sizes, size);

	if (rc < 0)
		return rc;
	for (size_t i = 0; i < count; i++)
		if (members[i].weight == 0 || members[i].weight > MAGLEV_MAX_WEIGHT ||
		    members[i].slot_value == ABI_NO_BACKEND)
			return -EINVAL;
	return make_ring(sizes, members, count, slots);
}

uint64_t maglev_signature(const struct maglev_member *members, size_t count, uint32_t size)
{
	const uint32_t head[2] = {ALGORITHM, size};
	uint64_t signature = abi_siphash(key_of_order, head, sizeof(head));

	/* A sum does not depend on the order. */
	for (size_t i = 0; i < count; i++) {
		struct {
			uint64_t place;
			uint32_t weight;
			uint32_t slot_value;
		} row = {hash_member(key_of_order, &members[i]), members[i].weight,
			 members[i].slot_value};

		signature += abi_siphash(key_of_shift, &row, sizeof(row));
	}
	return signature;
}
