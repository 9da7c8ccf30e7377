/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * Whether a port brings packets to the workers that own them, judged by its own
 * packets: nothing is sent for it, and nothing awaited from outside. What is
 * believed costs or spares work only (struct engine, `foreign`): each packet gets to its
 * owner either way.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct abi_status;
struct ports;
struct workers;

/* Fewer packets are no sample. */
#define DELIVERY_LEAST 1024

/* Of one port: what it was at when it was last judged. */
struct delivery {
	bool to_owners;
	uint64_t received, handed_over;
};

/*
 * Judges by what came since the last time; the arguments are what the port
 * received in all, and what of that was handed over to another worker. Packets of no
 * flow and flows that were taken over leave their way: between the bounds the
 * belief stays.
 */
static inline void delivery_judge(struct delivery *delivery, uint64_t received,
				  uint64_t handed_over)
{
	const uint64_t came = received - delivery->received;
	const uint64_t wrong = handed_over - delivery->handed_over;

	if (came < DELIVERY_LEAST)
		return;
	if (wrong > came / 8)
		delivery->to_owners = false;
	else if (wrong <= came / 32)
		delivery->to_owners = true;
	delivery->received = received;
	delivery->handed_over = handed_over;
}

/* One for each port: before workers run, and every second. Tells the workers, and `status`. Main
 * thread only. */
void deliveries_begin(struct delivery *deliveries, struct workers *workers,
		      const struct ports *ports);
void deliveries_refresh(struct delivery *deliveries, struct workers *workers,
			struct abi_status *status);
