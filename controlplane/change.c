/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * In this order: read and check, conflicts, what only a restart changes, what
 * the kernel may refuse, the file, and last what cannot fail. Whatever ends it
 * early is undone.
 */
#include "controlplane/change.h"

#include "controlplane/addresses/addresses.h"
#include "controlplane/addresses/sysctls.h"
#include "controlplane/controlplane.h"
#include "controlplane/keep_running.h"
#include "controlplane/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A change on its way. */
struct candidate {
	struct config *config; /* what would run */
	json_t *document;      /* as it was written, without its revision */
	uint64_t revision;     /* that it carried; 0: none */
	char etag[ETAG_SIZE];
	char *text; /* for the file; NULL: the file says it already */
	size_t length;
};

static bool refuse(struct change_result *result, enum change_outcome outcome, int error,
		   const char *format, ...) __attribute__((format(printf, 4, 5)));

static bool refuse(struct change_result *result, enum change_outcome outcome, int error,
		   const char *format, ...)
{
	va_list arguments;

	result->outcome = outcome;
	result->error = error;
	va_start(arguments, format);
	vsnprintf(result->detail, sizeof(result->detail), format, arguments);
	va_end(arguments);
	return false;
}

static bool refuse_for_memory(struct change_result *result)
{
	return refuse(result, CHANGE_FAILED, ENOMEM, "no memory; nothing was changed");
}

/* Reads the request's document and checks it. */
static bool read_candidate(const struct change_request *request, struct candidate *candidate,
			   struct change_result *result)
{
	int error;

	if (request->text != NULL) {
		error = config_parse_document(request->text, request->length, &candidate->config,
					      &candidate->document, &result->errors);
	} else {
		error = config_from_document(request->document, &candidate->config,
					     &result->errors);
		if (error == 0)
			candidate->document = json_copy((json_t *)(uintptr_t)request->document);
		if (candidate->document != NULL)
			json_object_del(candidate->document, "revision");
	}
	if (error == -EINVAL)
		return refuse(
			result, CHANGE_INVALID, 0,
			"the configuration is refused with %zu fault%s; the running one goes on",
			result->errors.count, result->errors.count == 1 ? "" : "s");
	if (error < 0 || candidate->document == NULL)
		return refuse_for_memory(result);
	etag_of(candidate->document, candidate->etag);
	candidate->revision = candidate->config->revision;
	return true;
}

/* The file says something that nobody has read: it would be lost. */
static bool refuse_for_edit(const struct controlplane *controlplane, struct change_result *result)
{
	return refuse(result, CHANGE_CONFLICT, 0,
		      "%s was edited and not read since: have it read (SIGHUP), or force the "
		      "change and lose what was edited",
		      controlplane->config_path);
}

static bool check_file(const struct controlplane *controlplane, struct change_result *result)
{
	struct save_identity now;

	if (save_identify(controlplane->config_path, &now) == 0 &&
	    !save_is_same(&now, &controlplane->file))
		return refuse_for_edit(controlplane, result);
	return true;
}

static bool check_conflicts(const struct controlplane *controlplane,
			    const struct change_request *request, const struct candidate *candidate,
			    struct change_result *result)
{
	if (request->force)
		return true;
	if (request->file != NULL) {
		if (candidate->revision == controlplane->file_revision)
			return true;
		return refuse(
			result, CHANGE_CONFLICT, 0,
			"%s is an edited copy of revision %lu, but revision %lu was saved since: "
			"compare with \"headrace diff FILE\", then use it with \"headrace apply "
			"--force FILE\"",
			controlplane->config_path, (unsigned long)candidate->revision,
			(unsigned long)controlplane->file_revision);
	}
	if (candidate->revision != 0 && candidate->revision != controlplane->revision)
		return refuse(
			result, CHANGE_CONFLICT, 0,
			"the document was made from revision %lu, but revision %lu runs: take "
			"\"revision\" out of it, or force the change",
			(unsigned long)candidate->revision, (unsigned long)controlplane->revision);
	return check_file(controlplane, result);
}

static bool write_down(struct candidate *candidate, struct change_result *result)
{
	int error = config_write(candidate->document, candidate->config->revision, &candidate->text,
				 &candidate->length);

	if (error == -EFBIG)
		return refuse(result, CHANGE_INVALID, 0,
			      "the file would be longer than 16 MiB, or have more than a million "
			      "values, and could not be read again: make it smaller");
	return error == 0 || refuse_for_memory(result);
}

/* It is saved, and will run: taking it back might fail in the same way. */
static void warn_of_unsynced(const struct controlplane *controlplane, int error,
			     struct change_result *result)
{
	snprintf(result->warning, sizeof(result->warning),
		 "%s is written, but its directory cannot be synced (%s): after a power failure "
		 "it may be the one before; look after the disk",
		 controlplane->config_path, strerror(error));
	log_error("%s", result->warning);
}

static bool save(struct controlplane *controlplane, const struct change_request *request,
		 const struct candidate *candidate, struct change_result *result)
{
	int error = save_file(controlplane->config_path, candidate->text, candidate->length,
			      request->force ? NULL : &controlplane->file, &controlplane->file);

	if (error == -ECANCELED)
		return refuse_for_edit(controlplane, result);
	if (error < 0)
		return refuse(result, CHANGE_NOT_SAVED, -error,
			      "%s cannot be written: %s; nothing was changed",
			      controlplane->config_path, strerror(-error));
	if (error > 0)
		warn_of_unsynced(controlplane, error, result);
	controlplane->file_revision = candidate->config->revision;
	return true;
}

/* What may still fail, and can be undone: the guard of both configurations, paths to the new
 * backends, the file. */
static bool prepare(struct controlplane *controlplane, const struct change_request *request,
		    const struct candidate *candidate, struct change_result *result)
{
	controlplane_settle(controlplane); /* an earlier change that is not out yet */

	int error = guard_load(controlplane->guard, controlplane->config, candidate->config);

	if (error < 0) {
		refuse(result, CHANGE_FAILED, -error,
		       "the guard (nftables) cannot be changed: %s; nothing was changed",
		       strerror(-error));
	} else if (network_set_config(controlplane->network, candidate->config) < 0) {
		refuse_for_memory(result);
	} else if (request->file != NULL) {
		controlplane->file = *request->file;
		controlplane->file_revision = candidate->revision;
		return true;
	} else if (save(controlplane, request, candidate, result)) {
		return true;
	}
	network_set_config(controlplane->network, controlplane->config);
	guard_load(controlplane->guard, controlplane->config, NULL);
	return false;
}

/*
 * The order keeps everything guarded: the guard of both configurations, then
 * addresses and tables; when the generation is out, of the new one alone.
 */
static void switch_over(struct controlplane *controlplane, struct candidate *candidate)
{
	struct config *before = controlplane->config;
	struct config *next = candidate->config;

	controlplane->config = next;
	controlplane->leaving = before;
	controlplane->revision = next->revision;
	json_decref(controlplane->document);
	controlplane->document = json_incref(candidate->document);
	memcpy(controlplane->etag, candidate->etag, sizeof(controlplane->etag));
	etag_of_shared(controlplane->document, controlplane->shared_etag);
	candidate->config = NULL;

	guard_load(controlplane->guard, before, next); /* with the new addresses of this host */
	if (next->manage_sysctls)                      /* what is not set was named at start */
		sysctls_check(controlplane->network, next);
	addresses_apply(controlplane->network);

	int error = health_set_config(controlplane->health, next);

	if (error < 0)
		log_error("cannot check backends any more: %s", strerror(-error));
	failover_update(&controlplane->failover);
	publication_publish(&controlplane->publication);
}

static bool is_unchanged(const struct controlplane *controlplane,
			 const struct change_request *request, const struct candidate *candidate)
{
	return !request->force && json_equal(controlplane->document, candidate->document);
}

/* Done with it for better or worse; false: `result` says why not. */
static bool carry_out(struct controlplane *controlplane, const struct change_request *request,
		      struct candidate *candidate, struct change_result *result)
{
	if (request->is_stale)
		return refuse(
			result, CHANGE_STALE, 0,
			"what If-Match or If-None-Match asks for is not so, the configuration "
			"is another one by now: read it again and repeat the change");
	if (!read_candidate(request, candidate, result))
		return false;
	if (is_unchanged(controlplane, request, candidate)) {
		result->outcome = CHANGE_UNCHANGED;
		if (request->file != NULL) {
			controlplane->file = *request->file;
			controlplane->file_revision = candidate->revision;
		}
		return true;
	}
	if (!check_conflicts(controlplane, request, candidate, result))
		return false;

	int error = keep_running_fields(controlplane->config, &candidate->config,
					&result->restart_required);

	if (error == -ENOMEM)
		return refuse_for_memory(result);
	if (error < 0)
		return refuse(result, CHANGE_INVALID, 0,
			      "the new configuration does not go together with what is read at "
			      "start only: make the change in the file and restart");
	/* Behind the last number that the file can hold comes the first. */
	candidate->config->revision = controlplane->revision % INT64_MAX + 1;
	if (request->file == NULL && !write_down(candidate, result))
		return false;
	if (request->dry_run) {
		result->outcome = CHANGE_CHECKED;
		return true;
	}
	if (!prepare(controlplane, request, candidate, result))
		return false;
	switch_over(controlplane, candidate);
	controlplane->restart_required = result->restart_required;
	result->outcome = CHANGE_APPLIED;
	return true;
}

void change_apply(struct controlplane *controlplane, const struct change_request *request,
		  struct change_result *result)
{
	struct candidate candidate = {0};

	*result = (struct change_result){0};
	carry_out(controlplane, request, &candidate, result);
	controlplane->counts.changes[result->outcome]++;
	free(candidate.text);
	result->revision = controlplane->revision;
	memcpy(result->etag, controlplane->etag, sizeof(result->etag));
	if (result->outcome == CHANGE_CHECKED) {
		memcpy(result->etag, candidate.etag, sizeof(result->etag));
		result->next = candidate.config;
		result->document = candidate.document;
		return;
	}
	if (result->outcome == CHANGE_UNCHANGED)
		result->restart_required = controlplane->restart_required;
	config_free(candidate.config);
	json_decref(candidate.document);
}

void change_result_free(struct change_result *result)
{
	config_errors_free(&result->errors);
	config_free(result->next);
	json_decref(result->document);
	*result = (struct change_result){0};
}
