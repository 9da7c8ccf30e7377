/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "controlplane/health/probe.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

/* The port is drawn at connect(), where it need not be free towards other backends. */
static int bind_source(int descriptor, uint32_t be_source)
{
	struct sockaddr_in from = {.sin_family = AF_INET, .sin_addr.s_addr = be_source};
	int on = 1;

	setsockopt(descriptor, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
	return bind(descriptor, (struct sockaddr *)&from, sizeof(from)) < 0 ? -errno : 0;
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

int probe_socket(uint32_t be_source)
{
	int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct linger reset = {.l_onoff = 1};

	if (descriptor < 0)
		return -errno;
	/* Thousands of checks a second would fill the kernel with TIME_WAIT. */
	setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));

	int error = be_source != 0 ? bind_source(descriptor, be_source) : 0;

	if (error < 0) {
		close(descriptor);
		return error;
	}
	return descriptor;
}
