/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "dataplane/core/fragment_ids.h"

#include "dataplane/abi/hash.h"

static struct fragment_share share_of(uint32_t space, uint32_t worker, uint32_t workers,
				      uint64_t random)
{
	uint32_t size = space / workers;

	return (struct fragment_share){worker * size, size, (uint32_t)(random % size)};
}

void fragment_ids_begin(struct fragment_ids *ids, uint64_t secret, uint32_t worker,
			uint32_t workers, uint64_t random)
{
	ids->secret = secret;
	ids->shares[FAMILY_IPV4] = share_of(UINT16_MAX + 1, worker, workers, random);
	ids->shares[FAMILY_IPV6] = share_of(UINT32_MAX, worker, workers, random);
}

/* Each step can be undone, so no two numbers become one. */
static uint32_t shuffle(uint32_t number, unsigned bits, uint64_t secret)
{
	const uint32_t mask = UINT32_MAX >> (32 - bits);

	for (unsigned round = 0; round < 3; round++) {
		number = (number * ((uint32_t)secret | 1) + (uint32_t)(secret >> 32)) & mask;
		number ^= number >> bits / 2;
		secret = abi_rotate_left(secret, 21);
	}
	return number;
}

uint32_t fragment_ids_draw(struct fragment_ids *ids, uint8_t family)
{
	struct fragment_share *share = &ids->shares[family == 4 ? FAMILY_IPV4 : FAMILY_IPV6];
	uint32_t number = share->begin + share->given;

	share->given = share->given + 1 < share->size ? share->given + 1 : 0;
	return shuffle(number, family == 4 ? 16 : 32, ids->secret);
}
