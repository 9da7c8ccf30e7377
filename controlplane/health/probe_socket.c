/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "controlplane/health/probe.h"
#include "controlplane/socket_address.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

/* The port is drawn at connect(), where it need not be free towards other backends. */
static int bind_source(int descriptor, const struct address *source)
{
	struct sockaddr_storage from;
	socklen_t length = socket_address(source, 0, &from);
	int on = 1;

	setsockopt(descriptor, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
	return bind(descriptor, (struct sockaddr *)&from, length) < 0 ? -errno : 0;
}

enum probe_result probe_result_of_errno(int error)
{
	switch (error) {
	case 0:
		return PROBE_GOOD;
	case EMFILE:
	case ENFILE:
	case ENOBUFS:
	case ENOMEM:
		return PROBE_UNABLE;
	default:
		return PROBE_FAILED;
	}
}

int probe_socket(const struct probe_target *target)
{
	int family = address_is_ipv4(&target->address) ? AF_INET : AF_INET6;
	int descriptor = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct linger reset = {.l_onoff = 1};

	if (descriptor < 0)
		return -errno;
	/* Thousands of checks a second would fill the kernel with TIME_WAIT. */
	setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));

	int error =
		address_is_missing(&target->source) ? 0 : bind_source(descriptor, &target->source);

	if (error < 0) {
		close(descriptor);
		return error;
	}
	return descriptor;
}
