/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "config/validate.h"

#include <string.h>

/* Devices that only one port can have. */
static bool is_exclusive(const struct config_port *port)
{
	return port->kind != CONFIG_DEVICE_RING && port->kind != CONFIG_DEVICE_NULL;
}

/* AF_XDP's frames lie in pages: what they hold the dataplane says when it starts. */
static void validate_mtu(const struct config_port *port, const char *pointer, struct report *report)
{
	if (port->mtu != 0 && port->kind == CONFIG_DEVICE_AF_XDP)
		report_add(
			report, place("%s/mtu", pointer).text,
			"the MTU of an af_xdp: port is its interface's, 3400 at most: leave this "
			"out and use \"ip link set dev %s mtu\", or another device for larger ones",
			port->device_argument);
}

static void validate_ports(const struct config_dataplane *dataplane, struct report *report)
{
	json_t *names = json_object(), *devices = json_object();

	for (size_t i = 0; i < dataplane->port_count; i++) {
		const struct config_port *port = &dataplane->ports[i];
		struct place at = place("/dataplane/ports/%zu", i);
		check_name(report, names, port->name, at.text);
		validate_mtu(port, at.text, report);
		if (port->device[0] == '\0' || !is_exclusive(port))
			continue;
		const char *before = remember(report, devices, port->device, at.text);
		if (before != NULL)
			report_add(
				report, place("%s/device", at.text).text,
				"\"%s\" is the device of %s already: a device serves one port, and "
				"one port is enough for both sides",
				port->device, before);
	}
	json_decref(names);
	json_decref(devices);
}

static const struct config_port *find_port(const struct config_dataplane *dataplane,
					   const char *name)
{
	for (size_t i = 0; i < dataplane->port_count; i++) {
		if (strcmp(dataplane->ports[i].name, name) == 0)
			return &dataplane->ports[i];
	}
	return NULL;
}

static void validate_next_hop_port(const struct config_dataplane *dataplane,
				   const struct config_next_hop *hop, const char *pointer,
				   struct report *report)
{
	const struct config_port *port = find_port(dataplane, hop->port);

	if (hop->port[0] == '\0' || report_has(report, "/dataplane/ports"))
		return;
	if (port == NULL)
		report_add(report, place("%s/port", pointer).text,
			   "there is no port \"%s\": name one of /dataplane/ports", hop->port);
	else if (port->kind == CONFIG_DEVICE_AF_XDP)
		report_add(report, place("%s/port", pointer).text,
			   "\"%s\" is a Linux interface, whose neighbours come from Linux: use "
			   "\"ip neighbour\" there and leave this out",
			   hop->port);
}

static void validate_next_hops(const struct config_dataplane *dataplane, struct report *report)
{
	static const uint8_t nobody[6];
	json_t *seen = json_object();
	char key[CONFIG_NAME_SIZE + ADDRESS_TEXT_SIZE + 1], text[ADDRESS_TEXT_SIZE];

	for (size_t i = 0; i < dataplane->next_hop_count; i++) {
		const struct config_next_hop *hop = &dataplane->next_hops[i];
		struct place at = place("/dataplane/next_hops/%zu", i);
		validate_next_hop_port(dataplane, hop, at.text, report);
		if (hop->mac[0] & 1)
			report_add(report, place("%s/mac", at.text).text,
				   "this is a group address: write the MAC address of one machine");
		else if (memcmp(hop->mac, nobody, sizeof(nobody)) == 0 &&
			 !report_has(report, at.text))
			report_add(report, place("%s/mac", at.text).text,
				   "this is nobody's address: write the neighbour's");
		if (address_is_missing(&hop->address))
			continue;
		/* A link-local one is a neighbour as good as others: the port is named beside it.
		 */
		if (address_flaw(&hop->address) != NULL)
			report_add(report, place("%s/address", at.text).text,
				   "%s is %s: write the neighbour's own",
				   address_format(&hop->address, text),
				   address_flaw(&hop->address));
		snprintf(key, sizeof(key), "%s %s", hop->port, address_format(&hop->address, text));
		const char *before = remember(report, seen, key, at.text);
		if (before != NULL)
			report_add(report, place("%s/address", at.text).text,
				   "%s is the address of %s already: keep one of them", text,
				   before);
	}
	json_decref(seen);
}

static void validate_cores(const struct config_dataplane *dataplane, struct report *report)
{
	if (dataplane->core_count != 0 && dataplane->core_count != dataplane->workers &&
	    !report_has(report, "/dataplane/workers") && !report_has(report, "/dataplane/cores"))
		report_add(report, "/dataplane/cores",
			   "the number of cores, %zu, is not that of workers, %u: name one for "
			   "each, or none",
			   dataplane->core_count, dataplane->workers);
	for (size_t i = 1; i < dataplane->core_count; i++) {
		for (size_t j = 0; j < i; j++) {
			/* Workers that sleep may share one, which is slow but no harm. */
			if (dataplane->cores[i] != dataplane->cores[j] ||
			    dataplane->idle == CONFIG_IDLE_SLEEP)
				continue;
			report_add(
				report, place("/dataplane/cores/%zu", i).text,
				"core %u is named twice: a worker that polls needs a core of its "
				"own",
				dataplane->cores[i]);
			break;
		}
	}
}

void validate_dataplane(const struct config *config, struct report *report)
{
	const struct config_dataplane *dataplane = &config->dataplane;

	validate_ports(dataplane, report);
	validate_next_hops(dataplane, report);
	validate_cores(dataplane, report);
	if (config->service_count > 0 && dataplane->port_count == 0 &&
	    !report_has(report, "/dataplane"))
		report_add(report, "",
			   "there are services but no ports: name one in /dataplane/ports, such as "
			   "{\"name\": \"wan\", \"device\": \"af_xdp:eth1\"}");
}
