/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "dataplane/interface.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

static int query(int fd, const char *name, unsigned long request, struct ifreq *out)
{
	memset(out, 0, sizeof(*out));
	snprintf(out->ifr_name, sizeof(out->ifr_name), "%s", name);
	return ioctl(fd, request, out) == 0 ? 0 : -errno;
}

static void read_queues(int fd, struct interface *out)
{
	struct ethtool_channels channels = {.cmd = ETHTOOL_GCHANNELS};
	struct ifreq request = {.ifr_data = (char *)&channels};

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", out->name);
	out->rx_queues = 1;
	if (ioctl(fd, SIOCETHTOOL, &request) != 0)
		return;
	out->combined_queues = channels.combined_count;
	if (channels.combined_count + channels.rx_count > 1)
		out->rx_queues = channels.combined_count + channels.rx_count;
}

int interface_read(const char *name, struct interface *out)
{
	struct ifreq request;
	int error;
	int fd;

	memset(out, 0, sizeof(*out));
	if (strlen(name) >= sizeof(out->name))
		return -ENODEV;
	snprintf(out->name, sizeof(out->name), "%s", name);
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;

	error = query(fd, name, SIOCGIFINDEX, &request);
	if (error == 0) {
		out->index = (unsigned)request.ifr_ifindex;
		error = query(fd, name, SIOCGIFHWADDR, &request);
	}
	if (error == 0) {
		memcpy(out->mac, request.ifr_hwaddr.sa_data, sizeof(out->mac));
		error = query(fd, name, SIOCGIFMTU, &request);
	}
	if (error == 0) {
		out->mtu = (uint16_t)(request.ifr_mtu > UINT16_MAX ? UINT16_MAX : request.ifr_mtu);
		error = query(fd, name, SIOCGIFFLAGS, &request);
	}
	if (error == 0) {
		out->up = (request.ifr_flags & IFF_UP) != 0;
		read_queues(fd, out);
	}
	close(fd);
	return error;
}

bool interface_has_link(const char *name)
{
	struct ifreq request;
	int error;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return false;
	error = query(fd, name, SIOCGIFFLAGS, &request);
	close(fd);
	return error == 0 && (request.ifr_flags & IFF_UP) && (request.ifr_flags & IFF_RUNNING);
}

int interface_pci_address(const char *name, char *out, size_t size)
{
	char path[64 + IF_NAMESIZE];
	char target[256];
	const char *last;
	ssize_t length;

	snprintf(path, sizeof(path), "/sys/class/net/%.*s/device", IF_NAMESIZE, name);
	length = readlink(path, target, sizeof(target) - 1);
	if (length < 0)
		return -errno;
	target[length] = '\0';
	last = strrchr(target, '/');
	snprintf(out, size, "%s", last != NULL ? last + 1 : target);
	return 0;
}

int interface_set_sysctl(const char *family, const char *name, const char *key, const char *value)
{
	char path[128];
	int error = 0;
	int fd;

	snprintf(path, sizeof(path), "/proc/sys/net/%s/conf/%s/%s", family, name, key);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (write(fd, value, strlen(value)) < 0)
		error = -errno;
	close(fd);
	return error;
}
