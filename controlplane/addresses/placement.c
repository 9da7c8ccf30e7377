/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "controlplane/addresses/placement.h"

#include <errno.h>
#include <stdlib.h>

/* A /32 or /128 is nobody's link. */
static bool is_whole(const struct network_address *row)
{
	return row->length == address_bits(&row->address);
}

uint32_t placement_find_interface(const struct network_address *present, size_t present_count,
				  uint32_t loopback, const struct address *address)
{
	const struct network_address *best = NULL;

	for (size_t i = 0; i < present_count; i++) {
		const struct network_address *row = &present[i];

		if (is_whole(row) || row->interface == loopback ||
		    !address_in_prefix(address, &row->address, row->length))
			continue;
		if (best == NULL || row->length > best->length)
			best = row;
	}
	return best == NULL ? loopback : best->interface;
}

static bool is_ours(const struct network_address *row)
{
	return row->protocol == PLACEMENT_PROTOCOL && is_whole(row);
}

static void plan_addition(struct placement_plan *plan, const struct network_address *present,
			  size_t present_count, uint32_t loopback, const struct address *address)
{
	uint32_t interface = placement_find_interface(present, present_count, loopback, address);

	for (size_t i = 0; i < present_count; i++) {
		if (address_equal(&present[i].address, address) &&
		    (!is_ours(&present[i]) || present[i].interface == interface))
			return;
	}
	plan->steps[plan->count++] =
		(struct placement_step){.add = true, .interface = interface, .address = *address};
}

/* Ours is removed when it is not wanted, is on the wrong interface, or somebody else put it there
 * too. */
static bool should_remove(const struct network_address *row, const struct network_address *present,
			  size_t present_count, const struct owned_addresses *wanted,
			  uint32_t loopback)
{
	if (!is_ours(row))
		return false;
	if (!owned_addresses_have(wanted, &row->address))
		return true;
	for (size_t i = 0; i < present_count; i++) {
		if (address_equal(&present[i].address, &row->address) && !is_ours(&present[i]))
			return true;
	}
	return row->interface !=
	       placement_find_interface(present, present_count, loopback, &row->address);
}

int placement_plan_make(const struct network_address *present, size_t present_count,
			const struct owned_addresses *wanted, uint32_t loopback,
			struct placement_plan *out)
{
	struct placement_plan plan = {0};

	plan.steps = calloc(wanted->count + present_count + 1, sizeof(plan.steps[0]));
	if (plan.steps == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < wanted->count; i++)
		plan_addition(&plan, present, present_count, loopback, &wanted->rows[i]);
	for (size_t i = 0; i < present_count; i++) {
		if (should_remove(&present[i], present, present_count, wanted, loopback))
			plan.steps[plan.count++] =
				(struct placement_step){.add = false,
							.interface = present[i].interface,
							.address = present[i].address};
	}
	*out = plan;
	return 0;
}

void placement_plan_free(struct placement_plan *plan)
{
	free(plan->steps);
	*plan = (struct placement_plan){0};
}
