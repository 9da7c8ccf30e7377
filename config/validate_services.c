/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "config/validate.h"

#include "config/text.h"
#include "dataplane/abi/tables.h"

#include <string.h>

/* The name among `count` structs of `size` bytes that begin with one that is likely meant. */
static const char *close_name(const struct report *report, const char *name, const void *names,
			      size_t count, size_t size)
{
	for (size_t i = 0; i < count && report_suggests(report); i++) {
		const char *other = (const char *)names + i * size;
		if (text_is_close(name, other))
			return other;
	}
	return NULL;
}

static void report_no_such(struct report *report, const char *pointer, const char *what,
			   const char *list, const char *name, const char *close)
{
	if (close != NULL)
		report_add(report, pointer, "there is no %s \"%s\"; did you mean \"%s\"?", what,
			   name, close);
	else
		report_add(report, pointer, "there is no %s \"%s\": name one of %s", what, name,
			   list);
}

static void check_family(struct report *report, const char *pointer, const char *what,
			 const struct address *service, const struct address *other)
{
	if (address_is_missing(service) || address_is_missing(other) ||
	    address_same_family(service, other))
		return;
	report_add(report, pointer,
		   "the service's addresses are %s, those of its %s are not: use one family",
		   address_is_ipv4(service) ? "IPv4" : "IPv6", what);
}

static void validate_pool_of(const struct config *config, const struct config_service *service,
			     const char *where, struct report *report)
{
	const struct config_pool *pool = config_find_pool(config, service->pool);
	struct place at = place("%s/pool", where);

	if (service->pool[0] == '\0')
		return;
	if (pool == NULL) {
		report_no_such(report, at.text, "pool", "/pools", service->pool,
			       close_name(report, service->pool, config->pools, config->pool_count,
					  sizeof(*config->pools)));
		return;
	}
	if (pool->is_inline && strcmp(pool->name, service->name) != 0)
		report_add(
			report, at.text,
			"\"%s\" is written inside the service of that name: move its backends to "
			"/pools to share them",
			pool->name);
	if (service->address_count > 0 && pool->backend_count > 0)
		check_family(report, pool->is_inline ? where : at.text, "backends",
			     &service->addresses[0], &pool->backends[0].address);
}

static void validate_local_pool_of(const struct config *config,
				   const struct config_service *service, const char *where,
				   struct report *report)
{
	const struct config_local_pool *pool = config_find_local_pool(config, service->local_pool);
	struct place at = place("%s/local_pool", where);
	bool known = !report_has(report, place("%s/forwarding", where).text) &&
		     !report_has(report, at.text);

	if (service->local_pool[0] == '\0') {
		if (known && service->forwarding == CONFIG_FULL_NAT)
			report_add(
				report, where,
				"full-nat needs source addresses: set \"local_pool\" to the name "
				"of one of /local_pools");
		return;
	}
	if (known && service->forwarding == CONFIG_DNAT)
		report_add(
			report, at.text,
			"dnat keeps the client's address and uses no local pool: leave it out, or "
			"set \"forwarding\" to \"full-nat\"");
	if (pool == NULL)
		report_no_such(report, at.text, "local pool", "/local_pools", service->local_pool,
			       close_name(report, service->local_pool, config->local_pools,
					  config->local_pool_count, sizeof(*config->local_pools)));
	else if (service->address_count > 0 && pool->address_count > 0)
		check_family(report, at.text, "local pool", &service->addresses[0],
			     &pool->addresses[0]);
}

/* `list` is "allow" or "deny". A prefix that was not read has its fault already. */
static void validate_clients(const struct config_service *service, const char *where,
			     const char *list, const struct config_prefix *prefixes, size_t count,
			     struct report *report)
{
	const struct address *address = service->addresses;

	for (size_t i = 0; i < count; i++) {
		struct place at = place("%s/%s/%zu", where, list, i);
		if (service->address_count == 0 || address_is_missing(address) ||
		    report_has(report, at.text) ||
		    address_same_family(address, &prefixes[i].address))
			continue;
		report_add(report, at.text,
			   "the service's addresses are %s, and no client of another family comes "
			   "to them: leave it out",
			   address_is_ipv4(address) ? "IPv4" : "IPv6");
	}
}

static void validate_service(const struct config *config, const struct config_service *service,
			     const char *where, struct report *report)
{
	validate_pool_of(config, service, where, report);
	validate_local_pool_of(config, service, where, report);
	if (service->mss_clamp != 0 && service->protocol != CONFIG_TCP)
		report_add(report, place("%s/mss_clamp", where).text,
			   "only TCP has segments: leave it out with \"protocol\": \"udp\"");
	validate_clients(service, where, "allow", service->allow, service->allow_count, report);
	validate_clients(service, where, "deny", service->deny, service->deny_count, report);
	for (size_t i = 1; i < service->address_count; i++) {
		const struct address *addresses = service->addresses;
		if (!address_is_missing(&addresses[0]) && !address_is_missing(&addresses[i]) &&
		    !address_same_family(&addresses[0], &addresses[i]))
			report_add(report, place("%s/addresses/%zu", where, i).text,
				   "IPv4 and IPv6 are mixed: make a service for each family");
	}
	if (service->address_count * service->port_count > ABI_MAX_LISTENERS)
		report_add(
			report, where,
			"%zu addresses with %zu ports each are too many: there may be %u of both "
			"together; make several services of it",
			service->address_count, service->port_count, ABI_MAX_LISTENERS);
}

void validate_services(const struct config *config, const json_t *document, struct report *report)
{
	const json_t *services = json_object_get(document, "services");
	json_t *names = json_object();

	for (size_t i = 0; i < config->service_count; i++) {
		const json_t *written = json_array_get(services, i);
		struct place at = place("/services/%zu", i);
		check_name(report, names, config->services[i].name, at.text);
		validate_service(config, &config->services[i], at.text, report);
		if (json_object_get(written, "health_check") != NULL &&
		    json_object_get(written, "backends") == NULL)
			report_add(
				report, place("%s/health_check", at.text).text,
				"this is for backends written in the service: move it to its pool");
	}
	json_decref(names);
}
