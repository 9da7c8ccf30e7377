/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* Prints a ring for the oracle: maglev_dump SIZE ADDRESS PORT WEIGHT [ADDRESS PORT WEIGHT ...] */
#include "config/address.h"
#include "controlplane/publish/maglev.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int read_members(struct maglev_member *members, size_t count, char **words)
{
	for (size_t i = 0; i < count; i++, words += 3) {
		struct address address;

		if (address_parse(words[0], &address) < 0)
			return -1;
		members[i] = (struct maglev_member){.port = (uint16_t)atoi(words[1]),
						    .weight = (uint32_t)atoi(words[2]),
						    .slot_value = (uint16_t)i};
		memcpy(members[i].address, address.bytes, 16);
	}
	return 0;
}

int main(int argc, char **argv)
{
	size_t count = argc > 2 ? (size_t)(argc - 2) / 3 : 0;
	uint32_t size = argc > 1 ? (uint32_t)atoi(argv[1]) : 0;
	struct maglev_member *members = calloc(count + 1, sizeof(*members));
	uint16_t *slots = calloc(size + 1, sizeof(*slots));
	struct maglev_sizes sizes = {0};
	int rc = 1;

	if (members && slots && read_members(members, count, argv + 2) == 0 &&
	    maglev_build(&sizes, members, count, slots, size) == 0)
		rc = 0;
	for (uint32_t i = 0; rc == 0 && i < size; i++)
		printf("%u\n", slots[i]);
	maglev_forget(&sizes);
	free(members);
	free(slots);
	return rc;
}
