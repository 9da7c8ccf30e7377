/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "dataplane/tap.h"

#include "dataplane/interface.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if_arp.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

static bool reverse_path_is_strict(void)
{
	char value = '0';
	int fd = open("/proc/sys/net/ipv4/conf/all/rp_filter", O_RDONLY | O_CLOEXEC);

	if (fd >= 0 && read(fd, &value, 1) != 1)
		value = '0';
	if (fd >= 0)
		close(fd);
	return value == '1';
}

/*
 * Packets come in here whose source Linux routes by the port's own interface.
 * The larger of "all" and the interface's value holds: where "all" is strict,
 * loose is the weakest there is.
 */
static int relax_reverse_path(const char *name)
{
	return interface_set_sysctl("ipv4", name, "rp_filter",
				    reverse_path_is_strict() ? "2" : "0");
}

static int disable_ipv6(const char *name)
{
	int error = interface_set_sysctl("ipv6", name, "disable_ipv6", "1");

	return error == -ENOENT ? 0 : error; /* a kernel without IPv6 */
}

static int request(int fd, const char *name, unsigned long what, struct ifreq *ifreq)
{
	snprintf(ifreq->ifr_name, sizeof(ifreq->ifr_name), "%s", name);
	return ioctl(fd, what, ifreq) == 0 ? 0 : -errno;
}

static int configure(int fd, const char *name, const uint8_t mac[6], uint16_t mtu,
		     const char **step)
{
	struct ifreq ifreq = {.ifr_hwaddr.sa_family = ARPHRD_ETHER};
	int error;

	*step = "setting its MAC";
	memcpy(ifreq.ifr_hwaddr.sa_data, mac, 6);
	error = request(fd, name, SIOCSIFHWADDR, &ifreq);
	if (error != 0)
		return error;
	*step = "setting its MTU";
	ifreq.ifr_mtu = mtu;
	error = request(fd, name, SIOCSIFMTU, &ifreq);
	if (error != 0)
		return error;
	*step = "setting its rp_filter";
	error = relax_reverse_path(name);
	if (error != 0)
		return error;
	*step = "disabling its IPv6";
	error = disable_ipv6(name);
	if (error != 0)
		return error;
	*step = "setting it up";
	error = request(fd, name, SIOCGIFFLAGS, &ifreq);
	if (error != 0)
		return error;
	/* Nobody behind it answers ARP. */
	ifreq.ifr_flags |= IFF_UP | IFF_NOARP;
	return request(fd, name, SIOCSIFFLAGS, &ifreq);
}

int tap_open(struct tap *tap, const char *name, const uint8_t mac[6], uint16_t mtu,
	     const char **step)
{
	struct ifreq ifreq = {.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_TUN_EXCL};
	int control;
	int error;

	snprintf(tap->name, sizeof(tap->name), "%s", name);
	*step = "opening /dev/net/tun";
	tap->fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (tap->fd < 0)
		return -errno;
	*step = "making it";
	error = request(tap->fd, name, TUNSETIFF, &ifreq);
	if (error == 0) {
		*step = "opening a socket";
		control = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		error = control < 0 ? -errno : configure(control, name, mac, mtu, step);
		if (control >= 0)
			close(control);
	}
	if (error != 0)
		tap_close(tap);
	return error;
}

void tap_close(struct tap *tap)
{
	if (tap->fd >= 0)
		close(tap->fd);
	tap->fd = -1;
}
