/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* `headrace show ports`: what each port is, what it moved, and what was lost. */
#include "controlplane/cli/show.h"
#include "controlplane/cli/table.h"
#include "controlplane/cli/units.h"

#include <inttypes.h>
#include <string.h>

static void add_port(struct table *table, const json_t *port)
{
	static const char *const losses[] = {"missed",    "no_buffer", "rx_errors",
					     "tx_errors", "tx_full",   NULL};
	bool up = json_is_true(json_object_get(port, "link_up"));
	const char *delivers = show_text(port, "delivers");
	const char *checksums = show_text(port, "checksums");
	char text[UNITS_SIZE];

	table_add(table, TABLE_PLAIN, "%s", show_text(port, "name"));
	table_add(table, TABLE_PLAIN, "%s", show_text(port, "device"));
	table_add(table, TABLE_PLAIN, "%s", show_text(port, "driver"));
	table_add(table, TABLE_PLAIN, "%" PRIu64, show_number(port, "queues"));
	table_add(table, TABLE_PLAIN, "%s", show_text(port, "rss"));
	table_add(table, TABLE_PLAIN, "%s", delivers[0] == '\0' ? "-" : delivers);
	table_add(table, TABLE_PLAIN, "%s", units_count(show_number(port, "handed_over"), text));
	table_add(table, TABLE_PLAIN, "%s", checksums[0] == '\0' ? "-" : checksums);
	table_add(table, up ? TABLE_GREEN : TABLE_RED, "%s", up ? "UP" : "DOWN");
	table_add(table, TABLE_PLAIN, "%s", show_text(port, "mac"));
	table_add(table, TABLE_PLAIN, "%" PRIu64, show_number(port, "mtu"));
	table_add(table, TABLE_PLAIN, "%s", units_count(show_number(port, "received"), text));
	table_add(table, TABLE_PLAIN, "%s", units_bytes(show_number(port, "received_bytes"), text));
	table_add(table, TABLE_PLAIN, "%s", units_count(show_number(port, "sent"), text));
	table_add(table, TABLE_PLAIN, "%s", units_bytes(show_number(port, "sent_bytes"), text));
	table_add(table, TABLE_PLAIN, "%" PRIu64 " %%", show_number(port, "buffers_used_percent"));
	for (size_t i = 0; losses[i] != NULL; i++) {
		uint64_t lost = show_number(port, losses[i]);

		table_add(table, lost > 0 ? TABLE_RED : TABLE_PLAIN, "%s", units_count(lost, text));
	}
}

void show_ports(const json_t *document, const struct show_output *output)
{
	static const char *const titles[] = {
		"PORT",         "DEVICE",     "DRIVER",   ">QUEUES",  "RSS",     "DELIVERS",
		">HANDED OVER", "CHECKSUMS",  "LINK",     "MAC",      ">MTU",    ">RECEIVED",
		">IN",          ">SENT",      ">OUT",     ">BUFFERS", ">MISSED", ">NO BUFFER",
		">RX ERRORS",   ">TX ERRORS", ">TX FULL", NULL};
	const json_t *ports = json_object_get(document, "ports");

	if (json_array_size(ports) == 0) {
		fputs("no dataplane runs, and none has\n", output->stream);
		return;
	}
	show_rows(titles, ports, add_port, output);
}
