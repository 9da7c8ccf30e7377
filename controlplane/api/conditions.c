/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "controlplane/api/conditions.h"

#include "config/etag.h"

#include <stddef.h>
#include <strings.h>

void conditions_take(struct conditions *conditions, const char *name, const char *value)
{
	const char *list = value != NULL ? value : "";

	if (strcasecmp(name, "If-Match") == 0) {
		conditions->wants_match = true;
		if (etag_is_any(list) ? conditions->is_there
				      : etag_matches(list, conditions->etag, false))
			conditions->has_match = true;
	} else if (strcasecmp(name, "If-None-Match") == 0) {
		if (conditions->is_there &&
		    (etag_is_any(list) || etag_matches(list, conditions->etag, true)))
			conditions->has_none_match = true;
	}
}

bool conditions_hold(const struct conditions *conditions)
{
	return (!conditions->wants_match || conditions->has_match) && !conditions->has_none_match;
}
