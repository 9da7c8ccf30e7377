/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * A key of the Toeplitz hash that somebody else has chosen: the program at the other
 * end of a memif, or a card whose key cannot be set.
 */
#pragma once

#include "dataplane/core/toeplitz.h"

#define RSS_KEY_SIZE_MAX 52

/*
 * Reads 40 or 52 bytes in hex, as `ethtool -x` prints them, with or without colons and
 * white space. Of 52 the first 40 count (core/toeplitz.h). NULL, or what is wrong with
 * the text: a clause that goes on from its name.
 */
const char *rss_key_parse(const char *text, uint8_t key[TOEPLITZ_KEY_SIZE]);

/* The same from a file; 0 or -1, with the reason logged. */
int rss_key_read(const char *path, uint8_t key[TOEPLITZ_KEY_SIZE]);
