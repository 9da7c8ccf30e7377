/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "dataplane/card_checksums.h"

#include "dataplane/log.h"
#include "dataplane/workers.h"

#include <inttypes.h>

static void hear(struct workers *workers, uint32_t ports)
{
	for (unsigned i = 0; i < workers->count; i++)
		__atomic_store_n(&workers->items[i].heard, ports, __ATOMIC_RELAXED);
}

void card_checksums_begin(struct workers *workers, const struct ports *ports)
{
	uint32_t heard = 0;

	for (uint16_t port = 0; port < ports->count; port++)
		heard |= (uint32_t)(ports->items[port].rx_checksums != 0) << port;
	hear(workers, heard);
}

static struct card_word add_up(const struct workers *workers, uint16_t port)
{
	struct card_word sum = {0, 0};

	for (unsigned i = 0; i < workers->count; i++) {
		const struct card_word *word = &workers->items[i].card_words[port];

		sum.right += __atomic_load_n(&word->right, __ATOMIC_RELAXED);
		sum.mistaken += __atomic_load_n(&word->mistaken, __ATOMIC_RELAXED);
	}
	return sum;
}

void card_checksums_refresh(struct workers *workers, const struct ports *ports,
			    struct abi_status *status)
{
	uint32_t heard = __atomic_load_n(&workers->items[0].heard, __ATOMIC_RELAXED);

	for (uint16_t port = 0; port < ports->count; port++) {
		const struct card_word word = add_up(workers, port);

		if ((heard >> port & 1) && !card_checksums_are_heard(&word)) {
			heard &= ~(1u << port);
			log_line("port %s: its card calls checksums wrong that are right (%" PRIu64
				 " of %" PRIu64 "): it is not heard any more, and packets with "
				 "wrong ones pass as they came",
				 ports->items[port].config->name, word.mistaken,
				 word.mistaken + word.right);
		}
		if (ports->items[port].rx_checksums != 0)
			status->ports[port].checksums =
				heard >> port & 1 ? ABI_CHECKSUMS_BY_CARD : ABI_CHECKSUMS_MISTAKEN;
	}
	hear(workers, heard);
}
