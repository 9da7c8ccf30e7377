/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* If-Match and If-None-Match of a change (RFC 9110, 13.1), in however many lines they come. */
#pragma once

#include <stdbool.h>

struct conditions {
	const char *etag; /* of the document, which stands for all that is in it */
	bool is_there;    /* the object that is to be changed */
	bool wants_match, has_match;
	bool has_none_match; /* of those that must not match */
};

/* One header line; others than the two are passed over. */
void conditions_take(struct conditions *conditions, const char *name, const char *value);

/* When all were taken: whether the change may be made. */
bool conditions_hold(const struct conditions *conditions);
