/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "config/config.h"
#include "dataplane/dataplane.h"
#include "dataplane/log.h"
#include "dataplane/rss_key.h"
#include "dataplane/take_over.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#define DEFAULT_CONFIG  "/etc/headrace/headrace.json"
#define DEFAULT_RUN_DIR "/run/headrace"

enum exit_code { EXIT_DONE, EXIT_FAILED, EXIT_USAGE };

static void print_usage(FILE *out)
{
	fputs("Usage: headrace-dataplane [--config FILE] [--run-dir DIR] [--isa LEVEL]\n"
	      "                          [--rss-key FILE] [--assert-owners]\n"
	      "       headrace-dataplane --forget-flows [--run-dir DIR]\n"
	      "\n"
	      "The packet-forwarding process of Headrace.\n"
	      "\n"
	      "  --config FILE   configuration (default " DEFAULT_CONFIG ")\n"
	      "  --run-dir DIR   sockets, shared memory, locks (default " DEFAULT_RUN_DIR ")\n"
	      "  --isa LEVEL     instruction set of the packet path: x86-64, x86-64-v3 or\n"
	      "                  x86-64-v4 (default: the best this machine has)\n"
	      "  --rss-key FILE  with several workers: share packets out by the key in FILE, in\n"
	      "                  hex as ethtool -x prints it, instead of one drawn at each start\n"
	      "  --assert-owners with several workers: end at once when a packet comes to a\n"
	      "                  worker that does not own it; for tests, costs speed\n"
	      "  --forget-flows  remove the flows that the last one kept when it ended, and with\n"
	      "                  which the next one would go on\n"
	      "  --version       print the version\n"
	      "  --help          print this\n",
	      out);
}

/* The configuration, or NULL with every fault printed. */
static struct config *load(const char *path)
{
	struct config_errors errors = {0};
	struct config *config = NULL;
	int error = config_load(path, &config, &errors);

	if (error == 0)
		return config;
	for (size_t i = 0; i < errors.count; i++) {
		const struct config_error *item = &errors.items[i];

		if (item->line > 0)
			log_line("%s:%d:%d: %s", path, item->line, item->column, item->detail);
		else
			log_line("%s: %s: %s", path, item->pointer, item->detail);
	}
	if (errors.count == 0)
		log_line("cannot read %s: %s", path, strerror(-error));
	config_errors_free(&errors);
	return NULL;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{"config", required_argument, NULL, 'c'},
		{"run-dir", required_argument, NULL, 'r'},
		{"isa", required_argument, NULL, 'i'},
		{"assert-owners", no_argument, NULL, 'a'},
		{"version", no_argument, NULL, 'v'},
		{"help", no_argument, NULL, 'h'},
		{"forget-flows", no_argument, NULL, 'f'},
		{"rss-key", required_argument, NULL, 'k'},
		{NULL, 0, NULL, 0},
	};
	const char *config_path = DEFAULT_CONFIG;
	struct dataplane_options run = {.run_dir = DEFAULT_RUN_DIR, .isa = engine_best_isa()};
	uint8_t rss_key[TOEPLITZ_KEY_SIZE];
	struct config *config;
	bool forget = false;
	int option, error;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'c':
			config_path = optarg;
			break;
		case 'r':
			run.run_dir = optarg;
			break;
		case 'i':
			if (!engine_find_isa(optarg, &run.isa)) {
				log_line("--isa %s: write x86-64, x86-64-v3 or x86-64-v4, and "
					 "nothing above %s, which is the best this machine has",
					 optarg, engine_isa_text(engine_best_isa()));
				return EXIT_USAGE;
			}
			break;
		case 'a':
			run.assert_owners = true;
			break;
		case 'k':
			if (rss_key_read(optarg, rss_key) != 0)
				return EXIT_FAILED;
			run.rss_key = rss_key;
			break;
		case 'f':
			forget = true;
			break;
		case 'v':
			puts("headrace-dataplane " HEADRACE_VERSION);
			return EXIT_DONE;
		case 'h':
			print_usage(stdout);
			return EXIT_DONE;
		default:
			print_usage(stderr);
			return EXIT_USAGE;
		}
	}
	if (optind != argc) {
		print_usage(stderr);
		return EXIT_USAGE;
	}

	if (forget)
		return take_over_forget(run.run_dir) == 0 ? EXIT_DONE : EXIT_FAILED;
	config = load(config_path);
	if (config == NULL)
		return EXIT_FAILED;
	error = dataplane_run(config, &run);
	config_free(config);
	return error == 0 ? EXIT_DONE : EXIT_FAILED;
}
