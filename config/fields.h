/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * The one table that describes every field of the configuration: how it is
 * written, where it lies in the structs of model.h, what it may be and what it
 * means. Reading, writing, freeing, the JSON Schema and the reference page all
 * walk it; a new field is a row here and a member there.
 */
#pragma once

#include "config/model.h"

#include <jansson.h>

enum field_type {
	FIELD_OBJECT,   /* a struct of its own, described by field.object */
	FIELD_BOOL,     /* bool */
	FIELD_NUMBER,   /* unsigned, of field.size bytes */
	FIELD_DURATION, /* uint32_t, ms: "500ms", "2s", "5m", "1h" */
	FIELD_WORD,     /* an enum: one of field.words */
	FIELD_NAME,     /* text of [A-Za-z0-9._-]+ */
	FIELD_TEXT,     /* any text; in a list each is malloc'ed, else char[field.size] */
	FIELD_ADDRESS,  /* struct address */
	FIELD_PREFIX,   /* struct config_prefix */
	FIELD_MAC,      /* uint8_t[6] */
	FIELD_PORTS,    /* struct config_port_range: "80", "8000-8099", "*" */
	FIELD_STATUSES, /* struct config_status_range: "200", "200-299" */
	FIELD_DEVICE    /* char device[] of a struct config_port, with kind and argument */
};

/* What a field is, beside its type. */
#define FIELD_REQUIRED   (1u << 0) /* has no default */
#define FIELD_START_ONLY (1u << 1) /* read when a daemon starts: a change needs a restart */
#define FIELD_EITHER     (1u << 2) /* exactly one of its object's fields marked so */
#define FIELD_INLINE     (1u << 3) /* of a service: offsets are those of its inline pool */
#define FIELD_POOLS      (1u << 4) /* the list that inline pools are appended to */
#define FIELD_NETWORK    (1u << 5) /* of a prefix: no bits set behind its length */

struct field_object;

struct field {
	const char *key;
	enum field_type type;
	bool is_list;
	unsigned flags;
	size_t offset;       /* of the value, or of the pointer to a list's values */
	size_t size;         /* of one value */
	size_t count_offset; /* of a list's size_t count */
	const struct field_object *object;
	const char *const *words;  /* in the order of the enum, NULL behind the last */
	uint64_t minimum, maximum; /* of a number or duration; maximum of a text: its length */
	size_t count_minimum, count_maximum; /* of a list */
	const char *fallback; /* the default, as written but without quotes; NULL: zero, empty */
	/*
	 * Writes the default that depends on other fields into `value`; called
	 * when all of the document is read. `object` is the struct the field is in.
	 */
	void (*derive)(const struct field *field, const struct config *config, const void *object,
		       void *value);
	/*
	 * Where in struct config the object lies whose row of this key gives the
	 * default; 0: nowhere. A list's values are copied as they are, so they
	 * hold no pointers.
	 */
	size_t inherits;
	const char *default_text; /* what the reference page calls such a default */
	const char *unit;         /* of a number */
	const char *help;
};

struct field_object {
	const char *name; /* in the JSON Schema and on the reference page */
	const char *help;
	size_t size;
	const struct field *fields;
	size_t field_count;
};

/* The document. */
extern const struct field_object fields_root;

/* The row of a key, or NULL. */
const struct field *fields_find(const struct field_object *object, const char *key);

/* The default of a row, as JSON; NULL for one that has none. A new reference. */
json_t *fields_default(const struct field *field);

/*
 * Every kind of object there is, the document first, each once. Returns how
 * many; at most FIELDS_OBJECTS_MAX.
 */
#define FIELDS_OBJECTS_MAX 32
size_t fields_objects(const struct field_object *objects[FIELDS_OBJECTS_MAX]);
