/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* Small helpers for words in messages. */
#pragma once

#include <stddef.h>

/* What text_quote() writes at most, with the NUL. */
#define TEXT_QUOTE_SIZE 72

/*
 * The text in double quotes, long ones cut, control characters replaced: fit
 * for a terminal and, as whole UTF-8 characters, for JSON. Returns `buffer`.
 */
char *text_quote(const char *text, char buffer[TEXT_QUOTE_SIZE]);

/* Takes an incomplete UTF-8 character off the end of a text that was cut. */
void text_trim(char *text);

/* A text that was cut inside, or never was UTF-8, would make no JSON: leaves ASCII of it. */
void text_make_utf8(char *text);

/* Letters to insert, delete, replace or swap to make one word the other. */
unsigned text_distance(const char *a, const char *b);

/* True when one is likely a misspelling of the other. */
int text_is_close(const char *a, const char *b);
