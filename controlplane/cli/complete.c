/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "controlplane/cli/complete.h"

#include "config/token.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A shell waits for us: rather no names than late ones. */
#define TIMEOUT_MS 500L

static const char *const commands[] = {
	"apply",  "check", "diff", "flush", "reference", "restart-dataplane",
	"schema", "set",   "show", "vrrp",  NULL};
static const char *const views[] = {"status",      "services", "pools", "backends",
				    "local-pools", "flows",    "ports", "workers",
				    "vrrp",        "config",   NULL};

static void offer(const char *word, const char *begun)
{
	if (strncmp(word, begun, strlen(begun)) == 0)
		puts(word);
}

static void offer_all(const char *const *words, const char *begun)
{
	for (; *words != NULL; words++)
		offer(*words, begun);
}

/* Options that take a value: the word behind is it. */
static bool takes_value(const char *option)
{
	static const char *const names[] = {"--run-dir", "--socket",   "--api",        "--if-match",
					    "--weight",  "--interval", "--token-file", NULL};

	for (const char *const *name = names; *name != NULL; name++) {
		if (strcmp(*name, option) == 0)
			return true;
	}
	for (const char *const *name = options_filters; *name != NULL; name++) {
		if (strncmp(option, "--", 2) == 0 && strcmp(*name, option + 2) == 0)
			return true;
	}
	return false;
}

/* "--run-dir=DIR" in one word: DIR; NULL: another word. */
static const char *value_within(const char *word, const char *option)
{
	size_t length = strlen(option);

	return strncmp(word, option, length) == 0 && word[length] == '=' ? word + length + 1 : NULL;
}

/* The value is the rest of the word, or, for `behind`, the word that follows. */
static const char *value_of(const char *option, const char *word, const char *behind)
{
	return strcmp(word, option) == 0 ? behind : value_within(word, option);
}

static void offer_backends(const json_t *answer, const char *begun)
{
	const json_t *pool, *backend;
	size_t i, j;

	json_array_foreach (json_object_get(answer, "pools"), i, pool) {
		json_array_foreach (json_object_get(pool, "backends"), j, backend) {
			char name[256];
			const char *state = json_string_value(json_object_get(backend, "state"));

			if (state != NULL && strcmp(state, "removed") == 0)
				continue;
			snprintf(name, sizeof(name), "%s/%s",
				 json_string_value(json_object_get(pool, "name")),
				 json_string_value(json_object_get(backend, "name")));
			offer(name, begun);
		}
	}
}

static void offer_groups(const json_t *answer, const char *begun)
{
	const json_t *group;
	size_t i;

	json_array_foreach (json_object_get(answer, "vrrp_groups"), i, group) {
		const char *name = json_string_value(json_object_get(group, "name"));

		if (name != NULL)
			offer(name, begun);
	}
}

/* Names in what the API answers. */
static void offer_live(const struct options *options, const char *path,
		       void (*offer_names)(const json_t *answer, const char *begun),
		       const char *begun)
{
	char socket_path[512], token[TOKEN_SIZE];
	struct client client = {
		.socket_path = options->socket_path, .url = options->api, .timeout_ms = TIMEOUT_MS};
	struct client_request request = {.method = "GET", .path = path};
	struct client_answer answer;

	if (client.socket_path == NULL) {
		snprintf(socket_path, sizeof(socket_path), "%s/api.sock", options->run_dir);
		client.socket_path = socket_path;
	}
	if (options->token_file != NULL && token_read(options->token_file, token) == NULL)
		client.token = token;
	if (freopen("/dev/null", "w", stderr) == NULL)
		return;
	if (client_send(&client, &request, &answer) != CLI_DONE)
		return;
	if (answer.status == 200)
		offer_names(answer.json, begun);
	json_decref(answer.json);
}

static void offer_live_backends(const struct options *options, const char *begun)
{
	offer_live(options, "/v1/pools", offer_backends, begun);
}

static void take_value(const char *value, const char **into)
{
	if (value != NULL)
		*into = value;
}

/* What of the line says where to ask, and the words that are no options. */
static void read_line(const char *const *words, int count, struct options *options)
{
	*options = (struct options){.run_dir = "/run/headrace"};
	for (int i = 0; i < count - 1; i++) {
		const char *behind = i + 1 < count - 1 ? words[i + 1] : NULL;

		if (words[i][0] != '-' && options->word_count < OPTIONS_WORDS_MAX)
			options->words[options->word_count++] = words[i];
		take_value(value_of("--run-dir", words[i], behind), &options->run_dir);
		take_value(value_of("--socket", words[i], behind), &options->socket_path);
		take_value(value_of("--api", words[i], behind), &options->api);
		take_value(value_of("--token-file", words[i], behind), &options->token_file);
		i += takes_value(words[i]);
	}
}

static bool is_file_option(const char *option)
{
	return strcmp(option, "--run-dir") == 0 || strcmp(option, "--socket") == 0 ||
	       strcmp(option, "--token-file") == 0;
}

/* Values of the filters that there are few of, and backends. */
static void offer_values(const struct options *line, const char *option, const char *begun)
{
	static const char *const states[] = {"half-open", "established", "closing",
					     "udp",       "direct",      NULL};
	static const char *const protocols[] = {"tcp", "udp", NULL};
	static const char *const families[] = {"4", "6", NULL};

	if (is_file_option(option))
		puts(":files");
	else if (strcmp(option, "--state") == 0)
		offer_all(states, begun);
	else if (strcmp(option, "--protocol") == 0)
		offer_all(protocols, begun);
	else if (strcmp(option, "--family") == 0)
		offer_all(families, begun);
	else if (strcmp(option, "--backend") == 0)
		offer_live_backends(line, begun);
}

static bool is_file_command(const char *command)
{
	return strcmp(command, "apply") == 0 || strcmp(command, "check") == 0 ||
	       strcmp(command, "diff") == 0;
}

enum cli_exit complete_run(const char *const *words, int count)
{
	const char *begun = count > 0 ? words[count - 1] : "";
	const char *before = count > 1 ? words[count - 2] : "";
	struct options line;

	read_line(words, count, &line);
	if (takes_value(before)) {
		offer_values(&line, before, begun);
	} else if (value_within(begun, "--run-dir") != NULL ||
		   value_within(begun, "--socket") != NULL ||
		   value_within(begun, "--token-file") != NULL) {
		puts(":files");
	} else if (begun[0] == '-') {
		offer_all(options_names, begun);
	} else if (line.word_count == 0) {
		offer_all(commands, begun);
	} else if (is_file_command(line.words[0])) {
		puts(":files");
	} else if (strcmp(line.words[0], "show") == 0 && line.word_count == 1) {
		offer_all(views, begun);
	} else if (strcmp(line.words[0], "flush") == 0 && line.word_count == 1) {
		offer("flow", begun);
	} else if (strcmp(line.words[0], "set") == 0 && line.word_count == 1) {
		offer("backend", begun);
	} else if (strcmp(line.words[0], "set") == 0) {
		offer_live_backends(&line, begun);
	} else if (strcmp(line.words[0], "vrrp") == 0 && line.word_count == 1) {
		offer("release", begun);
		offer("take", begun);
	} else if (strcmp(line.words[0], "vrrp") == 0 && line.word_count == 2) {
		offer_live(&line, "/v1/vrrp_groups", offer_groups, begun);
	}
	return CLI_DONE;
}
