/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * A whole valid document, and documents made from it by edits: a test names
 * only what is special about its own. JSON is written with ' for ".
 */
#pragma once

#include "config/config.h"

/* Two ports, a local pool, a pool, and three services: dnat, full-nat, inline. */
extern const char document_base[];

struct edit {
	const char *pointer; /* of a member, or of an element; "/list/-" appends */
	const char *value;   /* NULL: removed */
};

/* Turns each ' into "; to be freed. */
char *document_quote(const char *text);

/* The base with the edits up to one without a pointer, as text; to be freed. */
char *document_edit(const struct edit *edits);

/* Parses what must be valid; fails the test, with the faults printed, when it is not. */
struct config *document_parse(const char *text);
