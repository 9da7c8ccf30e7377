/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * A walk over the text of a document that is known to be JSON: what a parsed
 * document no longer tells, where each value stands and which keys came twice.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/*
 * Called for the document and for each value in it, outer before inner: its
 * JSON pointer (cut like struct pointer), the line and column (of a member:
 * its key's), and whether the key was in its object before.
 */
typedef void scan_visit(void *context, const char *pointer, int line, int column, bool duplicate);

/*
 * How many values a text holds at most, told without parsing it: its braces,
 * brackets and commas outside of strings. Any text will do.
 */
size_t scan_count_values(const char *text, size_t length);

/* 0, or -ENOMEM. */
int scan_document(const char *text, size_t length, scan_visit *visit, void *context);
