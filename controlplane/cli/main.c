/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* headrace: the command line. */
#include "config/config.h"
#include "config/token.h"
#include "controlplane/cli/changes.h"
#include "controlplane/cli/check.h"
#include "controlplane/cli/complete.h"
#include "controlplane/cli/flows.h"
#include "controlplane/cli/restart.h"
#include "controlplane/cli/show.h"
#include "controlplane/cli/vrrp.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

static enum cli_exit run_schema(const struct client *client, const struct options *options)
{
	json_t *schema = config_schema();

	(void)client;
	(void)options;
	if (schema == NULL)
		return CLI_REFUSED;
	json_dumpf(schema, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(schema);
	return CLI_DONE;
}

static enum cli_exit run_reference(const struct client *client, const struct options *options)
{
	char *text = config_reference();

	(void)client;
	(void)options;
	if (text == NULL)
		return CLI_REFUSED;
	fputs(text, stdout);
	free(text);
	return CLI_DONE;
}

static enum cli_exit run_check(const struct client *client, const struct options *options)
{
	(void)client;
	return check_run(options->words[1], options->json);
}

static enum cli_exit run_show(const struct client *client, const struct options *options)
{
	struct show_options show = {.what = options->words[1],
				    .client = client,
				    .interval = options->interval,
				    .json = options->json};

	if (strcmp(options->words[1], "flows") == 0)
		return flows_show(client, options);
	return show_run(&show);
}

static enum cli_exit run_set(const struct client *client, const struct options *options)
{
	if (strcmp(options->words[1], "backend") != 0)
		return options_refuse("there is nothing to set but backend");
	return set_run(client, options);
}

static enum cli_exit run_flush(const struct client *client, const struct options *options)
{
	if (strcmp(options->words[1], "flow") != 0)
		return options_refuse("there is nothing to flush but flow");
	return flows_flush(client, options);
}

struct command {
	const char *name;
	enum cli_exit (*run)(const struct client *client, const struct options *options);
	int least, most;   /* words, the command's own among them */
	const char *takes; /* what they are, for who gives others */
};

static const struct command commands[] = {
	{"apply", apply_run, 2, 2, "one file"},
	{"check", run_check, 2, 2, "one file"},
	{"diff", diff_run, 2, 2, "one file"},
	{"flush", run_flush, 2, 2, "\"flow\", and the flows by options"},
	{"reference", run_reference, 1, 1, "nothing"},
	{"restart-dataplane", restart_run, 1, 1, "nothing"},
	{"schema", run_schema, 1, 1, "nothing"},
	{"set", run_set, 3, OPTIONS_WORDS_MAX, "\"backend\" and at least one POOL/BACKEND"},
	{"show", run_show, 2, 2,
	 "one of status, services, pools, backends, local-pools, flows, ports, workers, vrrp, "
	 "config"},
	{"vrrp", vrrp_run, 3, 3, "\"release\" or \"take\", and a group"},
};

static enum cli_exit run_command(const struct options *options)
{
	char path[512], token[TOKEN_SIZE];
	struct client client = {.socket_path = options->socket_path,
				.url = options->api,
				.timeout_ms = CLIENT_TIMEOUT_MS};

	if (client.socket_path == NULL) {
		snprintf(path, sizeof(path), "%s/api.sock", options->run_dir);
		client.socket_path = path;
	}
	if (options->token_file != NULL) {
		const char *why = token_read(options->token_file, token);

		if (why != NULL)
			return options_refuse("--token-file %s: %s", options->token_file, why);
		client.token = token;
	}
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		const struct command *command = &commands[i];

		if (strcmp(command->name, options->words[0]) != 0)
			continue;
		if (options->word_count < command->least || options->word_count > command->most)
			return options_refuse("%s takes %s", command->name, command->takes);
		return command->run(&client, options);
	}
	return options_refuse("there is no command \"%s\"", options->words[0]);
}

int main(int argc, char **argv)
{
	struct options options;
	enum cli_exit status;

	curl_global_init(CURL_GLOBAL_DEFAULT);
	if (argc > 1 && strcmp(argv[1], "__complete") == 0)
		return complete_run((const char *const *)(argv + 2), argc - 2);
	if (options_parse(argc, argv, &options) < 0)
		return CLI_USAGE;
	if (options.word_count == 0)
		return options_refuse("what shall be done?");
	status = run_command(&options);
	curl_global_cleanup();
	return status;
}
