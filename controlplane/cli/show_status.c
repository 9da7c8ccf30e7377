/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "controlplane/cli/show.h"
#include "controlplane/cli/table.h"
#include "controlplane/cli/units.h"

#include <inttypes.h>
#include <string.h>

/* A program that did not turn for so long hangs. */
#define HANGS_MS 1000

static void print_state(const struct show_output *output, bool good, const char *text)
{
	if (output->colours)
		fprintf(output->stream, "%s%s\033[0m", good ? "\033[32m" : "\033[31m", text);
	else
		fputs(text, output->stream);
}

static void print_node(const json_t *document, const struct show_output *output)
{
	const json_t *node = json_object_get(document, "node");
	const json_t *controlplane = json_object_get(document, "controlplane");
	char text[UNITS_SIZE];

	fprintf(output->stream, "node           %s (%" PRIu64 "), Headrace %s\n",
		show_text(node, "name"), show_number(node, "id"), show_text(document, "version"));
	fprintf(output->stream, "control plane  running for %s, process %" PRIu64 "\n",
		units_duration(json_number_value(json_object_get(controlplane, "uptime")), text),
		show_number(controlplane, "pid"));
}

static void print_configuration(const json_t *document, const struct show_output *output)
{
	const json_t *required = json_object_get(document, "restart_required");

	fprintf(output->stream, "configuration  revision %" PRIu64 "\n",
		show_number(document, "revision"));
	for (size_t i = 0; i < json_array_size(required); i++)
		fprintf(output->stream, "%s%s\n", i == 0 ? "needs restart  " : "               ",
			json_string_value(json_array_get(required, i)));
}

/* The last refusal: in red as long as nothing newer was taken. */
static void print_refusal(const json_t *generation, const struct show_output *output)
{
	uint64_t refused = show_number(generation, "refused");

	if (refused == 0)
		return;
	fprintf(output->stream, "last refused   %" PRIu64 ": ", refused);
	if (refused > show_number(generation, "taken"))
		print_state(output, false, show_text(generation, "refusal"));
	else
		fputs(show_text(generation, "refusal"), output->stream);
	fputc('\n', output->stream);
}

static void print_dataplane(const json_t *document, const struct show_output *output)
{
	const json_t *dataplane = json_object_get(document, "dataplane");
	const json_t *generation = json_object_get(document, "generation");
	bool running = json_is_true(json_object_get(dataplane, "running"));

	fputs("dataplane      ", output->stream);
	print_state(output, running, running ? show_text(dataplane, "state") : "NOT RUNNING");
	if (running)
		fprintf(output->stream, ", process %" PRIu64 ", heartbeat %.1f ms ago",
			show_number(dataplane, "pid"),
			json_number_value(json_object_get(dataplane, "heartbeat_age_ms")));
	fputc('\n', output->stream);

	fprintf(output->stream, "generation     %" PRIu64 " published, %" PRIu64 " taken\n",
		show_number(generation, "published"), show_number(generation, "taken"));
	print_refusal(generation, output);
}

/* A group a line, and whether the program that moves them lives. */
static void print_vrrp(const json_t *document, const struct show_output *output)
{
	const json_t *vrrp = json_object_get(document, "vrrp");
	const json_t *groups = json_object_get(vrrp, "groups");
	bool running = json_is_true(json_object_get(vrrp, "running"));
	double age = json_number_value(json_object_get(vrrp, "heartbeat_age_ms"));

	if (!json_is_object(vrrp))
		return;
	fputs("vrrp           ", output->stream);
	print_state(output, running && age < HANGS_MS, !running ? "NOT RUNNING" : "running");
	if (running)
		fprintf(output->stream, ", process %" PRIu64 ", heartbeat %.1f ms ago%s",
			show_number(vrrp, "pid"), age,
			json_is_true(json_object_get(vrrp, "real_time"))
				? ""
				: ", without real-time scheduling");
	fputc('\n', output->stream);
	for (size_t i = 0; i < json_array_size(groups); i++) {
		const json_t *group = json_array_get(groups, i);
		const char *state = show_text(group, "state");

		fprintf(output->stream, "               %s ", show_text(group, "name"));
		print_state(output, strcmp(state, "fault") != 0, state);
		fprintf(output->stream, ", priority %" PRIu64 "%s: %s\n",
			show_number(group, "priority"),
			json_is_true(json_object_get(group, "released")) ? ", released" : "",
			show_text(group, "reason"));
	}
}

static void print_peer(const json_t *document, const struct show_output *output)
{
	const json_t *peer = json_object_get(document, "peer");
	const char *alarm = show_text(peer, "alarm");

	if (!json_is_object(peer))
		return;
	fputs("peer           ", output->stream);
	if (alarm[0] != '\0')
		print_state(output, false, alarm);
	else if (json_is_null(json_object_get(peer, "reachable")))
		fprintf(output->stream, "%s: not heard of yet", show_text(peer, "api"));
	else
		fprintf(output->stream, "%s at %s, with the same configuration, %.1f s ago",
			show_text(peer, "node"), show_text(peer, "api"),
			json_number_value(json_object_get(peer, "checked")));
	fputc('\n', output->stream);
}

static void print_accounts(const json_t *document, const struct show_output *output)
{
	static const char *const keys[] = {"received", "generated", "from_linux", "sent",
					   "to_linux", "dropped",   "held"};
	const json_t *accounts = json_object_get(document, "accounts");
	char text[7][UNITS_SIZE];

	for (size_t i = 0; i < 7; i++) {
		if (json_integer_value(json_object_get(accounts, keys[i])) < 0)
			strcpy(text[i], "0"); /* counters of two moments */
		else
			units_count(show_number(accounts, keys[i]), text[i]);
	}
	fprintf(output->stream,
		"packets        %s received + %s generated + %s from Linux\n"
		"               = %s sent + %s to Linux + %s dropped + %s held\n",
		text[0], text[1], text[2], text[3], text[4], text[5], text[6]);
}

static void add_count(struct table *table, uint64_t count)
{
	char text[UNITS_SIZE];

	table_add(table, TABLE_PLAIN, "%s", units_count(count, text));
}

/* How long the worker had its packets; `key`: which share of them took no longer. */
static void add_processing(struct table *table, const json_t *worker, const char *key)
{
	const json_t *processing = json_object_get(worker, "processing");
	char text[UNITS_SIZE] = "-";

	if (json_is_object(processing))
		units_short(json_number_value(json_object_get(processing, key)), text);
	table_add(table, TABLE_PLAIN, "%s", text);
}

static void print_workers(const json_t *workers, const struct show_output *output)
{
	static const char *const titles[] = {
		"WORKER",      ">CPU",       ">IPV4 FLOWS", ">ROOM FOR",
		">IPV6 FLOWS", ">ROOM FOR",  ">EVICTED",    ">PROCESSING P50",
		">P99",        ">HEARTBEAT", NULL};
	struct table table;

	if (json_array_size(workers) == 0)
		return;
	table_init(&table, titles);
	for (size_t i = 0; i < json_array_size(workers); i++) {
		const json_t *worker = json_array_get(workers, i);
		double age = json_number_value(json_object_get(worker, "heartbeat_age_ms"));
		uint64_t flows = show_number(worker, "flows_ipv6");
		uint64_t capacity = show_number(worker, "flow_capacity_ipv6");

		table_add(&table, TABLE_PLAIN, "%zu", i);
		table_add(&table, TABLE_PLAIN, "%" PRIu64, show_number(worker, "cpu"));
		add_count(&table, show_number(worker, "flows") - flows);
		add_count(&table, show_number(worker, "flow_capacity") - capacity);
		add_count(&table, flows);
		add_count(&table, capacity);
		add_count(&table, show_number(worker, "evicted"));
		add_processing(&table, worker, "p50_us");
		add_processing(&table, worker, "p99_us");
		table_add(&table, age > 1000 ? TABLE_RED : TABLE_PLAIN, "%.1f ms", age);
	}
	fputc('\n', output->stream);
	table_print(&table, output->stream, output->colours);
	table_free(&table);
}

static void add_port(struct table *table, const json_t *port)
{
	static const char *const numbers[] = {"received", "sent",    "to_linux", "from_linux",
					      "missed",   "tx_full", NULL};
	bool up = json_is_true(json_object_get(port, "link_up"));
	char text[UNITS_SIZE];

	table_add(table, TABLE_PLAIN, "%s", show_text(port, "name"));
	table_add(table, TABLE_PLAIN, "%s", show_text(port, "device"));
	table_add(table, up ? TABLE_GREEN : TABLE_RED, "%s", up ? "UP" : "DOWN");
	table_add(table, TABLE_PLAIN, "%s", show_text(port, "mac"));
	table_add(table, TABLE_PLAIN, "%" PRIu64, show_number(port, "mtu"));
	table_add(table, TABLE_PLAIN, "%s", show_text(port, "tap"));
	for (size_t i = 0; numbers[i] != NULL; i++)
		table_add(table, TABLE_PLAIN, "%s",
			  units_count(show_number(port, numbers[i]), text));
}

static void print_ports(const json_t *ports, const struct show_output *output)
{
	static const char *const titles[] = {
		"PORT",  "DEVICE",    "LINK",        "MAC",     ">MTU",     "TAP", ">RECEIVED",
		">SENT", ">TO LINUX", ">FROM LINUX", ">MISSED", ">TX FULL", NULL};
	struct table table;

	if (json_array_size(ports) == 0)
		return;
	table_init(&table, titles);
	for (size_t i = 0; i < json_array_size(ports); i++)
		add_port(&table, json_array_get(ports, i));
	fputc('\n', output->stream);
	table_print(&table, output->stream, output->colours);
	table_free(&table);
}

/* Only what has happened. */
static void print_verdicts(json_t *verdicts, const struct show_output *output)
{
	static const char *const titles[] = {"VERDICT", ">PACKETS", NULL};
	struct table table;
	const char *name;
	json_t *count;
	char text[UNITS_SIZE];

	table_init(&table, titles);
	json_object_foreach (verdicts, name, count) {
		if (json_integer_value(count) == 0)
			continue;
		table_add(&table, TABLE_PLAIN, "%s", name);
		table_add(&table, TABLE_PLAIN, "%s",
			  units_count((uint64_t)json_integer_value(count), text));
	}
	if (table.count > 0) {
		fputc('\n', output->stream);
		table_print(&table, output->stream, output->colours);
	}
	table_free(&table);
}

void show_status(const json_t *document, const struct show_output *output)
{
	const json_t *dataplane = json_object_get(document, "dataplane");

	print_node(document, output);
	print_configuration(document, output);
	print_dataplane(document, output);
	print_vrrp(document, output);
	print_peer(document, output);
	print_accounts(document, output);
	print_workers(json_object_get(dataplane, "workers"), output);
	print_ports(json_object_get(dataplane, "ports"), output);
	print_verdicts(json_object_get(document, "verdicts"), output);
}
