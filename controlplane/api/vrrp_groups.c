/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* GET /v1/vrrp_groups, /v1/vrrp_groups/NAME, and what /v1/status says of them. */
#include "config/groups.h"
#include "controlplane/api/resource.h"
#include "controlplane/api/values.h"
#include "controlplane/failover/view.h"

#include <string.h>

#define NOT_FOUND 404

/* null: there is none. */
static json_t *render_address(const uint8_t bytes[16])
{
	struct address address;

	memcpy(address.bytes, bytes, sizeof(address.bytes));
	return address_is_missing(&address) ? json_null() : api_address(&address);
}

static json_t *render_seconds_since(uint64_t then_ns)
{
	return then_ns == 0 ? json_null() : json_real(api_seconds_since(then_ns / 1000000u));
}

/* The other node; null: none was heard as active. */
static json_t *render_active(const struct report_instance *instance)
{
	json_t *address = render_address(instance->active);

	if (json_is_null(address))
		return address;
	return json_pack("{s:o, s:i, s:i, s:o}", "address", address, "priority",
			 (int)instance->active_priority, "advert_interval_ms",
			 (int)instance->active_interval, "heard",
			 render_seconds_since(instance->heard_at));
}

static json_t *render_faults(const struct report_instance *instance)
{
	json_t *object = json_object();

	for (uint32_t i = 0; i < REPORT_FAULT_COUNT; i++)
		json_object_set_new(object, report_fault_text(i),
				    value_of_number(instance->faults[i]));
	return object;
}

static void put_counts(json_t *object, const struct report_instance *instance)
{
	const struct {
		const char *name;
		uint64_t value;
	} rows[] = {
		{"adverts_sent", instance->adverts_sent},
		{"adverts_received", instance->adverts_received},
		{"zeros_sent", instance->zeros_sent},
		{"zeros_received", instance->zeros_received},
		{"not_sent", instance->not_sent},
		{"gratuitous_sent", instance->gratuitous_sent},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		json_object_set_new(object, rows[i].name, value_of_number(rows[i].value));
}

static json_t *render_addresses(const struct config_vrrp_instance *instance)
{
	json_t *list = json_array();

	for (size_t i = 0; i < instance->address_count; i++)
		json_array_append_new(list, api_address(&instance->addresses[i].address));
	return list;
}

static json_t *render_instance(const struct config_vrrp_instance *instance,
			       const struct report_group *row)
{
	static const struct report_instance nothing;
	uint32_t family = address_is_ipv4(&instance->addresses[0].address) ? 4 : 6;
	const struct report_instance *told =
		report_find_instance(row, instance->id, family, instance->interface);
	json_t *object = json_object();

	json_object_set_new(object, "id", json_integer(instance->id));
	json_object_set_new(object, "family", json_integer(family));
	json_object_set_new(object, "interface", json_string(instance->interface));
	json_object_set_new(object, "link_up",
			    told == NULL ? json_null() : json_boolean(told->link_up));
	if (told == NULL)
		told = &nothing;
	json_object_set_new(object, "source", render_address(told->source));
	json_object_set_new(object, "active", render_active(told));
	put_counts(object, told);
	json_object_set_new(object, "faults", render_faults(told));
	json_object_set_new(object, "addresses", render_addresses(instance));
	return object;
}

/* What the list and the status have in common. */
static json_t *render_state(const struct report_group *row)
{
	return json_pack("{s:o, s:s, s:o, s:o, s:o, s:b}", "name", VALUE_OF_TEXT(row->name),
			 "state", report_state_text(row->state), "reason",
			 VALUE_OF_TEXT(row->reason), "since", render_seconds_since(row->since),
			 "priority", value_of_number(row->priority), "released",
			 row->released != 0);
}

static json_t *render_group(const struct controlplane *controlplane,
			    const struct failover_view *view, size_t position)
{
	const struct config_vrrp_group *group = &controlplane->config->vrrp_groups[position];
	json_t *instances = json_array();
	struct report_group row;
	json_t *object;

	failover_view_group(&controlplane->failover, view, position, &row);
	object = render_state(&row);
	json_object_set_new(object, "became_active", value_of_number(row.became_active));
	json_object_set_new(object, "released_active", value_of_number(row.released_active));
	json_object_set_new(object, "lease_lost", value_of_number(row.lease_lost));
	json_object_set_new(object, "addresses_held", value_of_number(row.address_count));
	for (size_t i = 0; i < group->instance_count; i++)
		json_array_append_new(instances, render_instance(&group->instances[i], &row));
	json_object_set_new(object, "instances", instances);
	return object;
}

json_t *api_vrrp_groups(struct controlplane *controlplane, const struct api_request *request,
			struct api_problem *problem)
{
	struct failover_view view = failover_look(&controlplane->failover);
	json_t *list = json_array();

	(void)request;
	(void)problem;
	for (size_t i = 0; i < controlplane->config->vrrp_group_count; i++)
		json_array_append_new(list, render_group(controlplane, &view, i));
	return json_pack("{s:o}", "vrrp_groups", list);
}

json_t *api_vrrp_group(struct controlplane *controlplane, const struct api_request *request,
		       struct api_problem *problem)
{
	const char *name = request->names.names[0];
	size_t position = config_find_vrrp_group(controlplane->config, name);
	struct failover_view view = failover_look(&controlplane->failover);

	if (position == GROUP_NONE)
		return problem_set(problem, NOT_FOUND, "there is no VRRP group \"%s\"", name);
	return api_with_config(render_group(controlplane, &view, position),
			       objects_find(controlplane->document, OBJECT_VRRP_GROUP, name, NULL));
}

json_t *api_vrrp_summary(struct controlplane *controlplane)
{
	const struct config *config = controlplane->config;
	struct failover_view view = failover_look(&controlplane->failover);
	json_t *groups = json_array();

	for (size_t i = 0; i < config->vrrp_group_count; i++) {
		struct report_group row;

		failover_view_group(&controlplane->failover, &view, i, &row);
		json_array_append_new(groups, render_state(&row));
	}
	if (config->vrrp_group_count == 0) {
		json_decref(groups);
		return json_null();
	}
	return json_pack("{s:b, s:o, s:f, s:b, s:o}", "running", view.lives, "pid",
			 value_of_number(view.lives ? view.report->file.writer_pid : 0),
			 "heartbeat_age_ms", failover_heartbeat_age(&view), "real_time",
			 view.lives && view.report->real_time != 0, "groups", groups);
}
