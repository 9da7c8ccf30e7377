/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * Editing one object of the document: a service, a pool, a backend, a local
 * pool, a VRRP group. The backends of a pool are found where they are written, in the pool or
 * inside the service of that name. Pure: a document in, a new one out that
 * shares with it what did not change. Whether the new one is a valid
 * configuration is for others to say.
 */
#pragma once

#include "controlplane/api/problem.h"
#include "controlplane/api/route.h"

#include <jansson.h>
#include <stdbool.h>

enum object_kind {
	OBJECT_NONE,
	OBJECT_DOCUMENT,
	OBJECT_SERVICE,
	OBJECT_POOL,
	OBJECT_BACKEND,
	OBJECT_LOCAL_POOL,
	OBJECT_VRRP_GROUP
};
enum object_verb { OBJECT_CREATE, OBJECT_REPLACE, OBJECT_PATCH, OBJECT_DELETE };

struct object_edit {
	enum object_kind kind;
	enum object_verb verb;
	const char *name;   /* of the object, of the backend's pool; NULL: of what is to be
			       created, but a backend */
	const char *member; /* of the backend; NULL: one to create */
	json_t *body;       /* borrowed; NULL to delete */
};

/*
 * The new document, or NULL with the problem: 400, 404, 409, or 503 for no memory.
 * `created`: the object was not there before.
 */
json_t *objects_edit(const json_t *document, const struct object_edit *edit, bool *created,
		     struct api_problem *problem);

/* One object as it is written; borrowed; NULL: there is none. */
json_t *objects_find(const json_t *document, enum object_kind kind, const char *name,
		     const char *member);
