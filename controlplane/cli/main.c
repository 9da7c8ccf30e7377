/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* headrace: the command line. */
#include "config/config.h"
#include "controlplane/cli/check.h"
#include "controlplane/cli/show.h"

#include <curl/curl.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
	"Usage: headrace COMMAND [options]\n"
	"\n"
	"  check FILE            read a configuration as the daemons would; needs no daemon\n"
	"  show status           node, dataplane, ports, packets and what became of them\n"
	"  show services         what clients talk to\n"
	"  show pools            groups of backends\n"
	"  show backends         each backend: state, flows, traffic, its last health check\n"
	"  show flows            connections, as the dataplane holds them\n"
	"  schema                the configuration's JSON Schema\n"
	"  reference             the configuration's reference page, in Markdown\n"
	"\n"
	"  --json                print JSON\n"
	"  --limit N             at most N flows (default 100, at most 10000)\n"
	"  --run-dir DIR         where the control plane runs (default /run/headrace)\n"
	"  --socket PATH         its API's socket (default DIR/api.sock)\n"
	"  --help, --version\n"
	"\n"
	"Exit status: 0 done, 1 refused, 2 wrong usage, 3 control plane not reachable.\n";

struct options {
	const char *run_dir;
	const char *socket_path;
	unsigned limit;
	bool json;
	const char *words[3]; /* command and its arguments */
	int word_count;
};

static enum cli_exit refuse_usage(const char *format, ...) __attribute__((format(printf, 1, 2)));

static enum cli_exit refuse_usage(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	fputs("headrace: ", stderr);
	vfprintf(stderr, format, arguments);
	fputs("\nTry headrace --help.\n", stderr);
	va_end(arguments);
	return CLI_USAGE;
}

static int parse_limit(const char *text, unsigned *limit)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (text[0] < '0' || text[0] > '9' || *end != '\0' || value > 10000)
		return -1;
	*limit = (unsigned)value;
	return 0;
}

static void print_and_exit(const char *text)
{
	fputs(text, stdout);
	exit(CLI_DONE);
}

static int parse_options(int argc, char **argv, struct options *options)
{
	static const struct option names[] = {{"json", no_argument, NULL, 'j'},
					      {"limit", required_argument, NULL, 'l'},
					      {"run-dir", required_argument, NULL, 'r'},
					      {"socket", required_argument, NULL, 's'},
					      {"help", no_argument, NULL, 'h'},
					      {"version", no_argument, NULL, 'v'},
					      {NULL, 0, NULL, 0}};
	int option;

	*options = (struct options){.run_dir = "/run/headrace", .limit = 100};
	while ((option = getopt_long(argc, argv, "", names, NULL)) != -1) {
		switch (option) {
		case 'j':
			options->json = true;
			break;
		case 'l':
			if (parse_limit(optarg, &options->limit) < 0) {
				refuse_usage("%s is no limit from 0 to 10000", optarg);
				return -1;
			}
			break;
		case 'r':
			options->run_dir = optarg;
			break;
		case 's':
			options->socket_path = optarg;
			break;
		case 'h':
			print_and_exit(usage);
			break;
		case 'v':
			print_and_exit("headrace " HEADRACE_VERSION "\n");
			break;
		default:
			fputs("Try headrace --help.\n", stderr);
			return -1;
		}
	}
	while (optind < argc && options->word_count < 3)
		options->words[options->word_count++] = argv[optind++];
	return 0;
}

static enum cli_exit print_schema(void)
{
	json_t *schema = config_schema();

	if (schema == NULL)
		return CLI_REFUSED;
	json_dumpf(schema, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(schema);
	return CLI_DONE;
}

static enum cli_exit print_reference(void)
{
	char *text = config_reference();

	if (text == NULL)
		return CLI_REFUSED;
	fputs(text, stdout);
	free(text);
	return CLI_DONE;
}

static enum cli_exit run_show(const struct options *options)
{
	char path[512];
	struct show_options show = {.what = options->words[1],
				    .socket_path = options->socket_path,
				    .limit = options->limit,
				    .json = options->json};

	if (options->socket_path == NULL) {
		snprintf(path, sizeof(path), "%s/api.sock", options->run_dir);
		show.socket_path = path;
	}
	curl_global_init(CURL_GLOBAL_DEFAULT);

	enum cli_exit status = show_run(&show);

	curl_global_cleanup();
	return status;
}

int main(int argc, char **argv)
{
	struct options options;

	if (parse_options(argc, argv, &options) < 0)
		return CLI_USAGE;
	if (options.word_count == 0) {
		fputs(usage, stderr);
		return CLI_USAGE;
	}

	const char *command = options.words[0];

	if (strcmp(command, "check") == 0)
		return options.word_count == 2 ? check_run(options.words[1], options.json)
					       : refuse_usage("check takes one file");
	if (strcmp(command, "show") == 0)
		return options.word_count == 2
			       ? run_show(&options)
			       : refuse_usage("show takes one of %s",
					      "status, services, pools, backends, flows");
	if (options.word_count > 1)
		return refuse_usage("what is \"%s\"?", options.words[1]);
	if (strcmp(command, "schema") == 0)
		return print_schema();
	if (strcmp(command, "reference") == 0)
		return print_reference();
	return refuse_usage("there is no command \"%s\"", command);
}
