/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* The token by which the API knows who asks by TCP: the one line of a file. */
#pragma once

#include <stdbool.h>

#define TOKEN_SIZE         256 /* with the NUL */
#define TOKEN_LENGTH_LEAST 16

/*
 * Reads the file; NULL, or what is wrong with it as a sentence: a token is of at least
 * TOKEN_LENGTH_LEAST visible characters of ASCII, and the file is not for everybody to read or
 * write. A newline at the end is none of it.
 */
const char *token_read(const char *path, char token[TOKEN_SIZE]);

/* Whether a header Authorization says "Bearer TOKEN"; NULL: there was none. Takes as long whichever
 * character differs. */
bool token_is_shown(const char *authorization, const char *token);
