/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "config/validate.h"

#include "dataplane/abi/tables.h"

#include <string.h>
#include <strings.h>

/* Headers that the check writes itself, or that would change what the request is. */
static const char *const own_headers[] = {"connection", "content-length", "transfer-encoding",
					  "user-agent", NULL};

static void validate_headers(const struct config_health_check *check, const char *pointer,
			     struct report *report)
{
	for (size_t i = 0; i < check->header_count; i++) {
		const char *name = check->headers[i].name;
		struct place at = place("%s/headers/%zu/name", pointer, i);
		if (strcasecmp(name, "host") == 0)
			report_add(report, at.text, "write the Host header as \"host\"");
		for (size_t j = 0; own_headers[j] != NULL; j++) {
			if (strcasecmp(name, own_headers[j]) == 0)
				report_add(report, at.text,
					   "the check itself sets this header: leave it out");
		}
	}
}

/* What a check may be wherever it is written. */
static void validate_values(const struct config_health_check *check, const char *pointer,
			    struct report *report)
{
	validate_headers(check, pointer, report);
	if (check->path[0] != '\0' && (check->path[0] != '/' || strchr(check->path, ' ') != NULL))
		report_add(report, place("%s/path", pointer).text,
			   "a path begins with \"/\" and holds no blanks (write %%20 for one)");
	if (strpbrk(check->host, " /@") != NULL)
		report_add(report, place("%s/host", pointer).text,
			   "write a host name, without scheme and path");
	if (check->host[0] != '[' && strchr(check->host, ':') != strrchr(check->host, ':'))
		report_add(report, place("%s/host", pointer).text,
			   "write an IPv6 address in brackets: \"[2001:db8::1]\"");
	if (strpbrk(check->tls_server_name, " /@:") != NULL)
		report_add(report, place("%s/tls_server_name", pointer).text,
			   "write a host name, without scheme, port and path");
	if (check->method == CONFIG_CHECK_HEAD && check->body[0] != '\0')
		report_add(report, place("%s/body", pointer).text,
			   "an answer to HEAD has no body: set \"method\" to \"GET\", or leave "
			   "\"body\" out");
	if (check->tls_ca_file[0] != '\0' && check->tls_ca_file[0] != '/')
		report_add(report, place("%s/tls_ca_file", pointer).text,
			   "write an absolute path: it begins with \"/\"");
	if (check->fast_interval > check->interval)
		report_add(report, place("%s/fast_interval", pointer).text,
			   "it is longer than the interval (%u ms): checks are to come sooner "
			   "while a backend is in doubt",
			   check->interval);
}

static bool lists_differ(const void *a, size_t a_count, const void *b, size_t b_count, size_t size)
{
	return a_count != b_count || (a_count > 0 && memcmp(a, b, a_count * size) != 0);
}

/* True when something is said that only a check by HTTP can do. */
static bool speaks_http(const struct config_health_check *check,
			const struct config_health_check *usual)
{
	return strcmp(check->path, usual->path) != 0 || strcmp(check->host, usual->host) != 0 ||
	       strcmp(check->body, usual->body) != 0 || check->method != usual->method ||
	       lists_differ(check->statuses, check->status_count, usual->statuses,
			    usual->status_count, sizeof(*check->statuses)) ||
	       lists_differ(check->headers, check->header_count, usual->headers,
			    usual->header_count, sizeof(*check->headers));
}

static bool speaks_tls(const struct config_health_check *check,
		       const struct config_health_check *usual)
{
	return check->tls_verify != usual->tls_verify ||
	       strcmp(check->tls_ca_file, usual->tls_ca_file) != 0 ||
	       strcmp(check->tls_server_name, usual->tls_server_name) != 0;
}

/* What the pool adds to the defaults must be of its type. */
static void validate_type(const struct config_health_check *check,
			  const struct config_health_check *usual, const char *pointer,
			  struct report *report)
{
	if (check->type == CONFIG_CHECK_TCP && speaks_http(check, usual))
		report_add(report, pointer,
			   "\"method\", \"path\", \"host\", \"headers\", \"statuses\" and "
			   "\"body\" are for checks by HTTP: set \"type\" to \"http\" or "
			   "\"https\", or leave them "
			   "out");
	if ((check->type == CONFIG_CHECK_TCP || check->type == CONFIG_CHECK_HTTP) &&
	    speaks_tls(check, usual))
		report_add(report, pointer,
			   "\"tls_verify\", \"tls_ca_file\" and \"tls_server_name\" are for "
			   "checks by HTTPS: set \"type\" to \"https\", or leave them out");
}

static void validate_check(const struct config *config, const struct config_pool *pool,
			   const char *where, struct report *report)
{
	const struct config_health_check *check = &pool->health_check;
	struct place at = place("%s/health_check", where);

	/* Faults in the defaults are told there, once. */
	if (report_has(report, at.text) || report_has(report, "/defaults/health_check"))
		return;
	validate_values(check, at.text, report);
	validate_type(check, &config->defaults.health_check, at.text, report);
	if (check->timeout > check->interval)
		report_add(
			report, at.text,
			"the timeout (%u ms) is longer than the interval (%u ms): a check must end "
			"before the next begins",
			check->timeout, check->interval);
	if (check->type == CONFIG_CHECK_NONE || check->port != 0)
		return;
	for (size_t i = 0; i < pool->backend_count; i++) {
		if (pool->backends[i].port != 0)
			continue;
		struct place backend = place_in(where, "backends", i);
		if (!report_has(report, backend.text))
			report_add(report, backend.text,
				   "which port to check is not known: set \"port\" here or in "
				   "\"health_check\", or the check's \"type\" to \"none\"");
	}
}

static void validate_backends(const struct config_pool *pool, const char *where,
			      struct report *report)
{
	json_t *names = json_object(), *places = json_object();

	for (size_t i = 0; i < pool->backend_count; i++) {
		const struct config_backend *backend = &pool->backends[i];
		struct place at = place_in(where, "backends", i);
		struct {
			struct address address;
			uint16_t port;
		} key = {backend->address, backend->port};
		_Static_assert(sizeof(key) == 18, "nothing between the fields");
		char text[ADDRESS_TEXT_SIZE];
		check_name(report, names, backend->name, at.text);
		if (address_is_missing(&backend->address))
			continue;
		const char *before = remember_bytes(report, places, &key, sizeof(key), at.text);
		if (before != NULL)
			report_add(
				report, place("%s/address", at.text).text,
				"%s with this port is %s already: give it a larger weight instead",
				address_format(&backend->address, text), before);
		if (!address_is_missing(&pool->backends[0].address) &&
		    !address_same_family(&backend->address, &pool->backends[0].address))
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

	validate_values(&config->defaults.health_check, "/defaults/health_check", report);
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
		validate_check(config, pool, at.text, report);
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
