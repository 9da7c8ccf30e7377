/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * Reading, checking and writing the configuration. Needs no root, no DPDK and
 * no daemon. Any thread; a struct config is never changed once returned.
 */
#pragma once

#include "config/model.h"

#include <jansson.h>
#include <stdio.h>

/* One fault: where (JSON pointer, RFC 6901, and its place in the text) and what to do about it. */
struct config_error {
	char pointer[256];
	char detail[384];
	int line, column; /* 0: not known */
};

struct config_errors {
	struct config_error *items;
	size_t count;
};

void config_errors_free(struct config_errors *errors);

/* One line for each fault: "PATH:line:column: /pointer: sentence". */
void config_errors_print(const char *path, const struct config_errors *errors, FILE *stream);

/*
 * Reads the document; on success *out is a whole, valid configuration to be
 * freed by config_free(). Else a negative errno (-EINVAL: the document is
 * refused) and every fault found, at once, in `errors`, in the order of the
 * text; of more than 1000, the first 1000 found.
 */
int config_load(const char *path, struct config **out, struct config_errors *errors);
int config_parse(const char *text, size_t length, struct config **out,
		 struct config_errors *errors);

/*
 * The same, and the document itself (a new reference; NULL after a fault) as it
 * was written, but for "revision", which stands in the struct only.
 */
int config_parse_document(const char *text, size_t length, struct config **out, json_t **document,
			  struct config_errors *errors);

/* The same of a document that has no text: faults have no line. It is not changed. */
int config_from_document(const json_t *document, struct config **out, struct config_errors *errors);

/* What a document may be at most, as text: it is read as a whole. */
#define CONFIG_BYTES_MAX  (16u << 20)
#define CONFIG_VALUES_MAX 1000000u /* parsed, each takes up to 200 bytes */

/* A sentence about why a text can be no document, whatever it says; NULL: it can. */
const char *config_too_large(const char *text, size_t length);

/*
 * What the file of a document says: its revision first, and a newline at the end.
 * *text is to be freed. -EFBIG: it could not be read again; -ENOMEM.
 */
int config_write(const json_t *document, uint64_t revision, char **text, size_t *length);

/* The text of a document's file, to be freed; else a negative errno and a fault. */
int config_read(const char *path, char **text, size_t *length, struct config_errors *errors);

void config_free(struct config *config);

/* The document again, defaults left out; a new reference. */
json_t *config_render(const struct config *config);

/*
 * Called for each place where two configurations differ in a field that is read
 * at start only: the field's pointer, and that of the place in it.
 */
typedef void config_restart_visit(void *context, const char *field, const char *place);

/* True when there is such a place; they come field by field. */
bool config_needs_restart(const struct config *running, const struct config *next,
			  config_restart_visit *visit, void *context);

const struct config_pool *config_find_pool(const struct config *config, const char *name);
const struct config_local_pool *config_find_local_pool(const struct config *config,
						       const char *name);

/* JSON Schema (draft 2020-12) of the document, and its reference page in Markdown, from the one
 * table. */
json_t *config_schema(void);
char *config_reference(void); /* malloc'ed */
