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
 * them, among those of others: the last one ends it, or PATIENCE.
 *
 * "ready" is printed first; a line of JSON by direction at SIGUSR1, and at the
 * end, which SIGTERM asks for:
 *
 *   received + duplicated + fragments_duplicated = sent + dropped + waiting
 *
 * whole and torn are the datagrams that came in fragments: none dropped, and some.
 */

#include "tests/integration/tools/common.h"
#include "tests/integration/tools/frame.h"

#include <errno.h>
#include <getopt.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#define LATER         3
#define PATIENCE      (5 * SECOND / 1000)
#define MAX_HELD      16
#define MAX_FRAGMENTS 128
#define MAX_DATAGRAMS 16 /* at once */
#define MAX_FRAME     65600
#define ROOM          (32 << 20) /* of a socket, both ways */

struct settings {
	double drop, drop_fragments, reorder, duplicate;
	uint64_t seed;
	bool reverse_fragments, duplicate_fragments;
};

struct frame {
	size_t length;
	uint8_t data[];
};

struct held {
	struct frame *frame;
	unsigned later; /* frames that are still to go before it */
	uint64_t until;
};

/* A datagram that is passing in fragments; none has been seen: free. */
struct datagram {
	struct fragment key;
	unsigned seen, waiting;
	bool torn;
	uint64_t until;
	struct frame *frames[MAX_FRAGMENTS];
};

struct counts {
	unsigned long received, sent, dropped, reordered, duplicated, fragments, whole, torn,
		reversed, fragments_duplicated;
};

/* One direction. */
struct lane {
	const char *name;
	int in, out;
	uint64_t random;
	struct held held[MAX_HELD];
	struct datagram datagrams[MAX_DATAGRAMS];
	struct counts counts;
};

static volatile sig_atomic_t ended, asked;

static void on_signal(int number)
{
	if (number == SIGUSR1)
		asked = 1;
	else
		ended = 1;
}

/* True so many times of 100 (splitmix64). */
static bool draw(struct lane *lane, double percent)
{
	uint64_t z = lane->random += 0x9e3779b97f4a7c15;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	z ^= z >> 31;
	return (double)(z >> 11) / (double)(1ull << 53) * 100 < percent;
}

static void transmit(struct lane *lane, const struct frame *frame)
{
	struct pollfd room = {.fd = lane->out, .events = POLLOUT};

	while (send(lane->out, frame->data, frame->length, 0) < 0) {
		if (errno != ENOBUFS && errno != EAGAIN && errno != EINTR) {
			fprintf(stderr, "impair: %s: send: %s\n", lane->name, strerror(errno));
			return;
		}
		poll(&room, 1, 1);
	}
	lane->counts.sent++;
}

/* Those that waited for later frames, once these have gone or time is over. */
static void release(struct lane *lane, unsigned passed, uint64_t now)
{
	for (struct held *held = lane->held; held < lane->held + MAX_HELD; held++) {
		if (held->frame == NULL)
			continue;
		held->later -= passed < held->later ? passed : held->later;
		if (held->later > 0 && now < held->until)
			continue;
		transmit(lane, held->frame);
		free(held->frame);
		held->frame = NULL;
	}
}

static bool hold(struct lane *lane, struct frame *frame, uint64_t now)
{
	for (struct held *held = lane->held; held < lane->held + MAX_HELD; held++)
		if (held->frame == NULL) {
			*held = (struct held){frame, LATER, now + PATIENCE};
			lane->counts.reordered++;
			return true;
		}
	return false;
}

/* Sends, twice or later where the draws say so. The frame is no longer the caller's. */
static void pass(struct lane *lane, const struct settings *settings, struct frame *frame,
		 uint64_t now)
{
	if (draw(lane, settings->duplicate)) {
		transmit(lane, frame);
		lane->counts.duplicated++;
	}
	if (draw(lane, settings->reorder) && hold(lane, frame, now))
		return;
	transmit(lane, frame);
	free(frame);
	release(lane, 1, now);
}

static void pass_fragment(struct lane *lane, const struct settings *settings, struct frame *frame,
			  uint64_t now)
{
	if (settings->duplicate_fragments) {
		transmit(lane, frame);
		lane->counts.fragments_duplicated++;
	}
	pass(lane, settings, frame, now);
}

/* What waited of it goes, the last first. */
static void end_datagram(struct lane *lane, const struct settings *settings,
			 struct datagram *datagram, uint64_t now)
{
	if (datagram->torn)
		lane->counts.torn++;
	else
		lane->counts.whole++;
	if (datagram->waiting > 1)
		lane->counts.reversed++;
	while (datagram->waiting > 0)
		pass_fragment(lane, settings, datagram->frames[--datagram->waiting], now);
	datagram->seen = 0;
	datagram->torn = false;
}

/* The one a fragment belongs to; a free one, or the oldest, which ends, when it is the first. */
static struct datagram *find_datagram(struct lane *lane, const struct settings *settings,
				      const struct fragment *fragment, uint64_t now)
{
	struct datagram *oldest = lane->datagrams;

	for (unsigned i = 0; i < MAX_DATAGRAMS; i++) {
		struct datagram *datagram = &lane->datagrams[i];

		if (datagram->seen > 0 && datagram->waiting < MAX_FRAGMENTS &&
		    is_same_datagram(&datagram->key, fragment))
			return datagram;
		if (datagram->seen == 0 || (oldest->seen > 0 && datagram->until < oldest->until))
			oldest = datagram;
	}
	if (oldest->seen > 0)
		end_datagram(lane, settings, oldest, now);
	return oldest;
}

static void take_fragment(struct lane *lane, const struct settings *settings, struct frame *frame,
			  const struct fragment *fragment, uint64_t now)
{
	struct datagram *datagram = find_datagram(lane, settings, fragment, now);

	datagram->key = *fragment;
	datagram->until = now + PATIENCE;
	datagram->seen++;
	lane->counts.fragments++;
	if (draw(lane, settings->drop_fragments)) {
		datagram->torn = true;
		lane->counts.dropped++;
		free(frame);
	} else if (settings->reverse_fragments) {
		datagram->frames[datagram->waiting++] = frame;
	} else {
		pass_fragment(lane, settings, frame, now);
	}
	if (fragment->is_last)
		end_datagram(lane, settings, datagram, now);
}

static void take(struct lane *lane, const struct settings *settings, struct frame *frame,
		 uint64_t now)
{
	struct fragment fragment;
	const enum frame_kind kind = classify(frame->data, frame->length, &fragment);

	lane->counts.received++;
	if (kind == FRAME_FRAGMENT) {
		take_fragment(lane, settings, frame, &fragment, now);
	} else if (kind == FRAME_OTHER) {
		transmit(lane, frame);
		free(frame);
	} else if (draw(lane, settings->drop)) {
		lane->counts.dropped++;
		free(frame);
	} else {
		pass(lane, settings, frame, now);
	}
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
		take(lane, settings, frame, now_ns());
	}
}

/* What has waited too long. */
static void expire(struct lane *lane, const struct settings *settings)
{
	const uint64_t now = now_ns();

	release(lane, 0, now);
	for (struct datagram *one = lane->datagrams; one < lane->datagrams + MAX_DATAGRAMS; one++)
		if (one->seen > 0 && now >= one->until)
			end_datagram(lane, settings, one, now);
}

static unsigned waiting(const struct lane *lane)
{
	unsigned count = 0;

	for (unsigned i = 0; i < MAX_DATAGRAMS; i++)
		count += lane->datagrams[i].waiting;
	for (unsigned i = 0; i < MAX_HELD; i++)
		count += lane->held[i].frame != NULL;
	return count;
}

/* Is there nothing that time will end? */
static bool is_idle(const struct lane *lane)
{
	unsigned seen = 0;

	for (unsigned i = 0; i < MAX_DATAGRAMS; i++)
		seen += lane->datagrams[i].seen;
	return seen + waiting(lane) == 0;
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
		       waiting(&lanes[i]), missed.tp_drops, counts->dropped, counts->reordered,
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
		poll(sockets, 2, is_idle(&lanes[0]) && is_idle(&lanes[1]) ? -1 : 1);
		for (int i = 0; i < 2; i++) {
			drain(&lanes[i], settings);
			expire(&lanes[i], settings);
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
