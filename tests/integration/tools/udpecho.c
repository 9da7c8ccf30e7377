/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * udpecho ADDRESS:PORT: sends every datagram back to where it came from, until
 * a signal ends it; then prints {"echoed": N}. "ready" is printed first.
 */

#include "tests/integration/tools/common.h"

#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

static volatile sig_atomic_t ended;

static void on_signal(int number)
{
	ended = number;
}

static int listen_at(char *text)
{
	struct sockaddr_in address = {0};
	int room = 4 << 20;
	int fd;

	if (!parse_target(&address, text))
		return -1;
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

int main(int argc, char **argv)
{
	struct sigaction action = {.sa_handler = on_signal};
	static char data[65536];
	unsigned long echoed = 0;
	int fd = argc == 2 ? listen_at(argv[1]) : -1;

	if (fd < 0) {
		fputs("usage: udpecho ADDRESS:PORT\n", stderr);
		return 2;
	}
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	puts("ready");
	fflush(stdout);
	while (!ended) {
		struct sockaddr_in from;
		socklen_t from_length = sizeof(from);
		ssize_t length =
			recvfrom(fd, data, sizeof(data), 0, (struct sockaddr *)&from, &from_length);

		if (length >= 0 && sendto(fd, data, (size_t)length, 0, (struct sockaddr *)&from,
					  from_length) == length)
			echoed++;
	}
	printf("{\"echoed\": %lu}\n", echoed);
	return 0;
}
