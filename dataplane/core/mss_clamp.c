/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "dataplane/core/mss_clamp.h"

#define OPTION_END      0
#define OPTION_NOTHING  1
#define OPTION_MSS      2
#define OPTION_MSS_SIZE 4

/* The value of an option that begins `at` bytes behind the header's start. */
static void lower(uint8_t *transport, uint32_t at, uint16_t most)
{
	uint8_t *value = transport + at + 2, *checksum = transport + TCP_CHECKSUM;
	uint16_t old = wire_load16(value), new = htobe16(most);

	if (be16toh(old) <= most)
		return;
	wire_store16(value, new);
	/* From an odd place on its bytes are the halves of two words. */
	uint64_t difference =
		at % 2 == 0 ? checksum_replace16(0, old, new)
			    : checksum_replace16(0, __builtin_bswap16(old), __builtin_bswap16(new));
	wire_store16(checksum, checksum_adjust(wire_load16(checksum), difference));
}

void mss_clamp(uint8_t *transport, uint16_t most)
{
	uint32_t size = (transport[TCP_DATA_OFFSET] >> 4) * 4u;

	for (uint32_t at = TCP_SIZE; at + 1 < size;) {
		uint32_t length = transport[at + 1];

		if (transport[at] == OPTION_END)
			return;
		if (transport[at] == OPTION_NOTHING) {
			at++;
			continue;
		}
		if (length < 2 || length > size - at)
			return; /* malformed: for the receiver to judge */
		if (transport[at] == OPTION_MSS && length == OPTION_MSS_SIZE)
			lower(transport, at, most);
		at += length;
	}
}
