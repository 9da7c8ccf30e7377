/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "config/device.h"

#include "config/memif.h"

#include <net/if.h>
#include <string.h>

static const char *check_interface(const char *name)
{
	size_t length = strlen(name);

	if (length == 0 || length >= IF_NAMESIZE || strpbrk(name, "/: \t,") != NULL)
		return "is no device: name a Linux interface behind the colon, such as "
		       "\"af_xdp:eth1\"";
	return NULL;
}

/* "0000:3b:00.0", "3b:00.0", or the name of an interface. */
static const char *check_pci(const char *argument)
{
	size_t length = strlen(argument);
	size_t hexadecimal = strspn(argument, "0123456789abcdefABCDEF:.");

	if (length > 0 && hexadecimal == length && strchr(argument, ':') != NULL &&
	    strchr(argument, '.') != NULL)
		return NULL;
	if (check_interface(argument) == NULL)
		return NULL;
	return "is no device: name a PCI address or a Linux interface behind the colon, such as "
	       "\"pci:0000:3b:00.0\" or \"pci:eth1\"";
}

static const char *check_memif(const char *argument)
{
	struct memif memif;

	return memif_parse(argument, &memif);
}

static const char *check_pcap(const char *argument)
{
	const char *comma = strchr(argument, ',');

	if (comma == NULL || comma == argument || comma[1] == '\0' ||
	    strchr(comma + 1, ',') != NULL)
		return "is no device: name two files behind the colon, the one to read and the one "
		       "to write, such as \"pcap:in.pcap,out.pcap\", or one that is read over and "
		       "over, \"pcap:in.pcap,repeat\"";
	return NULL;
}

static const char *check_nothing(const char *argument)
{
	return *argument == '\0' ? NULL
				 : "is no device: nothing may stand behind the colon of this kind";
}

static const struct {
	const char *prefix;
	const char *(*check)(const char *argument);
} kinds[] = {
	[CONFIG_DEVICE_AF_XDP] = {"af_xdp:", check_interface},
	[CONFIG_DEVICE_PCI] = {"pci:", check_pci},
	[CONFIG_DEVICE_MEMIF] = {"memif:", check_memif},
	[CONFIG_DEVICE_RING] = {"ring:", check_nothing},
	[CONFIG_DEVICE_PCAP] = {"pcap:", check_pcap},
	[CONFIG_DEVICE_NULL] = {"null:", check_nothing},
};

const char *device_parse(struct config_port *port)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		size_t length = strlen(kinds[i].prefix);
		if (strncmp(port->device, kinds[i].prefix, length) != 0)
			continue;
		port->kind = (enum config_device_kind)i;
		port->device_argument = port->device + length;
		return kinds[i].check(port->device_argument);
	}
	port->device_argument = port->device + strlen(port->device);
	return "is no device: begin with \"af_xdp:\", \"pci:\", \"memif:\", \"pcap:\", \"ring:\" "
	       "or \"null:\"";
}
