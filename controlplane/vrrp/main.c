/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "controlplane/vrrp/vrrp.h"

#include <errno.h>
#include <getopt.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define EXIT_USAGE      2
#define DEFAULT_RUN_DIR "/run/headrace"

/* Above all that is not real-time; it needs the processor for microseconds. */
#define REAL_TIME_PRIORITY 10

static const char usage[] =
	"usage: headrace-vrrp [--run-dir DIR]\n"
	"\n"
	"Speaks VRRP for the groups in DIR/vrrp-plan, holds their addresses while this node is "
	"the\n"
	"active one, and tells the dataplane so. headrace-controlplane writes the plan, starts "
	"this\n"
	"program, and leaves it running when it ends itself.\n"
	"\n"
	"  --run-dir DIR  where plan, lease, report and control socket are (" DEFAULT_RUN_DIR ")\n"
	"  --version      print the version and exit\n"
	"  --help         print this text and exit\n";

static int parse_options(int argc, char **argv, const char **run_dir)
{
	static const struct option known[] = {{"run-dir", required_argument, NULL, 'r'},
					      {"help", no_argument, NULL, 'h'},
					      {"version", no_argument, NULL, 'v'},
					      {0}};
	int option;

	while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
		switch (option) {
		case 'r':
			*run_dir = optarg;
			break;
		case 'h':
			fputs(usage, stdout);
			exit(EXIT_SUCCESS);
		case 'v':
			puts("headrace-vrrp " HEADRACE_VERSION);
			exit(EXIT_SUCCESS);
		default:
			return -1;
		}
	}
	return optind < argc || strlen(*run_dir) > RUN_DIR_MAX ? -1 : 0;
}

/* Without them it works, but a busy machine may make its adverts late. */
static void be_real_time(struct vrrp *vrrp)
{
	struct sched_param priority = {.sched_priority = REAL_TIME_PRIORITY};
	bool is_real_time = true;

	if (mlockall(MCL_CURRENT | MCL_FUTURE) < 0) {
		is_real_time = false;
		vrrp_log(&vrrp->means.log, LOG_LEVEL_WARNING, "memory is not locked: %s",
			 strerror(errno));
	}
	if (sched_setscheduler(0, SCHED_RR | SCHED_RESET_ON_FORK, &priority) < 0) {
		is_real_time = false;
		vrrp_log(&vrrp->means.log, LOG_LEVEL_WARNING, "no real-time scheduling: %s",
			 strerror(errno));
	}
	vrrp->means.report->real_time = is_real_time;
}

static int take_lock(struct vrrp *vrrp, const char *run_dir)
{
	int holder = 0;
	int lock = run_lock_take(run_dir, &holder);

	if (lock == -EBUSY)
		vrrp_log(&vrrp->means.log, LOG_LEVEL_ERROR,
			 "another headrace-vrrp (process %d) runs in %s", holder, run_dir);
	else if (lock < 0)
		vrrp_log(&vrrp->means.log, LOG_LEVEL_ERROR, "cannot lock %s/%s: %s", run_dir,
			 ABI_LOCK_VRRP, strerror(-lock));
	return lock;
}

int main(int argc, char **argv)
{
	const char *run_dir = DEFAULT_RUN_DIR;
	struct vrrp *vrrp;
	int lock, error;

	if (parse_options(argc, argv, &run_dir) < 0) {
		fputs("Try headrace-vrrp --help.\n", stderr);
		return EXIT_USAGE;
	}
	vrrp = calloc(1, sizeof(*vrrp));
	if (vrrp == NULL)
		return EXIT_FAILURE;
	vrrp_log_open(&vrrp->means.log);
	lock = take_lock(vrrp, run_dir);
	if (lock < 0) {
		free(vrrp);
		return EXIT_FAILURE;
	}
	error = vrrp_open(vrrp, run_dir);
	if (error == 0) {
		be_real_time(vrrp);
		vrrp_run(vrrp);
		vrrp_log(&vrrp->means.log, LOG_LEVEL_INFO, "stopping");
	}
	vrrp_close(vrrp);
	run_lock_drop(run_dir, lock);
	free(vrrp);
	return error == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
