/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * What the values mean together. The structs may be those of a document that
 * has faults already: what was not read is zero or its default, and a check
 * that depends on such a value is left out.
 */
#pragma once

#include "config/errors.h"

/* All of what follows. */
void validate(const struct config *config, const json_t *document, struct report *report);

void validate_dataplane(const struct config *config, struct report *report);
void validate_pools(const struct config *config, const json_t *document, struct report *report);
void validate_services(const struct config *config, const json_t *document, struct report *report);
void validate_addresses(const struct config *config, const json_t *document, struct report *report);

void validate_vrrp(const struct config *config, struct report *report);

/* Helpers that these share. An address that was not read is missing. */

/* snprintf() for pointers: "/pools/%zu". */
struct place {
	char text[128];
};
struct place place(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* WHERE/LIST/INDEX, in a tenth of the time: for each member of long lists. */
struct place place_in(const char *where, const char *list, size_t index);

/*
 * Where the document holds a pool's fields. Call it for each pool in their
 * order with the same cursor, which is 0 at first: inline pools stand in the
 * services that have "backends".
 */
struct place place_of_pool(const struct config *config, const json_t *document, size_t pool,
			   size_t *cursor);

/* Faults the second and later holders of a name; `seen` is a JSON object that remembers. */
void check_name(struct report *report, json_t *seen, const char *name, const char *pointer);

/* What keeps packets from being sent to an address over the network, "a ..."; NULL: nothing. */
const char *address_flaw(const struct address *address);

/* Remembers that `key` was at `pointer`; where it was before, or NULL. */
const char *remember(struct report *report, json_t *seen, const char *key, const char *pointer);
const char *remember_bytes(struct report *report, json_t *seen, const void *key, size_t length,
			   const char *pointer);
