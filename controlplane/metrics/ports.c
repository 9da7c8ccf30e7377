/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* Metrics of the dataplane's ports. */
#include "controlplane/metrics/families.h"

#include <net/if.h>
#include <stdio.h>
#include <string.h>

struct port_row {
	struct metrics_labels labels; /* first: see metrics_columns() */
	struct abi_port_traffic traffic;
	uint64_t link_up, mtu, buffers_used, missed, no_buffer, rx_errors, tx_errors;
};

#define AT(member) offsetof(struct port_row, member)

static const struct metrics_column columns[] = {
	{"headrace_port_up", "1 while the port has a link, else 0.", METRICS_GAUGE, AT(link_up)},
	{"headrace_port_mtu_bytes", "Largest IP packet the port takes.", METRICS_GAUGE, AT(mtu)},
	{"headrace_port_buffers_used_percent",
	 "Share in use of the packet buffers that the port and others like it have.", METRICS_GAUGE,
	 AT(buffers_used)},
	{"headrace_port_received_packets_total", "Packets the port gave.", METRICS_COUNTER,
	 AT(traffic.received)},
	{"headrace_port_received_bytes_total", "Bytes of the packets the port gave.",
	 METRICS_COUNTER, AT(traffic.received_bytes)},
	{"headrace_port_sent_packets_total", "Packets the port took.", METRICS_COUNTER,
	 AT(traffic.sent)},
	{"headrace_port_sent_bytes_total", "Bytes of the packets the port took.", METRICS_COUNTER,
	 AT(traffic.sent_bytes)},
	{"headrace_port_to_linux_packets_total", "Packets Linux took from the port's tap.",
	 METRICS_COUNTER, AT(traffic.to_linux)},
	{"headrace_port_from_linux_packets_total", "Packets Linux sent through the port's tap.",
	 METRICS_COUNTER, AT(traffic.from_linux)},
	{"headrace_port_tx_full_packets_total",
	 "Packets the port did not take, its transmit ring being full.", METRICS_COUNTER,
	 AT(traffic.tx_full)},
	{"headrace_port_handed_over_packets_total",
	 "Packets the port gave to a worker that does not own them.", METRICS_COUNTER,
	 AT(traffic.handed_over)},
	{"headrace_port_missed_packets_total",
	 "Packets lost before the dataplane saw them, the receive ring being full.",
	 METRICS_COUNTER, AT(missed)},
	{"headrace_port_no_buffer_total", "Receptions that failed for want of a buffer.",
	 METRICS_COUNTER, AT(no_buffer)},
	{"headrace_port_receive_errors_total",
	 "Packets received with errors, as the driver counts.", METRICS_COUNTER, AT(rx_errors)},
	{"headrace_port_transmit_errors_total",
	 "Packets not sent for errors, as the driver counts.", METRICS_COUNTER, AT(tx_errors)},
};

static void fill_row(struct port_row *row, const struct metrics_source *source, uint32_t number)
{
	const struct abi_status_port *port = &source->status->ports[number];

	*row = (struct port_row){.traffic = source->totals->ports[number],
				 .link_up = port->link_up != 0,
				 .mtu = port->mtu,
				 .buffers_used = port->buffers_used,
				 .missed = port->missed,
				 .no_buffer = port->no_buffer,
				 .rx_errors = port->rx_errors,
				 .tx_errors = port->tx_errors};
	metrics_label_bytes(&row->labels, "port", port->name, sizeof(port->name));
}

static void write_info(struct metrics_text *text, const struct abi_status_port *port)
{
	struct metrics_labels labels = {0};
	char name[IF_NAMESIZE] = "", mac[18];

	if (port->interface_index != 0 && if_indextoname(port->interface_index, name) == NULL)
		name[0] = '\0';
	snprintf(mac, sizeof(mac), "%02x:%02x:%02x:%02x:%02x:%02x", port->mac[0], port->mac[1],
		 port->mac[2], port->mac[3], port->mac[4], port->mac[5]);
	metrics_label_bytes(&labels, "port", port->name, sizeof(port->name));
	metrics_label_bytes(&labels, "device", port->device, sizeof(port->device));
	metrics_label_bytes(&labels, "driver", port->driver, sizeof(port->driver));
	metrics_label(&labels, "interface", name);
	metrics_label(&labels, "mac", mac);
	metrics_label_bytes(&labels, "tap", port->tap, sizeof(port->tap));
	metrics_count(text, &labels, 1);
}

void metrics_of_ports(struct metrics_text *text, const struct metrics_source *source)
{
	uint32_t count = source->status != NULL ? source->status->port_count : 0;
	struct port_row *rows = calloc(count + 1, sizeof(*rows));

	if (rows == NULL) {
		text->no_memory = true;
		count = 0;
	}
	metrics_family(text, "headrace_port_info", METRICS_GAUGE,
		       "What each port is; always 1. The interface is Linux's name of it.");
	for (uint32_t i = 0; i < count; i++) {
		fill_row(&rows[i], source, i);
		write_info(text, &source->status->ports[i]);
	}
	metrics_columns(text, columns, sizeof(columns) / sizeof(columns[0]), rows, count,
			sizeof(rows[0]));
	free(rows);
}
