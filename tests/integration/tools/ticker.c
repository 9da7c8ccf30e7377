/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * ticker: a datagram every millisecond to each of some echoes, from one socket
 * each, and the times in which none came back. Of two targets one may stand beside what is
 * measured: its gaps are the machine's own.
 *
 * Until SIGTERM; then a line of JSON a target: what was sent and answered, and
 * every gap longer than --gap (in milliseconds), with the moment of CLOCK_MONOTONIC it began. The
 * time from the last answer to the end is a gap too.
 */
#include "tests/integration/tools/common.h"

#include <getopt.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define TARGETS_MAX 4
#define GAPS_MAX    1000
#define MILLISECOND 1000000ull

struct gap {
	uint64_t begun, length;
};

struct course {
	const char *name; /* the target, as it was given */
	union target target;
	int fd;
	uint64_t sent, answered;
	uint64_t last; /* answer; 0: none yet */
	struct gap gaps[GAPS_MAX];
	unsigned gap_count;
};

static volatile sig_atomic_t stopping;

static void on_signal(int number)
{
	(void)number;
	stopping = 1;
}

static void note_gap(struct course *course, uint64_t now, uint64_t shortest)
{
	if (course->last != 0 && now - course->last > shortest && course->gap_count < GAPS_MAX)
		course->gaps[course->gap_count++] = (struct gap){course->last, now - course->last};
	course->last = now;
}

static void receive(struct course *course, uint64_t shortest)
{
	char answer[64];

	while (recv(course->fd, answer, sizeof(answer), MSG_DONTWAIT) > 0) {
		course->answered++;
		note_gap(course, now_ns(), shortest);
	}
}

static void run(struct course *courses, unsigned count, int timer, uint64_t shortest)
{
	struct pollfd fds[TARGETS_MAX + 1];

	for (unsigned i = 0; i < count; i++)
		fds[i] = (struct pollfd){.fd = courses[i].fd, .events = POLLIN};
	fds[count] = (struct pollfd){.fd = timer, .events = POLLIN};
	while (!stopping) {
		uint64_t ticks = 0;

		poll(fds, count + 1, 100);
		for (unsigned i = 0; i < count; i++)
			receive(&courses[i], shortest);
		if (read(timer, &ticks, sizeof(ticks)) < 0)
			continue;
		/* One of them, however many were missed. */
		for (unsigned i = 0; i < count; i++)
			courses[i].sent += send(courses[i].fd, "tick", 4, MSG_DONTWAIT) == 4;
	}
	for (unsigned i = 0; i < count; i++)
		note_gap(&courses[i], now_ns(), shortest);
}

static void tell(const struct course *course)
{
	printf("{\"target\": \"%s\", \"sent\": %lu, \"answered\": %lu, \"gaps\": [", course->name,
	       course->sent, course->answered);
	for (unsigned i = 0; i < course->gap_count; i++)
		printf("%s{\"begun\": %.6f, \"ms\": %.3f}", i > 0 ? ", " : "",
		       seconds(course->gaps[i].begun), (double)course->gaps[i].length / 1e6);
	puts("]}");
}

static bool open_course(struct course *course, const char *text)
{
	course->name = text;
	if (!parse_target(&course->target, text))
		return false;
	course->fd = socket(course->target.any.sa_family, SOCK_DGRAM, 0);
	return connect(course->fd, &course->target.any, target_size(&course->target)) == 0;
}

static int open_timer(void)
{
	const struct itimerspec each = {.it_value.tv_nsec = 1000000,
					.it_interval.tv_nsec = 1000000};
	int timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);

	return timer >= 0 && timerfd_settime(timer, 0, &each, NULL) == 0 ? timer : -1;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{"target", 1, NULL, 't'}, {"gap", 1, NULL, 'g'}, {NULL, 0, NULL, 0}};
	static struct course courses[TARGETS_MAX];
	const struct sched_param urgent = {.sched_priority = 1};
	struct sigaction action = {.sa_handler = on_signal};
	uint64_t shortest = 3 * MILLISECOND;
	unsigned count = 0;
	int timer;

	for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		if (option == 'g')
			shortest = (uint64_t)(atof(optarg) * 1e6);
		else if (option != 't' || count == TARGETS_MAX ||
			 !open_course(&courses[count++], optarg))
			count = TARGETS_MAX + 1;
		if (count > TARGETS_MAX)
			break;
	}
	timer = open_timer();
	if (count == 0 || count > TARGETS_MAX || timer < 0) {
		fputs("usage: ticker --target ADDRESS:PORT... [--gap MILLISECONDS]\n", stderr);
		return 2;
	}
	/* It must not be what is late; without the right to be so it is measured all the same. */
	sched_setscheduler(0, SCHED_RR, &urgent);
	mlockall(MCL_CURRENT);
	sigaction(SIGTERM, &action, NULL);
	run(courses, count, timer, shortest);
	for (unsigned i = 0; i < count; i++)
		tell(&courses[i]);
	return 0;
}
