/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * Gathering faults: JSON pointers (RFC 6901) that follow the walk through a
 * document, and the list they end up in.
 */
#pragma once

#include "config/config.h"

#include <stdbool.h>

#define POINTER_SIZE sizeof(((struct config_error *)0)->pointer)

/* Where a walk through a document is; a text too long for it is cut. */
struct pointer {
	char text[POINTER_SIZE];
	size_t length;
};

/* Goes on from another pointer. */
void pointer_push_text(struct pointer *pointer, const char *text);
/* Go one step down; the length returned leads back up by pointer_pop(). */
size_t pointer_push_key(struct pointer *pointer, const char *key);
size_t pointer_push_index(struct pointer *pointer, size_t index);
void pointer_pop(struct pointer *pointer, size_t length);

/* Faults listed at most: who has more wants to see the first ones first. */
#define REPORT_MAX           1000
#define REPORT_SUGGESTED_MAX 16 /* of them with a suggestion */

/* What was found so far. */
struct report {
	struct config_errors *errors;
	bool out_of_memory; /* the list may lack some */
};

/* Adds a fault; the detail is a sentence that says what is wrong and what to do. */
void report_add(struct report *report, const char *pointer, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* The same at a known place in the text. */
void report_add_at(struct report *report, const char *pointer, int line, int column,
		   const char *format, ...) __attribute__((format(printf, 5, 6)));

/*
 * True while a fault should say what may have been meant. Looking for that is
 * slow among thousands of names, and who has many faults reads the first ones.
 */
bool report_suggests(const struct report *report);

/* True when no further fault will be listed. */
bool report_is_full(const struct report *report);

/* True when a fault was found at this place or beneath it. */
bool report_has(const struct report *report, const char *pointer);

/* Ends the list: fills in lines and columns, the text being JSON (NULL: there is none), and sorts
 * by them. */
void report_end(struct report *report, const char *text, size_t length);
