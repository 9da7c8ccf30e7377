/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "dataplane/laps.h"

#include "dataplane/status.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void laps_begin(struct laps *laps)
{
	laps->begun = laps->last = status_clock();
	laps->text[0] = '\0';
}

void laps_add(struct laps *laps, const char *step)
{
	const uint64_t now = status_clock();
	size_t used = strlen(laps->text);

	snprintf(laps->text + used, sizeof(laps->text) - used, "%s%s %" PRIu64,
		 used == 0 ? "" : ", ", step, (now - laps->last + 500000) / 1000000);
	laps->last = now;
}

const char *laps_tell(struct laps *laps, char text[320])
{
	snprintf(text, 320, "%" PRIu64 " ms: %s", (laps->last - laps->begun + 500000) / 1000000,
		 laps->text);
	return text;
}
