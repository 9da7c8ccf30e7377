/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "controlplane/failover/numbers.h"

#include <string.h>

static bool is_configured(const struct config *config, const char *name)
{
	for (size_t i = 0; i < config->vrrp_group_count; i++)
		if (strcmp(config->vrrp_groups[i].name, name) == 0)
			return true;
	return false;
}

/* By its name; an empty one: the lowest free number. 0: there is none. */
static uint8_t find(const struct group_numbers *numbers, const char *name)
{
	for (uint8_t number = 1; number <= ABI_MAX_GROUPS; number++)
		if (strcmp(numbers->names[number], name) == 0)
			return number;
	return 0;
}

/* All names that go first: there are no more groups than numbers. */
void group_numbers_assign(struct group_numbers *numbers, const struct config *config)
{
	for (unsigned number = 1; number <= ABI_MAX_GROUPS; number++)
		if (!is_configured(config, numbers->names[number]))
			numbers->names[number][0] = '\0';
	for (size_t i = 0; i < config->vrrp_group_count; i++) {
		const char *name = config->vrrp_groups[i].name;
		uint8_t number = find(numbers, name);

		if (number == 0) {
			number = find(numbers, "");
			memcpy(numbers->names[number], name, CONFIG_NAME_SIZE);
		}
		numbers->of_group[i] = number;
	}
}
