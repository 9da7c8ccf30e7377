/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * What the model has a place for, but this version does not build: refused by
 * name. Each later step takes its check out of here.
 */
#include "config/fields.h"
#include "config/validate.h"

#include <string.h>

struct walk {
	const struct config *config;
	struct report *report;
	struct pointer pointer;
};

static void walk_object(struct walk *walk, const struct field_object *object, const char *memory);

static void refuse_ipv6(struct walk *walk, const struct address *address)
{
	if (!address_is_missing(address) && !address_is_ipv4(address))
		report_add(walk->report, walk->pointer.text,
			   "IPv6 is not built yet in this version: use an IPv4 address");
}

static void walk_value(struct walk *walk, const struct field *field, const char *value)
{
	if (field->object != NULL)
		walk_object(walk, field->object, value);
	else if (field->type == FIELD_ADDRESS)
		refuse_ipv6(walk, (const void *)value);
	else if (field->type == FIELD_PREFIX)
		refuse_ipv6(walk, &((const struct config_prefix *)(const void *)value)->address);
}

static void walk_list(struct walk *walk, const struct field *field, const char *memory)
{
	const char *values;
	size_t count;

	memcpy(&values, memory + field->offset, sizeof(values));
	memcpy(&count, memory + field->count_offset, sizeof(count));
	if (field->flags & FIELD_UNBUILT) {
		if (count > 0)
			report_add(walk->report, walk->pointer.text,
				   "\"%s\" is not built yet in this version: leave it out",
				   field->key);
		return;
	}
	for (size_t i = 0; i < count; i++) {
		const char *value = values + i * field->size;
		size_t up = pointer_push_index(&walk->pointer, i);
		/* Inline pools are walked with their service. */
		if (!(field->flags & FIELD_POOLS) ||
		    !((const struct config_pool *)(const void *)value)->is_inline)
			walk_value(walk, field, value);
		pointer_pop(&walk->pointer, up);
	}
}

static const char *inline_pool(const struct walk *walk, const char *service)
{
	const struct config_service *holder = (const void *)service;
	const struct config_pool *pool = config_find_pool(walk->config, holder->pool);

	return pool != NULL && pool->is_inline ? (const char *)pool : NULL;
}

static void walk_object(struct walk *walk, const struct field_object *object, const char *memory)
{
	for (size_t i = 0; i < object->field_count; i++) {
		const struct field *field = &object->fields[i];
		const char *target =
			field->flags & FIELD_INLINE ? inline_pool(walk, memory) : memory;
		if (target == NULL)
			continue;
		size_t up = pointer_push_key(&walk->pointer, field->key);
		if (field->is_list)
			walk_list(walk, field, target);
		else
			walk_value(walk, field, target + field->offset);
		pointer_pop(&walk->pointer, up);
	}
}

static void refuse_of_service(const struct config_service *service, size_t index,
			      struct report *report)
{
	for (size_t i = 0; i < service->port_count; i++) {
		if (service->ports[i].first != service->ports[i].last)
			report_add(
				report, place("/services/%zu/ports/%zu", index, i).text,
				"port ranges are not built yet in this version: list single ports");
	}
	if (service->on_backend_down == CONFIG_BACKEND_DOWN_RESET)
		report_add(report, place("/services/%zu/on_backend_down", index).text,
			   "\"reset\" is not built yet in this version: use \"keep\"");
}

void validate_unbuilt(const struct config *config, struct report *report)
{
	struct walk walk = {.config = config, .report = report};

	walk_object(&walk, &fields_root, (const char *)config);
	for (size_t i = 0; i < config->service_count; i++)
		refuse_of_service(&config->services[i], i, report);
	if (config->dataplane.workers > 1)
		report_add(report, "/dataplane/workers",
			   "more than one worker is not built yet in this version: use 1");
}
