/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "tests/model/clamp.h"

#include "tests/model/send.h"

/* Writes a byte of the header, and mends the checksum for the word it lies in. */
static void put_byte(uint8_t *tcp, uint32_t at, uint32_t value)
{
	uint8_t *word = tcp + (at & ~1u);
	uint32_t old = model_get16(word);

	tcp[at] = (uint8_t)value;
	model_put16(tcp + 16, model_change_sum(model_get16(tcp + 16), old, model_get16(word)));
}

void model_clamp(struct model_packet *packet, const struct model_headers *headers, uint32_t most)
{
	uint8_t *tcp = packet->frame + headers->transport;

	if (most == 0 || headers->tuple.protocol != PROTO_TCP || !(headers->tcp_flags & FLAG_SYN))
		return;
	uint32_t end = (tcp[12] >> 4) * 4u, at = 20;
	while (at < end && tcp[at] != 0) {
		if (tcp[at] == 1) {
			at++;
			continue;
		}
		if (at + 1 == end || tcp[at + 1] < 2 || at + tcp[at + 1] > end)
			return;
		if (tcp[at] == 2 && tcp[at + 1] == 4 && model_get16(tcp + at + 2) > most) {
			put_byte(tcp, at + 2, most >> 8);
			put_byte(tcp, at + 3, most & 0xff);
		}
		at += tcp[at + 1];
	}
}
