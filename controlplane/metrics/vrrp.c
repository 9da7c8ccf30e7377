/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * Metrics of VRRP: where keepalived's exporters have one, by its name behind
 * our prefix and with its labels, so that their dashboards need another prefix only.
 */
#include "controlplane/failover/view.h"
#include "controlplane/metrics/families.h"

#include <stdlib.h>

struct group_row {
	struct metrics_labels labels; /* first: see metrics_columns() */
	struct report_group told;
	uint64_t priority, released;
};

struct instance_row {
	struct metrics_labels labels;
	struct report_instance told;
	const struct config_vrrp_instance *config;
	uint64_t state, became_active, released_active;
};

struct rows {
	struct group_row *groups;
	struct instance_row *instances;
	size_t group_count, instance_count;
};

#define OF_INSTANCE(member) offsetof(struct instance_row, member)
#define FAULT(fault)        (OF_INSTANCE(told.faults) + (fault) * sizeof(uint64_t))

static const struct metrics_column instance_columns[] = {
	{"headrace_vrrp_advertisements_sent_total", "Advertisements sent.", METRICS_COUNTER,
	 OF_INSTANCE(told.adverts_sent)},
	{"headrace_vrrp_advertisements_received_total", "Advertisements received.", METRICS_COUNTER,
	 OF_INSTANCE(told.adverts_received)},
	{"headrace_vrrp_become_master_total", "Times the group became active.", METRICS_COUNTER,
	 OF_INSTANCE(became_active)},
	{"headrace_vrrp_release_master_total", "Times the group stopped being active.",
	 METRICS_COUNTER, OF_INSTANCE(released_active)},
	{"headrace_vrrp_priority_zero_sent_total", "Advertisements of priority 0 sent.",
	 METRICS_COUNTER, OF_INSTANCE(told.zeros_sent)},
	{"headrace_vrrp_priority_zero_received_total", "Advertisements of priority 0 received.",
	 METRICS_COUNTER, OF_INSTANCE(told.zeros_received)},
	{"headrace_vrrp_packet_length_errors_total", "Packets of a wrong length.", METRICS_COUNTER,
	 FAULT(REPORT_BAD_LENGTH)},
	{"headrace_vrrp_ip_ttl_errors_total", "Packets with another TTL or hop limit than 255.",
	 METRICS_COUNTER, FAULT(REPORT_BAD_TTL)},
	{"headrace_vrrp_checksum_errors_total", "Packets with a wrong checksum.", METRICS_COUNTER,
	 FAULT(REPORT_BAD_CHECKSUM)},
	{"headrace_vrrp_version_errors_total", "Packets of another version of VRRP.",
	 METRICS_COUNTER, FAULT(REPORT_BAD_VERSION)},
	{"headrace_vrrp_invalid_type_received_total", "Packets that are no advertisement.",
	 METRICS_COUNTER, FAULT(REPORT_BAD_TYPE)},
	{"headrace_vrrp_vrid_errors_total", "Packets of a virtual router that is none of ours.",
	 METRICS_COUNTER, FAULT(REPORT_BAD_VRID)},
	{"headrace_vrrp_advertisements_interval_errors_total",
	 "Advertisements with another interval than ours.", METRICS_COUNTER,
	 FAULT(REPORT_BAD_INTERVAL)},
	{"headrace_vrrp_authentication_invalid_total",
	 "Packets of version 2 that want authentication.", METRICS_COUNTER, FAULT(REPORT_BAD_AUTH)},
	{"headrace_vrrp_address_list_errors_total",
	 "Advertisements of other addresses than ours; taken all the same.", METRICS_COUNTER,
	 FAULT(REPORT_BAD_ADDRESSES)},
	{"headrace_vrrp_peer_errors_total", "Packets from nobody of the instance's peers.",
	 METRICS_COUNTER, FAULT(REPORT_BAD_PEER)},
	{"headrace_vrrp_own_priority_received_total",
	 "Advertisements of priority 255, from who has the addresses as its own.", METRICS_COUNTER,
	 FAULT(REPORT_OWN_PRIORITY)},
	{"headrace_vrrp_gratuitous_sent_total",
	 "Gratuitous ARP and unsolicited neighbour advertisements sent.", METRICS_COUNTER,
	 OF_INSTANCE(told.gratuitous_sent)},
	{"headrace_vrrp_send_errors_total", "Advertisements that the kernel did not take.",
	 METRICS_COUNTER, OF_INSTANCE(told.not_sent)},
};

static const struct metrics_column group_columns[] = {
	{"headrace_vrrp_priority", "Priority it speaks with now.", METRICS_GAUGE,
	 offsetof(struct group_row, priority)},
	{"headrace_vrrp_released", "1 while it is released by command, else 0.", METRICS_GAUGE,
	 offsetof(struct group_row, released)},
	{"headrace_vrrp_lease_lost_total", "Times its lease ran out before it was renewed.",
	 METRICS_COUNTER, offsetof(struct group_row, told.lease_lost)},
	{"headrace_vrrp_addresses_held", "Addresses it has on this node now.", METRICS_GAUGE,
	 offsetof(struct group_row, told.address_count)},
};

/* keepalived's numbers. */
static uint64_t state_number(uint32_t state)
{
	switch (state) {
	case REPORT_BACKUP:
		return 1;
	case REPORT_ACTIVE:
		return 2;
	case REPORT_FAULT:
		return 3;
	default:
		return 0;
	}
}

static void add_instance(struct rows *rows, const struct config_vrrp_group *group,
			 const struct config_vrrp_instance *instance,
			 const struct report_group *told)
{
	struct instance_row *row = &rows->instances[rows->instance_count++];
	uint32_t family = address_is_ipv4(&instance->addresses[0].address) ? 4 : 6;
	const struct report_instance *reported =
		report_find_instance(told, instance->id, family, instance->interface);

	*row = (struct instance_row){.config = instance,
				     .state = state_number(told->state),
				     .became_active = told->became_active,
				     .released_active = told->released_active};
	if (reported != NULL)
		row->told = *reported;
	metrics_label(&row->labels, "iname", group->name);
	metrics_label(&row->labels, "intf", instance->interface);
	metrics_label_number(&row->labels, "vrid", instance->id);
	metrics_label(&row->labels, "family", family == 4 ? "ipv4" : "ipv6");
}

static void collect(struct rows *rows, const struct failover *failover,
		    const struct failover_view *view)
{
	const struct config *config = failover->controlplane->config;

	for (size_t i = 0; i < config->vrrp_group_count; i++) {
		const struct config_vrrp_group *group = &config->vrrp_groups[i];
		struct group_row *row = &rows->groups[rows->group_count++];

		*row = (struct group_row){0};
		failover_view_group(failover, view, i, &row->told);
		row->priority = row->told.priority;
		row->released = row->told.released != 0;
		metrics_label(&row->labels, "iname", group->name);
		for (size_t j = 0; j < group->instance_count; j++)
			add_instance(rows, group, &group->instances[j], &row->told);
	}
}

/* A sample for each address, as the exporters have it. */
static void write_state(struct metrics_text *text, const struct rows *rows)
{
	metrics_family(text, "headrace_vrrp_state", METRICS_GAUGE,
		       "State of the group that the address is of: 0 init, 1 backup, 2 active, 3 "
		       "fault.");
	for (size_t i = 0; i < rows->instance_count; i++) {
		const struct instance_row *row = &rows->instances[i];

		for (size_t j = 0; j < row->config->address_count; j++) {
			char address[ADDRESS_TEXT_SIZE];

			metrics_count_of(
				text, &row->labels, "ip_address",
				address_format(&row->config->addresses[j].address, address),
				row->state);
		}
	}
}

static void write_since(struct metrics_text *text, const struct metrics_source *source,
			const struct rows *rows)
{
	metrics_family(text, "headrace_vrrp_last_transition_timestamp_seconds", METRICS_GAUGE,
		       "When the group came into its state, since 1970.");
	for (size_t i = 0; i < rows->group_count; i++) {
		const struct group_row *row = &rows->groups[i];

		if (row->told.since != 0)
			metrics_value(text, &row->labels,
				      metrics_timestamp(source, row->told.since / 1000000u));
	}
}

/* Without groups there is no such program, and nothing to alert on. */
static void write_program(struct metrics_text *text, const struct failover_view *view, bool wanted)
{
	const struct report *report = view->report;
	bool lives = wanted && view->lives;

	metrics_family(text, "headrace_vrrp_up", METRICS_GAUGE,
		       "1 while headrace-vrrp lives, else 0; none without VRRP groups.");
	if (wanted)
		metrics_count(text, NULL, lives);
	metrics_family(text, "headrace_vrrp_real_time", METRICS_GAUGE,
		       "1 when it has real-time scheduling and locked memory, else 0.");
	if (lives)
		metrics_count(text, NULL, report->real_time != 0);
	metrics_family(text, "headrace_vrrp_heartbeat_age_seconds", METRICS_GAUGE,
		       "How long ago headrace-vrrp last turned.");
	if (lives)
		metrics_value(text, NULL, failover_heartbeat_age(view) / 1e3);
	metrics_family(text, "headrace_vrrp_longest_turn_seconds", METRICS_GAUGE,
		       "The longest turn of its loop since it started.");
	if (lives)
		metrics_value(text, NULL, metrics_seconds(report->longest_turn));
	metrics_family(text, "headrace_vrrp_log_lines_lost_total", METRICS_COUNTER,
		       "Lines of its log that nobody took in time.");
	if (lives)
		metrics_count(text, NULL, report->log_lost);
}

static size_t count_instances(const struct config *config)
{
	size_t count = 0;

	for (size_t i = 0; i < config->vrrp_group_count; i++)
		count += config->vrrp_groups[i].instance_count;
	return count;
}

void metrics_of_vrrp(struct metrics_text *text, const struct metrics_source *source)
{
	struct failover *failover = &source->controlplane->failover;
	const struct config *config = source->controlplane->config;
	struct failover_view view = failover_look(failover);
	struct rows rows = {.groups = calloc(config->vrrp_group_count + 1, sizeof(*rows.groups)),
			    .instances =
				    calloc(count_instances(config) + 1, sizeof(*rows.instances))};

	if (rows.groups != NULL && rows.instances != NULL)
		collect(&rows, failover, &view);
	else
		text->no_memory = true;
	write_program(text, &view, config->vrrp_group_count > 0);
	write_state(text, &rows);
	write_since(text, source, &rows);
	metrics_columns(text, group_columns, sizeof(group_columns) / sizeof(group_columns[0]),
			rows.groups, rows.group_count, sizeof(*rows.groups));
	metrics_columns(text, instance_columns,
			sizeof(instance_columns) / sizeof(instance_columns[0]), rows.instances,
			rows.instance_count, sizeof(*rows.instances));
	free(rows.groups);
	free(rows.instances);
}
