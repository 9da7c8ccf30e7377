/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * Whether a card's word on checksums is worth asking for. A packet that it calls
 * wrong is summed up here as well, and dropped only when that says the same: so
 * no card costs a good packet. One that is mostly mistaken is not heard any more, so that it does
 * not cost the time either.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct abi_status;
struct ports;
struct workers;

/* Mistakes below which nothing is judged. */
#define CARD_CHECKSUMS_LEAST 64

/* Of one port, counted by one worker: packets the card called wrong that were, and that were not.
 */
struct card_word {
	uint64_t right, mistaken;
};

static inline bool card_checksums_are_heard(const struct card_word *word)
{
	return word->mistaken < CARD_CHECKSUMS_LEAST || word->mistaken <= word->right;
}

/* Before workers run; and every second: tells workers whom to hear, `status`, and the log of
 * a card that is not heard any more. Main thread only. */
void card_checksums_begin(struct workers *workers, const struct ports *ports);
void card_checksums_refresh(struct workers *workers, const struct ports *ports,
			    struct abi_status *status);
