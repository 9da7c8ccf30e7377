/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* The name of a document's content: its entity tag (RFC 9110, 8.8.3). Pure; any thread. */
#pragma once

#include <jansson.h>
#include <stdbool.h>

#define ETAG_SIZE 40 /* with its quotes and the NUL */

/*
 * A hash of the document, whatever the order of its keys and the white space it
 * was written with: "\"0123456789abcdef0123456789abcdef\"".
 */
void etag_of(const json_t *document, char etag[ETAG_SIZE]);

/* The same of all but "node": what the nodes of a pair have in common. A list without members is as
 * good as none: taking the last one out leaves it behind. */
void etag_of_shared(const json_t *document, char etag[ETAG_SIZE]);

/* Whether a header If-Match or If-None-Match says "*": any tag, if only there is one. */
bool etag_is_any(const char *header);

/*
 * Whether such a header, a list of tags, names this one. Weak tags match only
 * when `weak` is set, as they do in If-None-Match.
 */
bool etag_matches(const char *header, const char *etag, bool weak);
