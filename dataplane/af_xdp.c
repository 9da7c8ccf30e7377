/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "dataplane/af_xdp.h"

#include "bpf/loader.h"
#include "dataplane/buffers.h"
#include "dataplane/device.h"
#include "dataplane/log.h"

#include <dirent.h>
#include <errno.h>
#include <linux/if_xdp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int check_queues(const struct port *port)
{
	const struct interface *interface = &port->interface;

	if (interface->rx_queues <= 1 || interface->combined_queues == interface->rx_queues)
		return 0;
	log_line("port %s: %s receives on %u queues, and AF_XDP reaches only those that are "
		 "combined; run: ethtool -L %s rx 1 tx 1",
		 port->config->name, interface->name, interface->rx_queues, interface->name);
	return -1;
}

/*
 * A name only one process of a network namespace can have, and that goes with
 * it: else a second dataplane would take a live one's program for a left-over.
 */
static int claim(struct port *port)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	const int length = snprintf(name.sun_path + 1, sizeof(name.sun_path) - 1,
				    "headrace-dataplane-interface-%u", port->interface.index);
	const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd >= 0 &&
	    bind(fd, (const struct sockaddr *)&name,
		 (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)length)) == 0) {
		port->claim = fd;
		return 0;
	}
	log_line("port %s: another dataplane, or another port of this one, has %s (%s)",
		 port->config->name, port->interface.name, strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

void af_xdp_release(struct port *port)
{
	if (port->claim > 0)
		close(port->claim);
	port->claim = 0;
}

/* What the interface has; -1 when that cannot be told, or is not ours to remove. */
static int inspect(const struct port *port, struct steering_attachment *attachment)
{
	const struct interface *interface = &port->interface;
	int error = steering_inspect(interface->index, attachment);

	if (error != 0) {
		log_line("port %s: cannot tell which XDP program %s has: %s; this needs root, or "
			 "CAP_NET_ADMIN, CAP_BPF and CAP_SYS_ADMIN",
			 port->config->name, interface->name, strerror(-error));
		return -1;
	}
	if (attachment->who == STEERING_FOREIGN) {
		log_line("port %s: %s has an XDP program that is not ours, \"%s\" (id %u); see "
			 "it with: ip link show dev %s; when nobody needs it, remove it with: ip "
			 "link set dev %s xdp off",
			 port->config->name, interface->name, attachment->name,
			 attachment->program_id, interface->name, interface->name);
		return -1;
	}
	return 0;
}

int af_xdp_prepare(struct port *port, const char *object, char *arguments)
{
	const char *name = port->config->device_argument;
	struct interface *interface = &port->interface;
	struct steering_attachment attachment;
	int error = interface_read(name, interface);

	if (error != 0) {
		log_line("port %s: there is no interface \"%s\" (%s); `ip link` lists what there "
			 "is in this network namespace",
			 port->config->name, name, strerror(-error));
		return -1;
	}
	if (!interface->up) {
		log_line("port %s: %s is down; run: ip link set dev %s up", port->config->name,
			 name, name);
		return -1;
	}
	/* Its frame is one page, with room for XDP and us before the packet. */
	if (interface->mtu > BUFFERS_SMALL_MTU) {
		log_line("port %s: the MTU of %s is %u, and AF_XDP takes packets up to %d; run: ip "
			 "link set dev %s mtu 1500, or drive the card by pci:",
			 port->config->name, name, interface->mtu, BUFFERS_SMALL_MTU, name);
		return -1;
	}
	if (check_queues(port) != 0)
		return -1;
	if (interface->rx_queues > PORT_MAX_QUEUES) {
		log_line("port %s: %s receives on %u queues, and %d is the most; run: ethtool -L "
			 "%s combined 1",
			 port->config->name, name, interface->rx_queues, PORT_MAX_QUEUES, name);
		return -1;
	}
	if (claim(port) != 0 || inspect(port, &attachment) != 0)
		return -1;
	port->queue_count = (uint16_t)interface->rx_queues;
	snprintf(arguments, DEVICE_TEXT_SIZE,
		 "iface=%s,start_queue=0,queue_count=%u,xdp_prog=%s,busy_budget=0", name,
		 port->queue_count, object);
	return 0;
}

int af_xdp_make_way(const struct port *port)
{
	const struct interface *interface = &port->interface;
	struct steering_attachment attachment;
	int error;

	if (inspect(port, &attachment) != 0)
		return -1;
	if (attachment.who == STEERING_NONE)
		return 0;
	error = steering_detach(interface->index, attachment.program_id);
	if (error != 0) {
		log_line("port %s: cannot remove the steering program a dataplane before us left "
			 "on %s: %s",
			 port->config->name, interface->name, strerror(-error));
		return -1;
	}
	log_line("port %s: removed the steering program a dataplane before us left on %s",
		 port->config->name, interface->name);
	return 0;
}

static bool is_known(const struct ports *ports, int fd)
{
	for (uint16_t i = 0; i < ports->count; i++)
		for (unsigned j = 0; j < ports->items[i].socket_count; j++)
			if (ports->items[i].sockets[j] == fd)
				return true;
	return false;
}

/*
 * The driver counts only part of what its sockets lose and does not show them:
 * those that are new among this process's descriptors are this port's.
 */
static void find_sockets(const struct ports *ports, struct port *port)
{
	DIR *directory = opendir("/proc/self/fd");
	const struct dirent *entry;

	while (directory != NULL && (entry = readdir(directory)) != NULL) {
		int fd = atoi(entry->d_name);
		int domain = 0;
		socklen_t length = sizeof(domain);

		if (entry->d_name[0] == '.' || port->socket_count == PORT_MAX_QUEUES ||
		    getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &length) != 0 ||
		    domain != AF_XDP || is_known(ports, fd))
			continue;
		port->sockets[port->socket_count++] = fd;
	}
	if (directory != NULL)
		closedir(directory);
}

int af_xdp_adopt(struct ports *ports, struct port *port)
{
	int error;

	find_sockets(ports, port);
	error = steering_open(port->interface.index, &port->steering);
	if (error == 0)
		error = steering_set_port(port->steering, port->mac, port->any_mac);
	if (error != 0)
		log_line("port %s: cannot open the maps of the steering program on %s: %s",
			 port->config->name, port->interface.name, strerror(-error));
	return error != 0 ? -1 : 0;
}

void af_xdp_losses(const struct port *port, uint64_t *missed, uint64_t *no_buffer)
{
	*missed = 0;
	*no_buffer = 0;
	for (unsigned i = 0; i < port->socket_count; i++) {
		struct xdp_statistics statistics = {0};
		socklen_t length = sizeof(statistics);

		if (getsockopt(port->sockets[i], SOL_XDP, XDP_STATISTICS, &statistics, &length) !=
		    0)
			continue;
		*missed += statistics.rx_dropped + statistics.rx_ring_full;
		*no_buffer += statistics.rx_fill_ring_empty_descs;
	}
}
