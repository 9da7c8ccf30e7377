/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "tests/vectors/drawn.h"

#include <string.h>

/* In frames without a tag. */
#define TYPE          12
#define IPV4_ID       18
#define IPV4_FRAGMENT 20
#define IPV4_CHECKSUM 24
#define IPV6_NEXT     20
#define IPV6_FRAGMENT 54 /* the first extension header */
#define IPV6_ID       58
#define NEXT_FRAGMENT 44

static uint32_t word_at(const struct vector_frame *frame, unsigned at)
{
	return (uint32_t)(frame->bytes[at] << 8 | frame->bytes[at + 1]);
}

static void put_word(struct vector_frame *frame, unsigned at, uint32_t word)
{
	frame->bytes[at] = (uint8_t)(word >> 8);
	frame->bytes[at + 1] = (uint8_t)word;
}

static bool is_ipv4_fragment(const struct vector_frame *frame)
{
	return frame->length > IPV4_CHECKSUM + 10 && word_at(frame, TYPE) == 0x0800 &&
	       (word_at(frame, IPV4_FRAGMENT) & 0x3fff) != 0;
}

static bool is_ipv6_fragment(const struct vector_frame *frame)
{
	return frame->length > IPV6_ID + 4 && word_at(frame, TYPE) == 0x86dd &&
	       frame->bytes[IPV6_NEXT] == NEXT_FRAGMENT &&
	       (word_at(frame, IPV6_FRAGMENT + 2) & 0xfff9) != 0;
}

/* Whether the datagram that is said to have this one may have that. */
static bool is_its_own(struct drawn *drawn, uint32_t said, uint32_t found)
{
	for (unsigned i = 0; i < drawn->count; i++)
		if (drawn->said[i] == said || drawn->found[i] == found)
			return drawn->said[i] == said && drawn->found[i] == found;
	if (drawn->count == DRAWN_MOST)
		return false;
	drawn->said[drawn->count] = said;
	drawn->found[drawn->count++] = found;
	return true;
}

static bool undo_ipv4(struct drawn *drawn, struct vector_frame *out, uint32_t said)
{
	uint32_t found = word_at(out, IPV4_ID);
	/* RFC 1624, equation 3 */
	uint32_t sum = (~word_at(out, IPV4_CHECKSUM) & 0xffff) + (~found & 0xffff) + said;

	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	put_word(out, IPV4_ID, said);
	put_word(out, IPV4_CHECKSUM, ~sum & 0xffff);
	return is_its_own(drawn, said, found);
}

static bool undo_ipv6(struct drawn *drawn, struct vector_frame *out,
		      const struct vector_frame *must)
{
	uint32_t said = word_at(must, IPV6_ID) << 16 | word_at(must, IPV6_ID + 2);
	uint32_t found = word_at(out, IPV6_ID) << 16 | word_at(out, IPV6_ID + 2);

	memcpy(out->bytes + IPV6_ID, must->bytes + IPV6_ID, 4);
	return is_its_own(drawn, said, found);
}

bool drawn_undo(struct drawn *drawn, struct vector_frame *out, const struct vector_frame *must)
{
	if (is_ipv4_fragment(must) && is_ipv4_fragment(out))
		return undo_ipv4(drawn, out, word_at(must, IPV4_ID));
	if (is_ipv6_fragment(must) && is_ipv6_fragment(out))
		return undo_ipv6(drawn, out, must);
	return true;
}
