/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * udpload: datagrams at an echo server from many sockets, each waiting for its
 * own answer before the next.
 *
 * The payload follows from the socket and the number of the datagram, so that
 * an answer that reached another socket, or an older one, is told from the
 * right one (of one byte: 255 times in 256). Nothing is sent again: no answer
 * in time is a loss.
 *
 * Output: {"result": {...}}, times in CLOCK_MONOTONIC seconds. SIGTERM and
 * SIGINT: no new datagrams; those under way are waited for.
 */

#include "tests/integration/tools/common.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAX_SIZE 65507 /* that UDP over IPv4 can have */

struct flow {
	int fd;
	bool waiting;
	uint64_t sent_at;
	uint64_t number;
	size_t size;
};

struct load {
	union target target;
	unsigned flow_count;
	uint64_t count; /* datagrams; 0: until stopped or duration is over */
	uint64_t duration, timeout;
	double rate;
	unsigned smallest, largest;

	int epoll;
	struct flow *flows;
	uint64_t started;
	uint64_t sent, answered, lost, wrong, refused;
	uint64_t first_loss, last_loss; /* when they were sent */
	uint64_t slowest;
};

static volatile sig_atomic_t ended;

static void on_signal(int number)
{
	ended = number;
}

/* The bytes of datagram `number` of a socket: xorshift from a seed of both. */
static void fill(char *data, size_t size, unsigned socket_index, uint64_t number)
{
	uint64_t state =
		(number + 1) * 0x9e3779b97f4a7c15ull ^ (socket_index + 1) * 0xd1b54a32d192ed03ull;

	for (size_t i = 0; i < size; i++) {
		state ^= state << 13;
		state ^= state >> 7;
		state ^= state << 17;
		data[i] = (char)(state >> 56);
	}
}

static void send_next(struct load *load, unsigned index, uint64_t now)
{
	struct flow *flow = &load->flows[index];
	char data[MAX_SIZE];

	flow->number = load->sent++;
	flow->size = load->smallest + flow->number % (load->largest - load->smallest + 1);
	flow->sent_at = now;
	flow->waiting = true;
	fill(data, flow->size, index, flow->number);
	/* An error here is one that ICMP told of an earlier datagram. */
	if (send(flow->fd, data, flow->size, 0) < 0) {
		load->refused++;
		if (send(flow->fd, data, flow->size, 0) < 0)
			load->refused++;
	}
}

static void receive(struct load *load, unsigned index, uint64_t now)
{
	struct flow *flow = &load->flows[index];
	char got[MAX_SIZE + 1], expected[MAX_SIZE];
	ssize_t size = recv(flow->fd, got, sizeof(got), MSG_DONTWAIT);

	if (size < 0) {
		if (errno != EAGAIN)
			load->refused++;
		return;
	}
	fill(expected, flow->size, index, flow->number);
	if (!flow->waiting || (size_t)size != flow->size ||
	    memcmp(got, expected, flow->size) != 0) {
		load->wrong++;
		return;
	}
	flow->waiting = false;
	load->answered++;
	if (now - flow->sent_at > load->slowest)
		load->slowest = now - flow->sent_at;
}

static void lose(struct load *load, struct flow *flow)
{
	flow->waiting = false;
	load->lost++;
	if (load->first_loss == 0)
		load->first_loss = flow->sent_at;
	load->last_loss = flow->sent_at;
}

static bool over(const struct load *load, uint64_t now)
{
	return ended || (load->count > 0 && load->sent >= load->count) ||
	       (load->duration > 0 && now > load->started + load->duration);
}

static bool due(const struct load *load, uint64_t now)
{
	if (over(load, now))
		return false;
	return load->rate <= 0 || (double)load->sent < seconds(now - load->started) * load->rate;
}

static void run(struct load *load)
{
	struct epoll_event events[128];

	load->started = now_ns();
	/* Each socket has its turn: one after the other, from where the last turn ended. */
	for (unsigned next = 0;;) {
		const unsigned first = next;
		uint64_t now = now_ns();
		unsigned waiting = 0;
		int count;

		for (unsigned step = 0; step < load->flow_count; step++) {
			unsigned index = (first + step) % load->flow_count;
			struct flow *flow = &load->flows[index];

			if (flow->waiting && now > flow->sent_at + load->timeout)
				lose(load, flow);
			if (!flow->waiting && due(load, now)) {
				send_next(load, index, now);
				next = (index + 1) % load->flow_count;
			}
			waiting += flow->waiting;
		}
		if (waiting == 0 && over(load, now))
			return;
		count = epoll_wait(load->epoll, events, 128, load->rate > 0 ? 1 : 20);
		now = now_ns();
		for (int i = 0; i < count; i++)
			receive(load, events[i].data.u32, now);
	}
}

static bool set_up(struct load *load)
{
	struct sigaction action = {.sa_handler = on_signal};

	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	load->epoll = epoll_create1(EPOLL_CLOEXEC);
	load->flows = calloc(load->flow_count, sizeof(*load->flows));
	if (load->epoll < 0 || !load->flows)
		return false;
	for (unsigned i = 0; i < load->flow_count; i++) {
		struct epoll_event event = {.events = EPOLLIN, .data.u32 = i};

		load->flows[i].fd =
			socket(load->target.any.sa_family, SOCK_DGRAM | SOCK_NONBLOCK, 0);
		if (connect(load->flows[i].fd, &load->target.any, target_size(&load->target)) < 0 ||
		    epoll_ctl(load->epoll, EPOLL_CTL_ADD, load->flows[i].fd, &event) < 0)
			return false;
	}
	return true;
}

static bool parse(struct load *load, int argc, char **argv)
{
	static const struct option options[] = {
		{"target", 1, NULL, 't'},   {"count", 1, NULL, 'n'},   {"duration", 1, NULL, 'd'},
		{"sockets", 1, NULL, 's'},  {"rate", 1, NULL, 'r'},    {"timeout", 1, NULL, 'w'},
		{"smallest", 1, NULL, 'a'}, {"largest", 1, NULL, 'z'}, {NULL, 0, NULL, 0},
	};
	bool has_target = false;

	for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		switch (option) {
		case 't':
			has_target = parse_target(&load->target, optarg);
			break;
		case 'n':
			load->count = strtoull(optarg, NULL, 10);
			break;
		case 'd':
			load->duration = parse_seconds(optarg);
			break;
		case 's':
			load->flow_count = (unsigned)atoi(optarg);
			break;
		case 'r':
			load->rate = atof(optarg);
			break;
		case 'w':
			load->timeout = parse_seconds(optarg);
			break;
		case 'a':
			load->smallest = (unsigned)atoi(optarg);
			break;
		case 'z':
			load->largest = (unsigned)atoi(optarg);
			break;
		default:
			return false;
		}
	}
	return has_target && optind == argc && load->flow_count > 0 && load->smallest > 0 &&
	       load->smallest <= load->largest && load->largest <= MAX_SIZE;
}

int main(int argc, char **argv)
{
	struct load load = {
		.flow_count = 16, .timeout = 2 * SECOND, .smallest = 1, .largest = 1400};

	if (!parse(&load, argc, argv)) {
		fputs("usage: udpload --target ADDRESS:PORT [--count N] [--duration SECONDS]\n"
		      "               [--sockets N] [--rate DATAGRAMS-PER-SECOND]\n"
		      "               [--timeout SECONDS] [--smallest BYTES] [--largest BYTES]\n",
		      stderr);
		return 2;
	}
	if (!set_up(&load)) {
		perror("udpload");
		return 1;
	}
	run(&load);
	printf("{\"result\": {\"sent\": %lu, \"answered\": %lu, \"lost\": %lu, \"wrong\": %lu, "
	       "\"refused\": %lu, \"first_loss\": %.6f, \"last_loss\": %.6f, \"slowest\": %.6f, "
	       "\"started\": %.6f, \"ended\": %.6f}}\n",
	       load.sent, load.answered, load.lost, load.wrong, load.refused,
	       seconds(load.first_loss), seconds(load.last_loss), seconds(load.slowest),
	       seconds(load.started), seconds(now_ns()));
	free(load.flows);
	return load.lost + load.wrong + load.refused > 0;
}
