/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* SIGHUP: the file is read anew; what became of it is told in the log. */
#include "config/save.h"
#include "controlplane/change.h"
#include "controlplane/controlplane.h"
#include "controlplane/log.h"

#include <stdlib.h>

static void log_faults(const char *path, const struct config_errors *errors)
{
	for (size_t i = 0; i < errors->count; i++) {
		const struct config_error *fault = &errors->items[i];
		const char *gap = fault->pointer[0] != '\0' ? ": " : "";

		if (fault->line > 0)
			log_error("%s:%d:%d: %s%s%s", path, fault->line, fault->column,
				  fault->pointer, gap, fault->detail);
		else
			log_error("%s: %s%s%s", path, fault->pointer, gap, fault->detail);
	}
}

static void log_kept(const struct restart_required *required)
{
	for (size_t i = 0; i < required->count; i++)
		log_warning("%s changed in the file, but is read at start only: it stays as it is "
			    "until the next restart",
			    required->pointers[i]);
}

static void log_result(const struct controlplane *controlplane, const struct change_result *result)
{
	const char *path = controlplane->config_path;

	log_faults(path, &result->errors);
	log_kept(&result->restart_required);
	switch (result->outcome) {
	case CHANGE_APPLIED:
		log_info("%s read anew: revision %lu, %zu services, %zu pools", path,
			 (unsigned long)result->revision, controlplane->config->service_count,
			 controlplane->config->pool_count);
		break;
	case CHANGE_UNCHANGED:
		log_info("%s read anew: it says what runs already", path);
		break;
	default:
		log_error("%s is not used: %s", path, result->detail);
	}
}

void controlplane_reload(struct controlplane *controlplane)
{
	struct change_result result = {0};
	struct save_identity file = {0};
	char *text;
	size_t length;

	/* Before it is read: what is written meanwhile is then noticed. */
	save_identify(controlplane->config_path, &file);
	if (config_read(controlplane->config_path, &text, &length, &result.errors) < 0) {
		log_faults(controlplane->config_path, &result.errors);
		log_error("%s is not used; the running configuration goes on",
			  controlplane->config_path);
		controlplane->counts.changes[CHANGE_FAILED]++;
		change_result_free(&result);
		return;
	}

	struct change_request request = {.text = text, .length = length, .file = &file};

	change_apply(controlplane, &request, &result);
	log_result(controlplane, &result);
	change_result_free(&result);
	free(text);
}
