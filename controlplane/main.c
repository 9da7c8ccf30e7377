/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* headrace-controlplane: arguments, lock, signals, and the loop. */
#include "controlplane/controlplane.h"
#include "controlplane/log.h"
#include "controlplane/run_dir.h"

#include <curl/curl.h>
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define EXIT_USAGE 2

/* Of the run directory: sockets in it must fit into a sockaddr_un. */
#define RUN_DIR_LENGTH_MAX 90

static const char usage[] =
	"Usage: headrace-controlplane [--config FILE] [--run-dir DIR]\n"
	"\n"
	"The control plane of Headrace: checks backends, holds the addresses of services, follows\n"
	"Linux's routes and neighbours, publishes tables to the dataplane and serves the API.\n"
	"\n"
	"  --config FILE   the configuration (default /etc/headrace/headrace.json)\n"
	"  --run-dir DIR   sockets, locks and shared memory (default /run/headrace)\n"
	"  --help          this text\n"
	"  --version       the version\n"
	"\n"
	"SIGHUP reads the configuration anew. SIGTERM and SIGINT stop it: headrace-vrrp gives its\n"
	"addresses up and ends, the other addresses and the nftables guard are taken away; the\n"
	"dataplane goes on with the tables it has. SIGUSR1 ends it and leaves all of these in\n"
	"place, headrace-vrrp running, for the next one to take over: to restart it.\n";

struct options {
	const char *config_path;
	const char *run_dir;
};

/* The loop's watchers of signals. */
struct signals {
	ev_signal hangup, terminate, interrupt, leave;
	bool left; /* everything is to stay for the next one */
};

static int parse_options(int argc, char **argv, struct options *options)
{
	static const struct option names[] = {{"config", required_argument, NULL, 'c'},
					      {"run-dir", required_argument, NULL, 'r'},
					      {"help", no_argument, NULL, 'h'},
					      {"version", no_argument, NULL, 'v'},
					      {NULL, 0, NULL, 0}};
	int option;

	*options = (struct options){.config_path = "/etc/headrace/headrace.json",
				    .run_dir = "/run/headrace"};
	while ((option = getopt_long(argc, argv, "", names, NULL)) != -1) {
		switch (option) {
		case 'c':
			options->config_path = optarg;
			break;
		case 'r':
			options->run_dir = optarg;
			break;
		case 'h':
			fputs(usage, stdout);
			exit(EXIT_SUCCESS);
		case 'v':
			puts("headrace-controlplane " HEADRACE_VERSION);
			exit(EXIT_SUCCESS);
		default:
			return -1;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "headrace-controlplane: what is \"%s\"?\n", argv[optind]);
		return -1;
	}
	if (strlen(options->run_dir) > RUN_DIR_LENGTH_MAX) {
		fprintf(stderr,
			"headrace-controlplane: the run directory's path is longer than %d\n",
			RUN_DIR_LENGTH_MAX);
		return -1;
	}
	return 0;
}

static void on_hangup(struct ev_loop *loop, ev_signal *watcher, int events)
{
	(void)loop;
	(void)events;
	controlplane_reload(watcher->data);
}

static void on_stop(struct ev_loop *loop, ev_signal *watcher, int events)
{
	(void)events;
	log_info("stopping: %s", watcher->signum == SIGTERM ? "SIGTERM" : "SIGINT");
	ev_break(loop, EVBREAK_ALL);
}

static void on_leave(struct ev_loop *loop, ev_signal *watcher, int events)
{
	struct signals *signals = watcher->data;

	(void)events;
	log_info("going, and leaving everything in place: SIGUSR1");
	signals->left = true;
	ev_break(loop, EVBREAK_ALL);
}

static void watch_signals(struct signals *signals, struct controlplane *controlplane)
{
	signal(SIGPIPE, SIG_IGN);
	ev_signal_init(&signals->hangup, on_hangup, SIGHUP);
	ev_signal_init(&signals->terminate, on_stop, SIGTERM);
	ev_signal_init(&signals->interrupt, on_stop, SIGINT);
	ev_signal_init(&signals->leave, on_leave, SIGUSR1);
	signals->hangup.data = controlplane;
	signals->leave.data = signals;
	signals->left = false;
	ev_signal_start(controlplane->loop, &signals->hangup);
	ev_signal_start(controlplane->loop, &signals->terminate);
	ev_signal_start(controlplane->loop, &signals->interrupt);
	ev_signal_start(controlplane->loop, &signals->leave);
}

static int run(const struct controlplane_start *start)
{
	struct ev_loop *loop = ev_default_loop(EVFLAG_AUTO);
	struct controlplane controlplane;
	struct signals signals;

	if (loop == NULL) {
		log_error("cannot make the event loop");
		config_free(start->config);
		json_decref(start->document);
		return EXIT_FAILURE;
	}
	if (controlplane_open(&controlplane, loop, start) < 0)
		return EXIT_FAILURE;
	watch_signals(&signals, &controlplane);
	log_info("running with %s: %zu services, %zu pools; run directory %s", start->config_path,
		 start->config->service_count, start->config->pool_count, start->run_dir);
	ev_run(loop, 0);
	controlplane_close(&controlplane, signals.left);
	ev_loop_destroy(loop);
	return EXIT_SUCCESS;
}

/* Each check has a socket of its own, and there may be thousands at once. */
static void raise_file_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
		log_warning("cannot raise the limit of open files: %s", strerror(errno));
}

/* Reads the configuration; what is wrong with it is told. */
static int load(struct controlplane_start *start)
{
	struct config_errors errors = {0};
	char *text = NULL;
	size_t length;

	save_identify(start->config_path, &start->file); /* first: later writes are then noticed */

	int error = config_read(start->config_path, &text, &length, &errors);

	if (error == 0)
		error = config_parse_document(text, length, &start->config, &start->document,
					      &errors);
	if (error == -ENOMEM)
		fprintf(stderr, "headrace-controlplane: no memory\n");
	config_errors_print(start->config_path, &errors, stderr);
	config_errors_free(&errors);
	free(text);
	return error;
}

int main(int argc, char **argv)
{
	struct options options;
	int status;

	if (parse_options(argc, argv, &options) < 0) {
		fputs("Try headrace-controlplane --help.\n", stderr);
		return EXIT_USAGE;
	}

	struct controlplane_start start = {.run_dir = options.run_dir,
					   .config_path = options.config_path};

	if (load(&start) < 0)
		return EXIT_FAILURE;

	int lock = run_dir_lock(options.run_dir);

	if (lock < 0) {
		config_free(start.config);
		json_decref(start.document);
		return EXIT_FAILURE;
	}
	raise_file_limit();
	curl_global_init(CURL_GLOBAL_DEFAULT);
	status = run(&start);
	curl_global_cleanup();
	close(lock);
	return status;
}
