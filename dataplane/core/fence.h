/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * Fencing: what a node without the lease of a VRRP group keeps from its
 * addresses. Packets of flows and services are judged by their service's group, on their way;
 * here it is by their destination: whatever else is sent to such an address, and who asks for its
 * MAC (ARP, RFC 826; neighbour solicitation, RFC 4861). The XDP program does the same
 * (bpf/steering.bpf.c); tests hold both to the same cases.
 *
 * Groups are bits of a word: bit 0 is that of no group, and never set.
 */
#pragma once

#include "dataplane/abi/lease.h"
#include "dataplane/core/tables.h"

/* The groups of `groups` whose lease has ended by `now` (CLOCK_MONOTONIC, ns); *first_end is when
 * the first of the others ends, at the earliest. `lease` may be NULL: none has one. */
uint64_t fence_groups(const struct abi_lease *lease, uint64_t groups, uint64_t now,
		      uint64_t *first_end);

/* Whether an address is of one of the groups. */
bool fence_closes(const struct snapshot *snapshot, uint64_t fenced,
		  const struct ip_address *address);
/* Whether a frame, tagged or not, is for such an address, or asks for it. */
bool fence_closes_frame(const struct snapshot *snapshot, uint64_t fenced, const uint8_t *frame,
			uint32_t length);
