/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "dataplane/core/toeplitz_ports.h"

#include "dataplane/core/random.h"

/*
 * Before candidates are counted. Of a range of one block or more a third of what is drawn lies in
 * it, at the very worst; of a tenth of a block still one of 16 is likely to, and costs far less.
 */
#define DRAWS 16

/* Lists the ports below 2^block_bits by the bucket they add; false: not all buckets are there. */
static bool sort_block(struct toeplitz_ports *ports)
{
	const unsigned room_bits = ports->block_bits - ports->bits; /* a bucket's, in the list */
	uint32_t counts[1u << TOEPLITZ_BITS_MAX] = {0};

	for (uint32_t port = 0; port < 1u << ports->block_bits; port++) {
		uint32_t bucket =
			toeplitz_ports_bucket(ports, toeplitz_ports_share(ports, (uint16_t)port));

		/* Those that are reached are so by equally many: too many here, none elsewhere. */
		if (counts[bucket] == 1u << room_bits)
			return false;
		ports->ports[(bucket << room_bits) + counts[bucket]++] = (uint16_t)port;
	}
	return true;
}

bool toeplitz_ports_init(struct toeplitz_ports *ports, const struct toeplitz *toeplitz,
			 uint8_t family, unsigned bits)
{
	ports->toeplitz = toeplitz;
	ports->family = family;
	ports->bits = (uint8_t)bits;
	for (unsigned block_bits = bits; block_bits <= 16; block_bits++) {
		ports->block_bits = (uint8_t)block_bits;
		if (sort_block(ports))
			return true;
	}
	return false;
}

/* Number `n` of the block's ports that lead from `hash` into `bucket`. */
static uint32_t port_at(const struct toeplitz_ports *ports, uint32_t hash, uint32_t bucket,
			uint32_t block, uint32_t n)
{
	uint32_t first = block << ports->block_bits;
	uint32_t added = toeplitz_ports_bucket(
		ports, hash ^ bucket ^ toeplitz_ports_share(ports, (uint16_t)first));

	return first | ports->ports[(added << (ports->block_bits - ports->bits)) + n];
}

static bool is_in(struct port_range range, uint32_t port)
{
	return port >= range.first && port <= range.last;
}

/*
 * Counts the candidates that are in the range, up to the one with number `wanted`, which goes to
 * *port.
 */
static uint32_t count_candidates(const struct toeplitz_ports *ports, uint32_t hash,
				 const struct toeplitz_buckets *buckets, struct port_range range,
				 uint32_t wanted, uint16_t *port)
{
	const uint32_t last_block = range.last >> ports->block_bits;
	uint32_t count = 0;

	for (uint32_t block = range.first >> ports->block_bits; block <= last_block; block++)
		for (unsigned i = 0; i < buckets->count; i++)
			for (uint32_t n = 0; n < 1u << (ports->block_bits - ports->bits); n++) {
				uint32_t found = port_at(ports, hash, buckets->list[i], block, n);

				if (!is_in(range, found))
					continue;
				if (count++ == wanted) {
					*port = (uint16_t)found;
					return count;
				}
			}
	return count;
}

static bool draw_counted(const struct toeplitz_ports *ports, uint32_t hash,
			 const struct toeplitz_buckets *buckets, struct port_range range,
			 uint64_t random[2], uint16_t *port)
{
	uint32_t count = count_candidates(ports, hash, buckets, range, UINT32_MAX, port);

	if (count == 0)
		return false;
	count_candidates(ports, hash, buckets, range,
			 random_below((uint32_t)random_next(random), count), port);
	return true;
}

bool toeplitz_ports_draw(const struct toeplitz_ports *ports, uint32_t hash,
			 const struct toeplitz_buckets *buckets, struct port_range range,
			 uint64_t random[2], uint16_t *port)
{
	const uint32_t first_block = range.first >> ports->block_bits;
	const uint32_t blocks = (range.last >> ports->block_bits) - first_block + 1;
	const unsigned room_bits = ports->block_bits - ports->bits;

	for (unsigned i = 0; i < DRAWS && buckets->count > 0; i++) {
		uint64_t bits = random_next(random);
		uint32_t bucket = buckets->list[random_below((uint32_t)bits, buckets->count)];
		/* Its lowest bits: which of the block's ports; the others: which block. */
		uint32_t place = (uint32_t)(bits >> 32);
		uint32_t n = place & ((1u << room_bits) - 1);
		uint32_t block =
			first_block + random_below(place >> room_bits << room_bits, blocks);
		uint32_t found = port_at(ports, hash, bucket, block, n);

		if (is_in(range, found)) {
			*port = (uint16_t)found;
			return true;
		}
	}
	return draw_counted(ports, hash, buckets, range, random, port);
}
