/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* From one configuration to the next, while everything runs. */
#include "controlplane/addresses/addresses.h"
#include "controlplane/addresses/sysctls.h"
#include "controlplane/controlplane.h"
#include "controlplane/keep_running.h"
#include "controlplane/log.h"

#include <string.h>

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

static struct config *load(struct controlplane *controlplane)
{
	struct config_errors errors = {0};
	struct config *next = NULL;
	int error = config_load(controlplane->config_path, &next, &errors);

	if (error < 0) {
		log_faults(controlplane->config_path, &errors);
		log_error("%s is refused with %zu fault%s; the running configuration goes on",
			  controlplane->config_path, errors.count, errors.count == 1 ? "" : "s");
	}
	config_errors_free(&errors);
	return next;
}

static void log_kept(const struct restart_required *required)
{
	for (size_t i = 0; i < required->count; i++)
		log_warning("%s changed in the file, but is read at start only: it stays as it is "
			    "until the next restart",
			    required->pointers[i]);
}

/*
 * The order keeps everything guarded: the guard of both configurations, then
 * addresses and tables; when the generation is out, of the new one alone.
 */
static void switch_config(struct controlplane *controlplane, struct config *next)
{
	struct config *before = controlplane->config;
	int error;

	controlplane_settle(controlplane); /* an earlier reload that still waits for checks */
	error = guard_load(controlplane->guard, before, next);
	if (error == 0)
		error = network_set_config(controlplane->network, next);
	if (error < 0) {
		log_error("cannot change the configuration: %s; the running one goes on",
			  strerror(-error));
		guard_load(controlplane->guard, before, NULL);
		config_free(next);
		return;
	}
	controlplane->config = next;
	controlplane->leaving = before;
	guard_load(controlplane->guard, before, next); /* with the new addresses of this host */
	addresses_apply(controlplane->network, &controlplane->network->owned);
	error = health_set_config(controlplane->health, next);
	if (error < 0)
		log_error("cannot check backends any more: %s", strerror(-error));
	if (next->manage_sysctls) /* what is not set was named at start */
		sysctls_check(controlplane->network, next);
	publication_wait(&controlplane->publication);
	publication_publish(&controlplane->publication);
}

void controlplane_reload(struct controlplane *controlplane)
{
	struct config *next = load(controlplane);

	if (next == NULL)
		return;

	int error =
		keep_running_fields(controlplane->config, &next, &controlplane->restart_required);

	if (error < 0) {
		log_error("the new configuration does not go together with what is read at start "
			  "only; restart to use it; the running configuration goes on");
		log_kept(&controlplane->restart_required);
		config_free(next);
		return;
	}
	log_kept(&controlplane->restart_required);
	switch_config(controlplane, next);
	log_info("%s read anew: %zu services, %zu pools", controlplane->config_path,
		 controlplane->config->service_count, controlplane->config->pool_count);
}
