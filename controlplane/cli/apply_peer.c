/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "controlplane/cli/apply_peer.h"

#include "config/etag.h"
#include "config/token.h"
#include "controlplane/cli/changes.h"

#include <stdlib.h>
#include <string.h>

/* One of the two nodes, and what it is to have. */
struct side {
	struct client client;
	const char *title; /* "this node", "peer 192.0.2.2:7117" */
	const char *file;  /* that its body is of, for places in it; NULL: it is of none */
	const char *body;
	size_t length;
	const char *if_match;
	json_t *before; /* its configuration */
	char *made;     /* its body, when it is no file's */
	char etag[ETAG_SIZE];
	json_t *answer; /* to what it was told last */
};

struct pair {
	const struct options *options;
	struct side here, there;
	char url[128], title[128], token[TOKEN_SIZE];
	char *text;
};

static enum cli_exit read_configuration(struct side *side)
{
	const struct client_request request = {.method = "GET", .path = "/v1/config"};
	struct client_answer answer;
	enum cli_exit exit = client_send(&side->client, &request, &answer);

	if (exit != CLI_DONE)
		return exit;
	if (answer.status != 200) {
		fprintf(stderr, "headrace: %s:\n", side->title);
		client_tell_refusal(&answer, NULL);
		json_decref(answer.json);
		return CLI_REFUSED;
	}
	side->before = answer.json;
	return CLI_DONE;
}

static const char *member(const json_t *document, const char *section, const char *key)
{
	const char *text =
		json_string_value(json_object_get(json_object_get(document, section), key));

	return text != NULL ? text : "";
}

/* By what this node's configuration says of it; the token of the options goes first. */
static enum cli_exit find_peer(struct pair *pair)
{
	const json_t *document = pair->here.before;
	const char *api = member(document, "node", "peer_api");
	const char *file = member(document, "api", "token_file");
	const char *why;

	if (api[0] == '\0') {
		fputs("headrace: this node has no peer: set node.peer_api\n", stderr);
		return CLI_REFUSED;
	}
	snprintf(pair->url, sizeof(pair->url), "http://%.64s", api);
	snprintf(pair->title, sizeof(pair->title), "peer %.64s", api);
	pair->there.client.url = pair->url;
	pair->there.title = pair->title;
	pair->there.client.token = pair->here.client.token;
	if (pair->there.client.token != NULL || file[0] == '\0')
		return CLI_DONE;
	why = token_read(file, pair->token);
	if (why != NULL) {
		fprintf(stderr,
			"headrace: %s (api.token_file) cannot be used: %s; say where the token is "
			"by "
			"--token-file\n",
			file, why);
		return CLI_REFUSED;
	}
	pair->there.client.token = pair->token;
	return CLI_DONE;
}

/* The file with the peer's `node`, and without a revision: that counts this node's changes. */
static enum cli_exit make_for_peer(struct pair *pair)
{
	json_error_t broken;
	json_t *document = json_loadb(pair->here.body, pair->here.length, 0, &broken);
	json_t *node = json_object_get(pair->there.before, "node");

	if (!json_is_object(document)) {
		fprintf(stderr, "%s:%d:%d: %s\n", pair->here.file, broken.line, broken.column,
			document == NULL ? broken.text : "a configuration is a JSON object");
		json_decref(document);
		return CLI_REFUSED;
	}
	json_object_del(document, "revision");
	json_object_del(document, "node");
	if (node != NULL)
		json_object_set(document, "node", node);
	pair->there.made = json_dumps(document, JSON_COMPACT);
	json_decref(document);
	if (pair->there.made == NULL)
		return CLI_REFUSED;
	pair->there.body = pair->there.made;
	pair->there.length = strlen(pair->there.made);
	etag_of(pair->there.before, pair->there.etag);
	pair->there.if_match = pair->there.etag;
	return CLI_DONE;
}

static enum cli_exit put(struct pair *pair, struct side *side, bool dry_run)
{
	char path[64];
	struct client_request request = {.method = "PUT",
					 .path = path,
					 .body = side->body,
					 .length = side->length,
					 .if_match = side->if_match};
	struct client_answer answer;
	enum cli_exit exit;

	snprintf(path, sizeof(path), "/v1/config?dry_run=%s&force=%s", dry_run ? "true" : "false",
		 pair->options->force ? "true" : "false");
	exit = client_send(&side->client, &request, &answer);
	if (exit != CLI_DONE)
		return exit;
	json_decref(side->answer);
	side->answer = answer.json;
	if (answer.status < 300)
		return CLI_DONE;
	fprintf(stderr, "headrace: %s refuses it:\n", side->title);
	client_tell_refusal(&answer, side->file);
	return CLI_REFUSED;
}

static void show(const struct pair *pair, const struct side *side)
{
	if (pair->options->json)
		return;
	printf("%s: ", side->title);
	if (pair->options->dry_run)
		putchar('\n');
	if (pair->options->dry_run)
		changes_print(side->answer, stdout);
	else
		changes_print_applied(side->answer);
}

/* Whether both would take it: nothing is changed. */
static enum cli_exit try_both(struct pair *pair)
{
	enum cli_exit exit = put(pair, &pair->here, true);

	if (exit == CLI_DONE)
		exit = put(pair, &pair->there, true);
	if (exit != CLI_DONE)
		fputs("headrace: nothing was changed, on neither node\n", stderr);
	return exit;
}

static enum cli_exit change_both(struct pair *pair)
{
	enum cli_exit exit = put(pair, &pair->here, false);

	if (exit != CLI_DONE) {
		fputs("headrace: nothing was changed at the peer\n", stderr);
		return exit;
	}
	show(pair, &pair->here);
	exit = put(pair, &pair->there, false);
	if (exit == CLI_DONE)
		show(pair, &pair->there);
	else
		fprintf(stderr,
			"headrace: this node has the new configuration, the %s has not: mend what "
			"is wrong there, and repeat the same command\n",
			pair->title);
	return exit;
}

static void print_json(const struct pair *pair)
{
	json_t *both =
		json_pack("{s:O?, s:O?}", "node", pair->here.answer, "peer", pair->there.answer);

	json_dumpf(both, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(10));
	putchar('\n');
	json_decref(both);
}

static enum cli_exit run(struct pair *pair)
{
	enum cli_exit exit = read_configuration(&pair->here);

	if (exit == CLI_DONE)
		exit = find_peer(pair);
	if (exit == CLI_DONE)
		exit = read_configuration(&pair->there);
	if (exit == CLI_DONE)
		exit = make_for_peer(pair);
	if (exit == CLI_DONE)
		exit = try_both(pair);
	if (exit != CLI_DONE)
		return exit;
	if (pair->options->dry_run) {
		show(pair, &pair->here);
		show(pair, &pair->there);
	} else {
		exit = change_both(pair);
	}
	if (pair->options->json)
		print_json(pair);
	return exit;
}

static void free_side(struct side *side)
{
	json_decref(side->before);
	json_decref(side->answer);
	free(side->made);
}

enum cli_exit apply_peer_run(const struct client *client, const struct options *options)
{
	const char *path = options->words[1];
	struct pair pair = {.options = options,
			    .here = {.client = *client,
				     .title = "this node",
				     .if_match = options->if_match,
				     .file = strcmp(path, "-") == 0 ? "standard input" : path},
			    .there = {.client = {.timeout_ms = client->timeout_ms}}};
	enum cli_exit exit;

	pair.text = changes_read_file(path, &pair.here.length);
	if (pair.text == NULL)
		return CLI_REFUSED;
	pair.here.body = pair.text;
	exit = run(&pair);
	free_side(&pair.here);
	free_side(&pair.there);
	free(pair.text);
	return exit;
}
