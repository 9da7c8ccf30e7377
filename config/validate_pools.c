/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "config/validate.h"

#include "dataplane/abi/tables.h"

#include <string.h>

static void validate_http(const struct config_health_check *check, const char *pointer,
			  struct report *report)
{
	bool unused = strcmp(check->path, "/") != 0 || check->host[0] != '\0';

	if (check->type == CONFIG_CHECK_TCP && unused)
		report_add(
			report, pointer,
			"\"path\" and \"host\" are for checks by HTTP: set \"type\" to \"http\", "
			"or leave them out");
	if (check->path[0] != '\0' && (check->path[0] != '/' || strchr(check->path, ' ') != NULL))
		report_add(report, place("%s/path", pointer).text,
			   "a path begins with \"/\" and holds no blanks (write %%20 for one)");
	if (strpbrk(check->host, " /@") != NULL)
		report_add(report, place("%s/host", pointer).text,
			   "write a host name, without scheme and path");
}

static void validate_check(const struct config_pool *pool, const char *where, struct report *report)
{
	const struct config_health_check *check = &pool->health_check;
	struct place at = place("%s/health_check", where);

	if (report_has(report, at.text))
		return;
	validate_http(check, at.text, report);
	if (check->timeout > check->interval)
		report_add(
			report, at.text,
			"the timeout (%u ms) is longer than the interval (%u ms): a check must end "
			"before the next begins",
			check->timeout, check->interval);
	if (check->type == CONFIG_CHECK_NONE || check->port != 0)
		return;
	for (size_t i = 0; i < pool->backend_count; i++) {
		struct place backend = place("%s/backends/%zu", where, i);
		if (pool->backends[i].port == 0 && !report_has(report, backend.text))
			report_add(report, backend.text,
				   "which port to check is not known: set \"port\" here or in "
				   "\"health_check\", or the check's \"type\" to \"none\"");
	}
}

static void validate_backends(const struct config_pool *pool, const char *where,
			      struct report *report)
{
	json_t *names = json_object(), *places = json_object();
	char text[ADDRESS_TEXT_SIZE], key[ADDRESS_TEXT_SIZE + 8];

	for (size_t i = 0; i < pool->backend_count; i++) {
		const struct config_backend *backend = &pool->backends[i];
		struct place at = place("%s/backends/%zu", where, i);
		check_name(report, names, backend->name, at.text);
		if (address_is_missing(&backend->address))
			continue;
		snprintf(key, sizeof(key), "%s %u", address_format(&backend->address, text),
			 backend->port);
		const char *before = remember(report, places, key, at.text);
		if (before != NULL)
			report_add(
				report, place("%s/address", at.text).text,
				"%s with this port is %s already: give it a larger weight instead",
				text, before);
		if (!address_is_missing(&pool->backends[0].address) &&
		    address_is_ipv4(&backend->address) !=
			    address_is_ipv4(&pool->backends[0].address))
			report_add(report, place("%s/address", at.text).text,
				   "IPv4 and IPv6 are mixed: make a pool for each family");
	}
	json_decref(names);
	json_decref(places);
}

static void validate_size(const struct config *config, const struct config_pool *pool,
			  const char *where, struct report *report)
{
	if (pool->backend_count > config->defaults.maglev_size)
		report_add(report, place("%s/backends", where).text,
			   "%zu backends do not fit in a ring of %u slots: set "
			   "/defaults/maglev_size to a prime a hundred times as large",
			   pool->backend_count, config->defaults.maglev_size);
}

void validate_pools(const struct config *config, const json_t *document, struct report *report)
{
	json_t *names = json_object();
	size_t cursor = 0, backends = 0;

	for (size_t i = 0; i < config->pool_count; i++) {
		const struct config_pool *pool = &config->pools[i];
		struct place at = place_of_pool(config, document, i, &cursor);
		/* Two inline pools of one name: their services' names are faulted. */
		const char *before =
			pool->name[0] == '\0' ? NULL : remember(report, names, pool->name, at.text);
		if (before != NULL && (!pool->is_inline || strncmp(before, "/pools/", 7) == 0))
			report_add(
				report, place("%s/name", at.text).text,
				pool->is_inline
					? "\"%s\" is also the name of %s, and the backends written "
					  "here make a pool of the service's name: rename one"
					: "the name \"%s\" is that of %s already: choose another",
				pool->name, before);
		validate_backends(pool, at.text, report);
		validate_check(pool, at.text, report);
		validate_size(config, pool, at.text, report);
		backends += pool->backend_count;
	}
	if (config->pool_count > ABI_MAX_RINGS)
		report_add(
			report, "/services",
			"%zu pools, with those written in services, are too many: there may be %u",
			config->pool_count, ABI_MAX_RINGS);
	if (backends > ABI_MAX_BACKENDS)
		report_add(report, "", "%zu backends in all are too many: there may be %u",
			   backends, ABI_MAX_BACKENDS);
	json_decref(names);
}
