/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "controlplane/cli/units.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

const char *units_count(uint64_t value, char *text)
{
	char digits[24];
	int length = snprintf(digits, sizeof(digits), "%" PRIu64, value);
	char *to = text;

	for (int i = 0; i < length; i++) {
		if (i > 0 && (length - i) % 3 == 0)
			*to++ = ',';
		*to++ = digits[i];
	}
	*to = '\0';
	return text;
}

const char *units_bytes(uint64_t value, char *text)
{
	static const char *const names[] = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};
	double amount = (double)value;
	int unit = 0;

	/* 999.95 would be shown as 1000.0 */
	while (amount >= (unit == 0 ? 1000.0 : 999.95) && unit < 6) {
		amount /= 1000.0;
		unit++;
	}
	if (unit == 0)
		snprintf(text, UNITS_SIZE, "%" PRIu64 " B", value);
	else
		snprintf(text, UNITS_SIZE, "%.1f %s", amount, names[unit]);
	return text;
}

const char *units_duration(double seconds, char *text)
{
	uint64_t whole = seconds > 0 ? (uint64_t)seconds : 0;

	if (seconds < 10)
		snprintf(text, UNITS_SIZE, "%.1f s", seconds > 0 ? seconds : 0.0);
	else if (whole < 60)
		snprintf(text, UNITS_SIZE, "%" PRIu64 " s", whole);
	else if (whole < 3600)
		snprintf(text, UNITS_SIZE, "%" PRIu64 " m %" PRIu64 " s", whole / 60, whole % 60);
	else if (whole < 86400)
		snprintf(text, UNITS_SIZE, "%" PRIu64 " h %" PRIu64 " m", whole / 3600,
			 whole % 3600 / 60);
	else
		snprintf(text, UNITS_SIZE, "%" PRIu64 " d %" PRIu64 " h", whole / 86400,
			 whole % 86400 / 3600);
	return text;
}

const char *units_short(double us, char *text)
{
	bool is_us = us < 999.5;
	double amount = is_us ? us : us / 1e3;
	int decimals = amount < 0.995 ? 2 : amount < 9.95 ? 1 : 0;

	snprintf(text, UNITS_SIZE, "%.*f %s", decimals, amount, is_us ? "us" : "ms");
	return text;
}
