/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "config/validate.h"

#include "config/listen.h"

#include <stdarg.h>
#include <string.h>
#include <sys/un.h>

struct place place(const char *format, ...)
{
	struct place place;
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(place.text, sizeof(place.text), format, arguments);
	va_end(arguments);
	return place;
}

struct place place_in(const char *where, const char *list, size_t index)
{
	struct pointer pointer = {.length = 0};
	struct place place;

	pointer_push_text(&pointer, where);
	pointer_push_key(&pointer, list);
	pointer_push_index(&pointer, index);
	_Static_assert(sizeof(place.text) <= sizeof(pointer.text), "a pointer is longer");
	memcpy(place.text, pointer.text, sizeof(place.text) - 1);
	place.text[sizeof(place.text) - 1] = '\0';
	return place;
}

struct place place_of_pool(const struct config *config, const json_t *document, size_t pool,
			   size_t *cursor)
{
	const json_t *services = json_object_get(document, "services");

	if (!config->pools[pool].is_inline)
		return place_in("", "pools", pool);
	while (json_object_get(json_array_get(services, *cursor), "backends") == NULL &&
	       *cursor < json_array_size(services))
		++*cursor;
	return place_in("", "services", (*cursor)++);
}

const char *remember_bytes(struct report *report, json_t *seen, const void *key, size_t length,
			   const char *pointer)
{
	const json_t *before = json_object_getn(seen, key, length);

	if (before != NULL)
		return json_string_value(before);
	if (json_object_setn_new_nocheck(seen, key, length, json_string(pointer)) != 0)
		report->out_of_memory = true;
	return NULL;
}

const char *remember(struct report *report, json_t *seen, const char *key, const char *pointer)
{
	return remember_bytes(report, seen, key, strlen(key), pointer);
}

void check_name(struct report *report, json_t *seen, const char *name, const char *pointer)
{
	const char *before = name[0] == '\0' ? NULL : remember(report, seen, name, pointer);

	if (before != NULL)
		report_add(report, place("%s/name", pointer).text,
			   "the name \"%s\" is that of %s already: choose another", name, before);
}

static void validate_api(const struct config *config, struct report *report)
{
	const char *token_file = config->api.token_file;
	struct listen_place place_of;

	if (token_file[0] != '\0' && token_file[0] != '/')
		report_add(report, "/api/token_file", "write an absolute path");

	for (size_t i = 0; i < config->api.listen_count; i++) {
		const char *listen = config->api.listen[i];
		const char *why = listen == NULL ? NULL : listen_parse(listen, &place_of);

		if (why == NULL && listen != NULL && place_of.path[0] == '\0' &&
		    !address_is_loopback(&place_of.address) && token_file[0] == '\0')
			why = "without a \"token_file\" the API does not ask who is there, so it "
			      "listens "
			      "on loopback only: \"127.0.0.1:PORT\" or \"[::1]:PORT\"";
		if (why != NULL)
			report_add(report, place("/api/listen/%zu", i).text, "%s", why);
	}
}

static bool is_prime(uint32_t number)
{
	for (uint32_t divisor = 2; divisor <= number / divisor; divisor++) {
		if (number % divisor == 0)
			return false;
	}
	return number > 1;
}

static void validate_defaults(const struct config *config, struct report *report)
{
	uint32_t size = config->defaults.maglev_size, prime = size;

	while (!is_prime(prime))
		prime++;
	if (prime != size)
		report_add(report, "/defaults/maglev_size",
			   "%u is no prime, and a ring's size must be one: the next is %u", size,
			   prime);
}

static void validate_local_pools(const struct config *config, struct report *report)
{
	json_t *names = json_object();

	for (size_t i = 0; i < config->local_pool_count; i++) {
		const struct config_local_pool *pool = &config->local_pools[i];
		struct place at = place("/local_pools/%zu", i);
		check_name(report, names, pool->name, at.text);
		if (pool->port_first == 0)
			report_add(report, place("%s/ports", at.text).text,
				   "\"*\" would leave no port to Linux: write \"1024-65535\"");
		for (size_t j = 1; j < pool->address_count; j++) {
			const struct address *addresses = pool->addresses;
			if (address_is_missing(&addresses[0]) || address_is_missing(&addresses[j]))
				continue;
			if (!address_same_family(&addresses[j], &addresses[0]))
				report_add(report, place("%s/addresses/%zu", at.text, j).text,
					   "IPv4 and IPv6 are mixed: make a pool for each family");
		}
	}
	json_decref(names);
}

void validate(const struct config *config, const json_t *document, struct report *report)
{
	validate_dataplane(config, report);
	validate_api(config, report);
	validate_defaults(config, report);
	validate_local_pools(config, report);
	validate_pools(config, document, report);
	validate_services(config, document, report);
	validate_addresses(config, document, report);
	validate_vrrp(config, report);
}
