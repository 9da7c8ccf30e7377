/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "controlplane/health/reason.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

const char *reason_of_errno(int error, char *text)
{
	snprintf(text, REASON_SIZE, "%s", strerror(error));
	text[0] = (char)tolower((unsigned char)text[0]);
	return text;
}

const char *reason_of_timeout(uint32_t timeout_ms, char *text)
{
	if (timeout_ms % 1000 == 0)
		snprintf(text, REASON_SIZE, "no answer within %u s", timeout_ms / 1000);
	else
		snprintf(text, REASON_SIZE, "no answer within %u ms", timeout_ms);
	return text;
}
