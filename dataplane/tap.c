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

#define TOO_SMALL_FOR_IPV6 1279

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

static int request(int fd, const char *name, unsigned long what, struct ifreq *ifreq)
{
	snprintf(ifreq->ifr_name, sizeof(ifreq->ifr_name), "%s", name);
	return ioctl(fd, what, ifreq) == 0 ? 0 : -errno;
}

static int change_flags(int fd, const char *name, int set, int clear)
{
	struct ifreq ifreq;
	int error = request(fd, name, SIOCGIFFLAGS, &ifreq);

	if (error != 0)
		return error;
	ifreq.ifr_flags = (short)((ifreq.ifr_flags & ~clear) | set);
	return request(fd, name, SIOCSIFFLAGS, &ifreq);
}

static int set_mtu(int fd, const char *name, uint16_t mtu)
{
	struct ifreq ifreq = {.ifr_mtu = mtu};

	return request(fd, name, SIOCSIFMTU, &ifreq);
}

/*
 * Linux takes IPv6 here, but has nothing to say: it has no address, so none to look for
 * duplicates of, takes none and no route from a router's word, and reports no group, as it has
 * joined none. It did join the routers' when the tap was made: an MTU too small for IPv6 makes it
 * forget all it has of it, and where there is no multicast it joins none again.
 */
static int begin_ipv6_anew(int fd, const char *name, uint16_t mtu)
{
	static const char *const values[][2] = {
		{"addr_gen_mode", "1"}, {"accept_ra", "0"}, {"disable_ipv6", "0"}};
	int error = change_flags(fd, name, 0, IFF_MULTICAST);

	if (error == 0)
		error = set_mtu(fd, name, TOO_SMALL_FOR_IPV6);
	if (error == 0)
		error = set_mtu(fd, name, mtu);
	for (size_t i = 0; error == 0 && i < sizeof(values) / sizeof(values[0]); i++)
		error = interface_set_sysctl("ipv6", name, values[i][0], values[i][1]);
	return error == -ENOENT ? 0 : error; /* a kernel, or an MTU, without IPv6 */
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
	*step = "setting its MTU and IPv6";
	error = begin_ipv6_anew(fd, name, mtu);
	if (error != 0)
		return error;
	*step = "setting its rp_filter";
	error = relax_reverse_path(name);
	if (error != 0)
		return error;
	*step = "setting it up";
	/* Nobody behind it answers ARP. */
	return change_flags(fd, name, IFF_UP | IFF_NOARP, 0);
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
