/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * One change of the configuration, wherever it comes from: the API or the
 * file. All or nothing: a document that is refused, or that cannot be saved,
 * leaves the file and everything that runs as it was. Called from the event
 * loop only, and done when it returns; the generation with it follows.
 */
#pragma once

#include "config/config.h"
#include "config/etag.h"
#include "controlplane/restart_required.h"

#include <stdbool.h>

struct controlplane;

enum change_outcome {
	CHANGE_APPLIED,   /* saved, and running */
	CHANGE_UNCHANGED, /* the document is the running one already; nothing was written */
	CHANGE_CHECKED,   /* a dry run that would have been applied */
	CHANGE_INVALID,   /* `errors` says where and why */
	CHANGE_STALE,     /* what If-Match or If-None-Match asks for is not so */
	CHANGE_CONFLICT,  /* the file, or the document's revision, is another than ours: `force` */
	CHANGE_NOT_SAVED, /* the file could not be written: `error` is the errno */
	CHANGE_FAILED     /* no memory, or the kernel refused: `error` is the errno */
};

#define CHANGE_OUTCOMES (CHANGE_FAILED + 1)

struct change_request {
	/* The whole new document, one of the two: as text (places are then told by line) or JSON.
	 */
	const char *text;
	size_t length;
	const json_t *document; /* borrowed; its members may be shared, so it stays as it is */
	bool is_stale;          /* meant for another document than the one that runs */
	bool dry_run;           /* only check it */
	bool force;             /* CHANGE_CONFLICT is no reason to refuse */
	/* The text is that of the file, of this identity: it is not saved again. */
	const struct save_identity *file;
};

struct change_result {
	enum change_outcome outcome;
	int error;         /* an errno, where the outcome has one; else 0 */
	char detail[512];  /* a sentence, where the outcome is a refusal */
	char warning[512]; /* one, where it was applied and not all is well; else empty */
	struct config_errors errors;
	uint64_t revision;    /* of the running document, after the change */
	char etag[ETAG_SIZE]; /* of it; of a dry run: of the one that would be */
	struct restart_required restart_required;
	struct config *next; /* a dry run: what would run; else NULL */
	json_t *document;    /* a dry run: the document that would be; else NULL */
};

/* `result` is filled in whatever the outcome, and freed by change_result_free(). */
void change_apply(struct controlplane *controlplane, const struct change_request *request,
		  struct change_result *result);
void change_result_free(struct change_result *result);
