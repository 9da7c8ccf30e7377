/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* GET /v1/ports: what each port is, what it gave and took, and what was lost before us. */
#include "controlplane/api/resource.h"
#include "controlplane/api/values.h"

#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>

static json_t *word(unsigned value, const char *const *words, unsigned count)
{
	return json_string(words[value < count ? value : 0]);
}

json_t *api_port(const struct abi_status_port *port, const struct abi_port_traffic *traffic)
{
	static const char *const rss[] = {"none", "set", "refused"};
	static const char *const delivers[] = {"", "to-owners", "to-any"};
	static const char *const checksums[] = {"", "by-card", "mistaken"};
	char name[IF_NAMESIZE] = "", mac[18];
	json_t *object = json_object();

	if (port->interface_index != 0 && if_indextoname(port->interface_index, name) == NULL)
		name[0] = '\0';
	snprintf(mac, sizeof(mac), "%02x:%02x:%02x:%02x:%02x:%02x", port->mac[0], port->mac[1],
		 port->mac[2], port->mac[3], port->mac[4], port->mac[5]);
	json_object_set_new(object, "name", VALUE_OF_TEXT(port->name));
	json_object_set_new(object, "device", VALUE_OF_TEXT(port->device));
	json_object_set_new(object, "driver", VALUE_OF_TEXT(port->driver));
	json_object_set_new(object, "queues", value_of_number(port->queues));
	json_object_set_new(object, "rss", word(port->rss, rss, 3));
	json_object_set_new(object, "delivers", word(port->delivery, delivers, 3));
	json_object_set_new(object, "checksums", word(port->checksums, checksums, 3));
	json_object_set_new(object, "handed_over", value_of_number(traffic->handed_over));
	json_object_set_new(object, "interface", json_string(name));
	json_object_set_new(object, "mac", json_string(mac));
	json_object_set_new(object, "mtu", value_of_number(port->mtu));
	json_object_set_new(object, "link_up", json_boolean(port->link_up != 0));
	json_object_set_new(object, "tap", VALUE_OF_TEXT(port->tap));
	json_object_set_new(object, "received", value_of_number(traffic->received));
	json_object_set_new(object, "received_bytes", value_of_number(traffic->received_bytes));
	json_object_set_new(object, "sent", value_of_number(traffic->sent));
	json_object_set_new(object, "sent_bytes", value_of_number(traffic->sent_bytes));
	json_object_set_new(object, "to_linux", value_of_number(traffic->to_linux));
	json_object_set_new(object, "from_linux", value_of_number(traffic->from_linux));
	json_object_set_new(object, "tx_full", value_of_number(traffic->tx_full));
	json_object_set_new(object, "buffers_used_percent", value_of_number(port->buffers_used));
	json_object_set_new(object, "missed", value_of_number(port->missed));
	json_object_set_new(object, "no_buffer", value_of_number(port->no_buffer));
	json_object_set_new(object, "rx_errors", value_of_number(port->rx_errors));
	json_object_set_new(object, "tx_errors", value_of_number(port->tx_errors));
	return object;
}

json_t *api_ports(struct controlplane *controlplane, const struct api_request *request,
		  struct api_problem *problem)
{
	const struct abi_status *status = stats_status(controlplane->stats);
	struct abi_counters_block *totals = malloc(sizeof(*totals));
	json_t *list = json_array();

	(void)request;
	(void)problem;
	if (totals == NULL) {
		json_decref(list);
		return NULL;
	}
	stats_totals(controlplane->stats, totals);
	for (uint32_t i = 0; status != NULL && i < status->port_count; i++)
		json_array_append_new(list, api_port(&status->ports[i], &totals->ports[i]));
	free(totals);
	return json_pack("{s:o}", "ports", list);
}
