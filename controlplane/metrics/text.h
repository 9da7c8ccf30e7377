/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * Writes Prometheus's text format, version 0.0.4: families with their HELP and
 * TYPE, samples with their labels. Pure. A family's samples stand together,
 * behind its head; the caller begins each family once.
 *
 * Memory that runs out is remembered: what follows is left out, and
 * metrics_text_take() returns NULL.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define METRICS_TYPE "text/plain; version=0.0.4; charset=utf-8"

enum metrics_kind { METRICS_COUNTER, METRICS_GAUGE, METRICS_HISTOGRAM };

struct metrics_text {
	char *bytes;
	size_t length, room;
	bool no_memory;
	const char *family; /* of the samples that follow */
};

/* Labels of a sample, as they are written; a value that does not fit is cut. */
struct metrics_labels {
	char text[320]; /* not NUL-terminated */
	size_t length;
};

/* Room for what is coming; only saves copying. */
void metrics_text_reserve(struct metrics_text *text, size_t bytes);

/* `name` must live until the next family begins. */
void metrics_family(struct metrics_text *text, const char *name, enum metrics_kind kind,
		    const char *help);

/* Samples of the family; no labels: NULL. */
void metrics_count(struct metrics_text *text, const struct metrics_labels *labels, uint64_t value);
void metrics_value(struct metrics_text *text, const struct metrics_labels *labels, double value);

/* With one more label, whose key and value need no escaping. */
void metrics_count_of(struct metrics_text *text, const struct metrics_labels *labels,
		      const char *key, const char *of, uint64_t value);

/* Adds a label. What is no UTF-8 becomes '?'. */
void metrics_label(struct metrics_labels *labels, const char *key, const char *value);
/* The same of a text in shared memory, which may lack its end. */
void metrics_label_bytes(struct metrics_labels *labels, const char *key, const char *bytes,
			 size_t size);
void metrics_label_number(struct metrics_labels *labels, const char *key, uint64_t value);

/* The whole, NUL-terminated and malloc'ed; NULL: no memory. Nothing is left in `text`. */
char *metrics_text_take(struct metrics_text *text);
