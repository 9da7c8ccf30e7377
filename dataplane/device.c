/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "dataplane/device.h"

#include "config/memif.h"
#include "dataplane/af_xdp.h"
#include "dataplane/log.h"

#include <rte_ether.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* Bytes of a buffer in the ring of a memif, as the driver has it; more where frames are larger. */
#define MEMIF_FRAME 2048u

/* Bytes of the smallest IP packet in a pcap file: its record's head, Ethernet, IPv4, UDP. */
#define PCAP_PACKET_LEAST (16 + 14 + 20 + 8)

/*
 * As many queues as the configuration says, though the other end may have fewer: for
 * those that are missing the driver polls the first one's ring.
 *
 * A frame is one buffer of the ring. In bulk the driver (22.11) loses its place in chains of them,
 * and brings what is in the ring over and over. The client says how long they are.
 */
static int prepare_memif(struct port *port, const char *object, char *arguments)
{
	const char *argument = port->config->device_argument;
	struct memif memif;
	const char *wrong = memif_parse(argument, &memif);
	const uint32_t frame = PORT_FRAME(device_mtu(port->config));

	(void)object;
	if (wrong != NULL) {
		log_line("port %s: \"%s\" %s", port->config->name, port->config->device, wrong);
		return -1;
	}
	port->queue_count = memif.queues;
	snprintf(arguments, DEVICE_TEXT_SIZE,
		 "role=%s,socket=%.*s,socket-abstract=no,zero-copy=no,rsize=11,bsize=%u,"
		 "mac=02:48:52:00:%02x:%02x",
		 memif.server ? "server" : "client", (int)memif.socket_length, argument,
		 RTE_CACHE_LINE_ROUNDUP(frame > MEMIF_FRAME ? frame : MEMIF_FRAME),
		 memif.server ? 1 : 0, port->index);
	return 0;
}

/* A ring that loops back to itself. */
static int prepare_ring(struct port *port, const char *object, char *arguments)
{
	(void)port;
	(void)object;
	arguments[0] = '\0';
	return 0;
}

static bool is_repeated(const char *argument)
{
	const char *comma = strchr(argument, ',');

	return comma != NULL && strcmp(comma + 1, "repeat") == 0;
}

static int prepare_pcap(struct port *port, const char *object, char *arguments)
{
	const char *in = port->config->device_argument;
	const char *comma = strchr(in, ',');

	(void)object;
	if (comma == NULL || comma == in || comma[1] == '\0') {
		log_line("port %s: write pcap:IN,OUT, the files to read from and to write to",
			 port->config->name);
		return -1;
	}
	if (is_repeated(in))
		snprintf(arguments, DEVICE_TEXT_SIZE, "rx_pcap=%.*s,infinite_rx=1",
			 (int)(comma - in), in);
	else
		snprintf(arguments, DEVICE_TEXT_SIZE, "rx_pcap=%.*s,tx_pcap=%s", (int)(comma - in),
			 in, comma + 1);
	return 0;
}

/* Takes everything and gives nothing. */
static int prepare_null(struct port *port, const char *object, char *arguments)
{
	(void)port;
	(void)object;
	snprintf(arguments, DEVICE_TEXT_SIZE, "no-rx=1");
	return 0;
}

/* EAL has probed it already: it stands in the list of allowed devices. */
static int prepare_pci(struct port *port, const char *object, char *arguments)
{
	const char *argument = port->config->device_argument;

	(void)object;
	if (interface_read(argument, &port->interface) == 0 &&
	    interface_pci_address(argument, arguments, DEVICE_TEXT_SIZE) == 0)
		return 0;
	port->interface.index = 0;
	snprintf(arguments, DEVICE_TEXT_SIZE, "%s", argument);
	return 0;
}

const struct device_kind *device_kind(enum config_device_kind kind)
{
	static const struct device_kind kinds[] = {
		[CONFIG_DEVICE_AF_XDP] = {"net_af_xdp", false, false, false, 6144, af_xdp_prepare},
		[CONFIG_DEVICE_PCI] = {NULL, false, true, false, 4096, prepare_pci},
		[CONFIG_DEVICE_MEMIF] = {"net_memif", true, false, true, 4096, prepare_memif},
		[CONFIG_DEVICE_RING] = {"net_ring", true, false, false, 2048, prepare_ring},
		[CONFIG_DEVICE_PCAP] = {"net_pcap", true, false, false, 2048, prepare_pcap},
		[CONFIG_DEVICE_NULL] = {"net_null", true, true, false, 2048, prepare_null},
	};

	return &kinds[kind];
}

unsigned device_queues(const struct config_port *port, unsigned workers)
{
	struct interface interface;
	struct memif memif;

	if (port->kind == CONFIG_DEVICE_AF_XDP &&
	    interface_read(port->device_argument, &interface) == 0)
		return interface.rx_queues;
	if (port->kind == CONFIG_DEVICE_MEMIF && memif_parse(port->device_argument, &memif) == NULL)
		return memif.queues;
	return device_kind(port->kind)->spreads ? workers : 1;
}

uint16_t device_mtu(const struct config_port *port)
{
	const bool is_linux = port->kind == CONFIG_DEVICE_AF_XDP || port->kind == CONFIG_DEVICE_PCI;
	struct interface interface;

	if (port->mtu != 0)
		return (uint16_t)port->mtu;
	if (!is_linux || interface_read(port->device_argument, &interface) != 0)
		return RTE_ETHER_MTU;
	return interface.mtu > CONFIG_MTU_MOST ? CONFIG_MTU_MOST : interface.mtu;
}

/* The driver keeps each packet of a file that it reads over and over. */
static unsigned packets_in_file(const char *argument)
{
	char path[DEVICE_TEXT_SIZE];
	struct stat state;

	snprintf(path, sizeof(path), "%.*s", (int)strcspn(argument, ","), argument);
	return stat(path, &state) == 0 ? (unsigned)(state.st_size / PCAP_PACKET_LEAST) : 0;
}

unsigned device_buffers(const struct config_port *port)
{
	unsigned buffers = device_kind(port->kind)->buffers;

	if (port->kind == CONFIG_DEVICE_PCAP && is_repeated(port->device_argument))
		buffers += packets_in_file(port->device_argument);
	return buffers;
}
