/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* The key of Microsoft's vectors, and what tests of chance need. */
#pragma once

#include <math.h>
#include <stdbool.h>
#include <stdint.h>

static const uint8_t toeplitz_key[40] = {
	0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2, 0x41, 0x67, 0x25, 0x3d, 0x43, 0xa3,
	0x8f, 0xb0, 0xd0, 0xca, 0x2b, 0xcb, 0xae, 0x7b, 0x30, 0xb4, 0x77, 0xcb, 0x2d, 0xa3,
	0x80, 0x30, 0xf2, 0x0c, 0x6a, 0x42, 0xb7, 0x3b, 0xbe, 0xac, 0x01, 0xfa,
};

/*
 * Whether a sum of squares (chi-square, so many degrees of freedom) is one that
 * chance gives: not in the outermost 1 of 30,000 on either side, by Wilson and
 * Hilferty's cube root. Seeds are fixed.
 */
static inline bool is_by_chance(double sum, double freedom)
{
	double deviation =
		(cbrt(sum / freedom) - (1 - 2 / (9 * freedom))) / sqrt(2 / (9 * freedom));

	return deviation > -4 && deviation < 4;
}
