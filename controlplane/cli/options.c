/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "controlplane/cli/options.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
	"Usage: headrace COMMAND [options]\n"
	"\n"
	"  check FILE            read a configuration as the daemons would; needs no daemon\n"
	"  apply FILE            make a file (- : standard input) the configuration\n"
	"      --dry-run         only tell what would change, and how many flows would move\n"
	"      --force           also when the file or the running configuration is newer\n"
	"      --if-match ETAG   only if the running configuration is still this one\n"
	"      --peer            and the same, but for its section node, for the other node of the "
	"pair\n"
	"  diff FILE             what apply would change\n"
	"  set backend POOL/BACKEND... [--weight N] [--ready | --drain | --maint]\n"
	"                        drain: no new flows, those there go on; maint: not checked "
	"either\n"
	"  show status           node, dataplane, ports, packets and what became of them\n"
	"  show services         what clients talk to\n"
	"  show pools            groups of backends\n"
	"  show backends         each backend: state, flows, traffic, its last health check\n"
	"  show local-pools      addresses of full NAT, and how much room they leave\n"
	"  show flows            connections, as the dataplane holds them\n"
	"      --service NAME, --backend POOL/BACKEND, --protocol tcp|udp, --family 4|6, --worker "
	"N,\n"
	"      --client ADDRESS | PREFIX | ADDRESS:PORT, --address (that it speaks to), --port N,\n"
	"      --state half-open|established|closing|udp|direct, --older-than DURATION, --limit N\n"
	"  show ports            each port: device, link, what it moved, what was lost\n"
	"  show workers          each worker: how busy, cycles a packet, its flow tables\n"
	"      --interval D      over so long (default 1s)\n"
	"  flush flow            ends flows: those of the filters of show flows, but --limit\n"
	"      --all             every one there is\n"
	"      --dry-run         only tells how many\n"
	"  show vrrp             VRRP groups: state, since when and why, what was heard and sent\n"
	"  vrrp release GROUP    give its addresses up, and take them back only when the peer is "
	"gone\n"
	"  vrrp take GROUP       forget the release, and take over now, whatever preempt says\n"
	"  show config           the configuration, as it was written\n"
	"  restart-dataplane     stop it and wait for the next one, which goes on with the flows\n"
	"  schema                the configuration's JSON Schema\n"
	"  reference             the configuration's reference page, in Markdown\n"
	"\n"
	"  --json                print JSON\n"
	"  --run-dir DIR         where the control plane runs (default /run/headrace)\n"
	"  --socket PATH         its API's socket (default DIR/api.sock)\n"
	"  --api URL             its API by TCP, such as http://127.0.0.1:7117\n"
	"  --token-file FILE     with the token that it asks for by TCP (api.token_file)\n"
	"  --help, --version\n"
	"\n"
	"Exit status: 0 done, 1 refused, 2 wrong usage, 3 control plane not reachable.\n";

const char *const options_names[] = {
	"--json",     "--run-dir",    "--socket",     "--api",     "--dry-run",  "--force",
	"--if-match", "--weight",     "--ready",      "--drain",   "--maint",    "--service",
	"--backend",  "--client",     "--address",    "--port",    "--protocol", "--state",
	"--family",   "--worker",     "--older-than", "--limit",   "--interval", "--all",
	"--peer",     "--token-file", "--help",       "--version", NULL};

const char *const options_filters[] = {"service", "backend",    "client", "address",
				       "port",    "protocol",   "state",  "family",
				       "worker",  "older-than", "limit",  NULL};

const char options_name_letters[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";

bool options_is_name(const char *text)
{
	return text[0] != '\0' && text[strspn(text, options_name_letters)] == '\0';
}

/* Values of getopt_long() for the filters, from here on in their order. */
#define FILTER_OPTIONS 256

enum cli_exit options_refuse(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	fputs("headrace: ", stderr);
	vfprintf(stderr, format, arguments);
	fputs("\nTry headrace --help.\n", stderr);
	va_end(arguments);
	return CLI_USAGE;
}

static int set_admin(struct options *options, const char *admin)
{
	if (options->admin != NULL && options->admin != admin) {
		options_refuse("--%s and --%s: choose one", options->admin, admin);
		return -1;
	}
	options->admin = admin;
	return 0;
}

/* A header without a value would not be sent, and the condition be lost. */
static int set_if_match(struct options *options, const char *etag)
{
	if (etag[strspn(etag, " \t")] == '\0') {
		options_refuse("--if-match needs an ETag, as \"headrace apply --json\" answers it");
		return -1;
	}
	options->if_match = etag;
	return 0;
}

static void print_and_exit(const char *text)
{
	fputs(text, stdout);
	exit(CLI_DONE);
}

/* One option; 0 or -1. */
static int take_option(int option, struct options *options)
{
	if (option >= FILTER_OPTIONS && option < FILTER_OPTIONS + OPTIONS_FILTERS_MAX) {
		options->filters[option - FILTER_OPTIONS] = optarg;
		return 0;
	}
	switch (option) {
	case 'j':
		options->json = true;
		return 0;
	case 'r':
		options->run_dir = optarg;
		return 0;
	case 's':
		options->socket_path = optarg;
		return 0;
	case 'a':
		options->api = optarg;
		return 0;
	case 'n':
		options->dry_run = true;
		return 0;
	case 'f':
		options->force = true;
		return 0;
	case 'A':
		options->all = true;
		return 0;
	case 't':
		options->interval = optarg;
		return 0;
	case 'p':
		options->peer = true;
		return 0;
	case 'k':
		options->token_file = optarg;
		return 0;
	case 'i':
		return set_if_match(options, optarg);
	case 'w':
		options->weight = optarg;
		return 0;
	case 'R':
		return set_admin(options, "ready");
	case 'D':
		return set_admin(options, "drain");
	case 'M':
		return set_admin(options, "maint");
	case 'h':
		print_and_exit(usage);
		return 0;
	case 'v':
		print_and_exit("headrace " HEADRACE_VERSION "\n");
		return 0;
	default:
		fputs("Try headrace --help.\n", stderr);
		return -1;
	}
}

int options_parse(int argc, char **argv, struct options *options)
{
	struct option names[32] = {{"json", no_argument, NULL, 'j'},
				   {"run-dir", required_argument, NULL, 'r'},
				   {"socket", required_argument, NULL, 's'},
				   {"api", required_argument, NULL, 'a'},
				   {"dry-run", no_argument, NULL, 'n'},
				   {"force", no_argument, NULL, 'f'},
				   {"interval", required_argument, NULL, 't'},
				   {"all", no_argument, NULL, 'A'},
				   {"if-match", required_argument, NULL, 'i'},
				   {"weight", required_argument, NULL, 'w'},
				   {"peer", no_argument, NULL, 'p'},
				   {"token-file", required_argument, NULL, 'k'},
				   {"ready", no_argument, NULL, 'R'},
				   {"drain", no_argument, NULL, 'D'},
				   {"maint", no_argument, NULL, 'M'},
				   {"help", no_argument, NULL, 'h'},
				   {"version", no_argument, NULL, 'v'},
				   {NULL, 0, NULL, 0}};
	size_t count = 0;
	int option;

	while (names[count].name != NULL)
		count++;
	for (int i = 0; options_filters[i] != NULL; i++)
		names[count++] = (struct option){options_filters[i], required_argument, NULL,
						 FILTER_OPTIONS + i};
	*options = (struct options){.run_dir = "/run/headrace"};
	while ((option = getopt_long(argc, argv, "", names, NULL)) != -1) {
		if (take_option(option, options) < 0)
			return -1;
	}
	while (optind < argc && options->word_count < OPTIONS_WORDS_MAX)
		options->words[options->word_count++] = argv[optind++];
	if (optind < argc) {
		options_refuse("more than %d words", OPTIONS_WORDS_MAX);
		return -1;
	}
	return 0;
}
