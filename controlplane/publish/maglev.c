/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "controlplane/publish/maglev.h"

#include "dataplane/abi/hash.h"
#include "dataplane/abi/kinds.h"

#include <errno.h>
#include <stdlib.h>

/* Fixed, so that every node builds the same ring: digits of e. */
static const uint64_t key_of_order[2] = {0xb7e151628aed2a6aull, 0xbf7158809cf4f3c7ull};
static const uint64_t key_of_shift[2] = {0x62e7160f38b4da56ull, 0xa784d9045190cfefull};
/* Grows when the same members begin to give another ring. */
#define ALGORITHM 1

/* Time of a turn is k/weight in these units: 2^20 turns of weight 1 fit in 64 bits. */
#define TIME_BITS 43

/* A backend that waits for its next turn. */
struct turn {
	uint64_t time;  /* of the turn: whole units */
	uint64_t order; /* decides between turns at one time */
	const struct maglev_member *member;
	uint64_t pause;           /* from one turn to the next, and what is left over of it, */
	uint32_t pause_left;      /* in parts of 1/weight */
	uint32_t left;            /* of `time`, in the same parts */
	uint32_t at, step, shift; /* in its order of preference */
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
	sizes->size = size;
	return 0;
}

void maglev_forget(struct maglev_sizes *sizes)
{
	free(sizes->inverses);
	*sizes = (struct maglev_sizes){0};
}

static int compare_turns(const void *left, const void *right)
{
	const struct turn *a = left, *b = right;
	int order;

	if (a->time != b->time)
		return a->time < b->time ? -1 : 1;
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
	/* Sorted is a heap. */
	if (turns)
		qsort(turns, count, sizeof(*turns), compare_turns);
	return turns;
}

/* The next slot in the backend's order of preference. */
static uint32_t next_preferred(struct turn *turn, const uint32_t *inverses, uint32_t size)
{
	uint32_t slot = inverses[turn->at] + turn->shift;

	turn->at += turn->step;
	if (turn->at >= size)
		turn->at -= size;
	return slot < size ? slot : slot - size;
}

/* Turn k comes at the whole part of k / weight: pause by pause, without a division. */
static void come_again(struct turn *turn)
{
	turn->time += turn->pause;
	turn->left += turn->pause_left;
	if (turn->left >= turn->member->weight) {
		turn->left -= turn->member->weight;
		turn->time++;
	}
}

/* The first turn has become later: sinks to its place in the heap. */
static void sink_first(struct turn *turns, size_t count)
{
	struct turn moving = turns[0];
	size_t hole = 0;

	for (size_t child = 1; child < count; child = 2 * hole + 1) {
		if (child + 1 < count && compare_turns(&turns[child + 1], &turns[child]) < 0)
			child++;
		if (compare_turns(&moving, &turns[child]) < 0)
			break;
		turns[hole] = turns[child];
		hole = child;
	}
	turns[hole] = moving;
}

static void take_turns(struct turn *turns, size_t count, const uint32_t *inverses, uint16_t *slots,
		       uint32_t size)
{
	for (uint32_t i = 0; i < size; i++)
		slots[i] = ABI_NO_BACKEND;
	for (uint32_t filled = 0; filled < size; filled++) {
		struct turn *turn = &turns[0];
		uint32_t slot;

		do
			slot = next_preferred(turn, inverses, size);
		while (slots[slot] != ABI_NO_BACKEND);
		slots[slot] = turn->member->slot_value;
		come_again(turn);
		sink_first(turns, count);
	}
}

int maglev_build(struct maglev_sizes *sizes, const struct maglev_member *members, size_t count,
		 uint16_t *slots, uint32_t size)
{
	struct turn *turns;
	int rc = count == 0 ? -EINVAL : maglev_prepare(sizes, size);

	if (rc < 0)
		return rc;
	for (size_t i = 0; i < count; i++)
		if (members[i].weight == 0 || members[i].weight > MAGLEV_MAX_WEIGHT ||
		    members[i].slot_value == ABI_NO_BACKEND)
			return -EINVAL;
	turns = first_turns(members, count, size);
	if (!turns)
		return -ENOMEM;
	take_turns(turns, count, sizes->inverses, slots, size);
	free(turns);
	return 0;
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
