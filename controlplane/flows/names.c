/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "controlplane/flows/names.h"

#include "controlplane/backend_state.h"
#include "controlplane/controlplane.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_of_names(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       strchr("._-/~", c) != NULL;
}

void flow_name_set(struct flow_name *name, uint32_t epoch, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(name->text, sizeof(name->text), format, arguments);
	va_end(arguments);
	name->epoch = epoch;
	name->length = (uint8_t)strlen(name->text);
	for (char *c = name->text; *c != '\0'; c++) {
		if (!is_of_names(*c))
			*c = '?';
	}
}

unsigned flow_names_want(struct flow_name *names, uint32_t count, const char *text)
{
	unsigned found = 0;

	for (uint32_t i = 0; i < count; i++) {
		if (names[i].epoch == 0 || strcmp(names[i].text, text) != 0)
			continue;
		names[i].wanted = true;
		found++;
	}
	return found;
}

static void name_services(const struct controlplane *controlplane, struct flow_names *names)
{
	const struct publisher *publisher = controlplane->publisher;
	const struct config *config = controlplane->config;

	for (size_t i = 0; i < config->service_count; i++) {
		const char *name = config->services[i].name;
		int index = publisher_service_index(publisher, name);

		if (index >= 0 && index < ABI_MAX_SERVICES)
			flow_name_set(&names->services[index],
				      publisher_service_epoch(publisher, (uint32_t)index), "%s",
				      name);
	}
}

static void name_backends(const struct controlplane *controlplane, struct flow_names *names)
{
	const struct publisher *publisher = controlplane->publisher;
	const struct config *config = controlplane->config;

	for (size_t i = 0; i < config->pool_count; i++) {
		const struct config_pool *pool = &config->pools[i];

		for (size_t j = 0; j < pool->backend_count; j++) {
			int index =
				publisher_backend_index(publisher, pool->name, &pool->backends[j]);

			if (index >= 0 && index < ABI_MAX_BACKENDS)
				flow_name_set(&names->backends[index],
					      publisher_backend_epoch(publisher, (uint32_t)index),
					      "%s/%s", pool->name, pool->backends[j].name);
		}
	}
}

static void name_removed(const struct controlplane *controlplane, struct flow_names *names)
{
	const struct publisher *publisher = controlplane->publisher;
	struct publish_removed removed;
	struct removed_name name;
	uint32_t from = 0;

	while (publisher_next_removed(publisher, from, &removed) >= 0) {
		from = removed.index + 1;
		if (removed.index >= ABI_MAX_BACKENDS)
			continue;
		removed_split(removed.name, removed.index, &name);
		flow_name_set(&names->backends[removed.index],
			      publisher_backend_epoch(publisher, removed.index), "%s/%s", name.pool,
			      name.backend);
	}
}

/* By the dataplane's order, which is that of its start. */
static void name_ports(const struct controlplane *controlplane, struct flow_names *names)
{
	const struct abi_status *status = stats_status(controlplane->stats);

	for (uint32_t i = 0; status != NULL && i < status->port_count; i++)
		flow_name_set(&names->ports[i], 1, "%.*s", ABI_NAME_SIZE - 1,
			      status->ports[i].name);
}

struct flow_names *flow_names_collect(const struct controlplane *controlplane)
{
	struct flow_names *names = calloc(1, sizeof(*names));

	if (names == NULL)
		return NULL;
	name_services(controlplane, names);
	name_backends(controlplane, names);
	name_removed(controlplane, names);
	name_ports(controlplane, names);
	return names;
}
