/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * udpecho ADDRESS:PORT...: sends every datagram back to where it came from,
 * until a signal ends it; then prints {"echoed": N}. "ready" is printed first.
 */

#include "tests/integration/tools/common.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAX_ADDRESSES 16

static volatile sig_atomic_t ended;

static void on_signal(int number)
{
	ended = number;
}

static int listen_at(const char *text)
{
	union target address;
	int room = 4 << 20;
	int fd;

	if (!parse_target(&address, text))
		return -1;
	fd = socket(address.any.sa_family, SOCK_DGRAM, 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
	if (bind(fd, &address.any, target_size(&address)) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

/* Everything that waits in a socket; returns how many datagrams went back. */
static unsigned long echo(int fd)
{
	static char data[65536];
	unsigned long echoed = 0;

	for (;;) {
		struct sockaddr_storage from;
		socklen_t from_length = sizeof(from);
		ssize_t length = recvfrom(fd, data, sizeof(data), MSG_DONTWAIT,
					  (struct sockaddr *)&from, &from_length);

		if (length < 0)
			return echoed;
		if (sendto(fd, data, (size_t)length, 0, (struct sockaddr *)&from, from_length) ==
		    length)
			echoed++;
	}
}

int main(int argc, char **argv)
{
	struct sigaction action = {.sa_handler = on_signal};
	struct pollfd sockets[MAX_ADDRESSES];
	const int count = argc - 1;
	unsigned long echoed = 0;

	if (count < 1 || count > MAX_ADDRESSES) {
		fputs("usage: udpecho ADDRESS:PORT...\n", stderr);
		return 2;
	}
	for (int i = 0; i < count; i++) {
		sockets[i] = (struct pollfd){.fd = listen_at(argv[i + 1]), .events = POLLIN};
		if (sockets[i].fd < 0) {
			fprintf(stderr, "udpecho: cannot listen at %s\n", argv[i + 1]);
			return 1;
		}
	}
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	puts("ready");
	fflush(stdout);
	while (!ended) {
		if (poll(sockets, (nfds_t)count, -1) < 0)
			continue;
		for (int i = 0; i < count; i++)
			if (sockets[i].revents != 0)
				echoed += echo(sockets[i].fd);
	}
	printf("{\"echoed\": %lu}\n", echoed);
	return 0;
}
