/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* One request as the resources see it, and the answer they give. */
#pragma once

#include "config/etag.h"
#include "controlplane/api/conditions.h"
#include "controlplane/api/problem.h"
#include "controlplane/api/route.h"

#include <stddef.h>
#include <sys/types.h>

struct api_request {
	const char *path;
	const char *method;
	struct route_names names; /* in the path */
	const char *body;         /* not NUL-terminated */
	size_t length;
	/* A query argument or the first header line by its name; NULL: not given. */
	const char *(*argument)(const struct api_request *request, const char *name);
	const char *(*header)(const struct api_request *request, const char *name);
	/* Takes each header line. */
	void (*take_headers)(const struct api_request *request, struct conditions *conditions);
	void *connection;
};

/* A body that is made while it is sent. */
struct api_stream {
	/* Its next bytes: a short piece of work; 0: none yet, but ask again; -1: there are no more.
	 */
	ssize_t (*read)(void *context, char *buffer, size_t size);
	void (*close)(void *context);
	void *context;
};

struct api_answer {
	unsigned status;
	json_t *json;               /* the body; NULL: see text */
	char *text;                 /* the body of another type, malloc'ed; NULL: see stream */
	struct api_stream stream;   /* read NULL: none */
	const char *type;           /* of the body */
	char etag[ETAG_SIZE];       /* empty: none */
	char location[512];         /* empty: none */
	struct api_problem problem; /* with a status of 400 or more */
};
