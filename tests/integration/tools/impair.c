/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * impair [OPTION...] ONE OTHER: a hop that is a bad wire between two interfaces.
 *
 *   --drop PCT --reorder PCT --duplicate PCT   of the frames, each by a draw of its own
 *   --drop-fragments PCT                       of the fragments, which --drop leaves alone
 *   --seed N                                   of the draws: the same frames, the same fates
 *   --reverse-fragments                        the last fragment of a datagram goes first
 *   --duplicate-fragments                      every fragment goes twice
 *
 * TCP and UDP are impaired, of IPv6 where no extension header but that of a
 * fragment stands before them; all else passes as it came. Nothing is changed in a
 * frame. A reordered frame waits until LATER others went before it, or for
 * PATIENCE. Fragments of a datagram are taken to come in order, as a host sends
 * them, among those of others: the last one ends it, or a pause as long as UNENDED.
 *
 * "ready" is printed first; a line of JSON by direction at SIGUSR1, and at the
 * end, which SIGTERM asks for:
 *
 *   received + duplicated + fragments_duplicated = sent + dropped + waiting
 *
 * whole and torn are the datagrams that came in fragments: none dropped, and some.
 */

#include "tests/integration/tools/lane.h"

#include <errno.h>
#include <getopt.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#define MAX_FRAME 65600
#define ROOM      (32 << 20) /* of a socket, both ways */

static volatile sig_atomic_t ended, asked;

static void on_signal(int number)
{
	if (number == SIGUSR1)
		asked = 1;
	else
		ended = 1;
}

/* Everything that has come. */
static void drain(struct lane *lane, const struct settings *settings)
{
	static uint8_t data[MAX_FRAME];
	ssize_t length;

	while ((length = recv(lane->in, data, sizeof(data), MSG_DONTWAIT)) > 0) {
		struct frame *frame = malloc(sizeof(*frame) + (size_t)length);

		if (frame == NULL)
			abort();
		frame->length = (size_t)length;
		memcpy(frame->data, data, frame->length);
		lane_take(lane, settings, frame, now_ns());
	}
}

static void report(const struct lane *lanes)
{
	for (int i = 0; i < 2; i++) {
		const struct counts *counts = &lanes[i].counts;
		struct tpacket_stats missed = {0};
		socklen_t size = sizeof(missed);

		getsockopt(lanes[i].in, SOL_PACKET, PACKET_STATISTICS, &missed, &size);
		printf("%s\"%s\": {\"received\": %lu, \"sent\": %lu, \"waiting\": %u, "
		       "\"missed\": %u, \"dropped\": %lu, \"reordered\": %lu, \"duplicated\": %lu, "
		       "\"fragments\": %lu, \"whole\": %lu, \"torn\": %lu, \"reversed\": %lu, "
		       "\"fragments_duplicated\": %lu}%s",
		       i == 0 ? "{" : ", ", lanes[i].name, counts->received, counts->sent,
		       lane_waiting(&lanes[i]), missed.tp_drops, counts->dropped, counts->reordered,
		       counts->duplicated, counts->fragments, counts->whole, counts->torn,
		       counts->reversed, counts->fragments_duplicated, i == 0 ? "" : "}\n");
	}
	fflush(stdout);
}

/* A socket that sees every frame that comes in, and none that goes out. -1: it cannot be had. */
static int open_interface(const char *name)
{
	const unsigned index = if_nametoindex(name);
	const int one = 1, room = ROOM;
	struct sockaddr_ll address = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = (int)index,
	};
	const struct packet_mreq everything = {
		.mr_ifindex = (int)index,
		.mr_type = PACKET_MR_PROMISC,
	};
	const int fd = socket(AF_PACKET, SOCK_RAW, 0);

	if (index == 0 || fd < 0 ||
	    setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one, sizeof(one)) < 0 ||
	    setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &everything, sizeof(everything)) <
		    0 ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room)) < 0 ||
	    bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		fprintf(stderr, "impair: %s: %s\n", name, strerror(errno));
		return -1;
	}
	return fd;
}

static void run(struct lane *lanes, const struct settings *settings)
{
	struct pollfd sockets[2] = {
		{.fd = lanes[0].in, .events = POLLIN},
		{.fd = lanes[1].in, .events = POLLIN},
	};

	while (!ended) {
		poll(sockets, 2, lane_is_idle(&lanes[0]) && lane_is_idle(&lanes[1]) ? -1 : 1);
		for (int i = 0; i < 2; i++) {
			drain(&lanes[i], settings);
			lane_expire(&lanes[i], settings, now_ns());
		}
		if (asked) {
			asked = 0;
			report(lanes);
		}
	}
}

static bool parse(int argc, char **argv, struct settings *settings)
{
	static const struct option options[] = {
		{"drop", required_argument, NULL, 'd'},
		{"drop-fragments", required_argument, NULL, 'f'},
		{"reorder", required_argument, NULL, 'r'},
		{"duplicate", required_argument, NULL, '2'},
		{"seed", required_argument, NULL, 's'},
		{"reverse-fragments", no_argument, NULL, 'R'},
		{"duplicate-fragments", no_argument, NULL, 'D'},
		{0},
	};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'd':
			settings->drop = atof(optarg);
			break;
		case 'f':
			settings->drop_fragments = atof(optarg);
			break;
		case 'r':
			settings->reorder = atof(optarg);
			break;
		case '2':
			settings->duplicate = atof(optarg);
			break;
		case 's':
			settings->seed = strtoull(optarg, NULL, 10);
			break;
		case 'R':
			settings->reverse_fragments = true;
			break;
		case 'D':
			settings->duplicate_fragments = true;
			break;
		default:
			return false;
		}
	}
	return optind + 2 == argc;
}

int main(int argc, char **argv)
{
	static struct lane lanes[2];
	const struct sigaction action = {.sa_handler = on_signal};
	struct settings settings = {.seed = 1};

	if (!parse(argc, argv, &settings)) {
		fputs("usage: impair [--drop PCT] [--drop-fragments PCT] [--reorder PCT]\n"
		      "              [--duplicate PCT] [--seed N]\n"
		      "              [--reverse-fragments] [--duplicate-fragments] ONE OTHER\n",
		      stderr);
		return 2;
	}
	lanes[0].in = lanes[1].out = open_interface(argv[optind]);
	lanes[1].in = lanes[0].out = open_interface(argv[optind + 1]);
	if (lanes[0].in < 0 || lanes[1].in < 0)
		return 1;
	for (int i = 0; i < 2; i++) {
		lanes[i].name = i == 0 ? "there" : "back";
		lanes[i].random = settings.seed * 2 + (uint64_t)i;
	}
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGUSR1, &action, NULL);
	puts("ready");
	fflush(stdout);
	run(lanes, &settings);
	report(lanes);
	return 0;
}
