/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "controlplane/cli/changes.h"

#include "controlplane/cli/apply_peer.h"

#include <stdlib.h>
#include <string.h>

static void print_value(const json_t *value, FILE *stream)
{
	json_dumpf(value, stream, JSON_COMPACT | JSON_ENCODE_ANY);
}

/* "~ pool web / backend a / weight: 100 -> 50" */
static void print_change(const json_t *change, FILE *stream)
{
	const char *op = json_string_value(json_object_get(change, "op"));
	const char *name = json_string_value(json_object_get(change, "name"));
	const json_t *from = json_object_get(change, "from");
	const json_t *to = json_object_get(change, "to");
	char sign = '~';

	if (op == NULL || name == NULL)
		return;
	if (strcmp(op, "add") == 0)
		sign = '+';
	else if (strcmp(op, "remove") == 0)
		sign = '-';
	fprintf(stream, "%c %s: ", sign, name);
	if (from != NULL)
		print_value(from, stream);
	if (from != NULL && to != NULL)
		fputs(" -> ", stream);
	if (to != NULL)
		print_value(to, stream);
	fputc('\n', stream);
}

void changes_print(const json_t *answer, FILE *stream)
{
	const json_t *changes = json_object_get(answer, "changes");
	const json_t *row;
	size_t i;

	if (json_array_size(changes) == 0)
		fputs("no difference\n", stream);
	json_array_foreach (changes, i, row)
		print_change(row, stream);
	json_array_foreach (json_object_get(answer, "moves"), i, row)
		fprintf(stream, "service %s: %.1f %% of new flows would meet another backend\n",
			json_string_value(json_object_get(row, "service")),
			100.0 * json_real_value(json_object_get(row, "share")));
	json_array_foreach (json_object_get(answer, "restart_required"), i, row)
		fprintf(stream, "%s: read at start only, needs a restart\n",
			json_string_value(row));
}

char *changes_read_file(const char *path, size_t *length)
{
	bool is_input = strcmp(path, "-") == 0;
	FILE *file = is_input ? stdin : fopen(path, "r");
	char *text = NULL;
	size_t room = 0, got;

	*length = 0;
	if (file == NULL) {
		fprintf(stderr, "headrace: %s cannot be read: %m\n", path);
		return NULL;
	}
	do {
		if (room - *length < 4096) {
			char *larger = realloc(text, room = room * 2 + 65536);

			if (larger == NULL)
				break;
			text = larger;
		}
		got = fread(text + *length, 1, room - *length, file);
		*length += got;
	} while (got > 0);
	if (ferror(file) || !feof(file)) {
		fprintf(stderr, "headrace: %s cannot be read: %m\n", path);
		free(text);
		text = NULL;
	}
	if (!is_input)
		fclose(file);
	return text;
}

void changes_print_applied(const json_t *answer)
{
	const json_t *pointer;
	size_t i;

	printf("%s: revision %" JSON_INTEGER_FORMAT "\n",
	       json_is_false(json_object_get(answer, "changed")) ? "unchanged" : "applied",
	       json_integer_value(json_object_get(answer, "revision")));
	json_array_foreach (json_object_get(answer, "restart_required"), i, pointer)
		printf("%s: saved; read at start only, it stays as it is until the next restart\n",
		       json_string_value(pointer));

	const char *warning = json_string_value(json_object_get(answer, "warning"));

	if (warning != NULL)
		fprintf(stderr, "headrace: %s\n", warning);
}

/* Sends it and shows the answer; `file` is what the body was read from. */
static enum cli_exit send_change(const struct client *client, const struct client_request *request,
				 const struct options *options, bool dry_run, const char *file)
{
	struct client_answer answer;
	enum cli_exit status = client_send(client, request, &answer);

	if (status != CLI_DONE)
		return status;
	if (options->json && answer.json != NULL) {
		json_dumpf(answer.json, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(10));
		putchar('\n');
	}
	if (answer.status >= 300) {
		if (!options->json)
			client_tell_refusal(&answer, file);
		status = CLI_REFUSED;
	} else if (!options->json && dry_run) {
		changes_print(answer.json, stdout);
	} else if (!options->json) {
		changes_print_applied(answer.json);
	}
	json_decref(answer.json);
	return status;
}

static enum cli_exit put_file(const struct client *client, const struct options *options,
			      bool dry_run, bool force)
{
	const char *path = options->words[1];
	struct client_request request = {.method = "PUT", .if_match = options->if_match};
	char target[64];
	char *text = changes_read_file(path, &request.length);

	if (text == NULL)
		return CLI_REFUSED;
	snprintf(target, sizeof(target), "/v1/config?dry_run=%s&force=%s",
		 dry_run ? "true" : "false", force ? "true" : "false");
	request.path = target;
	request.body = text;

	enum cli_exit status = send_change(client, &request, options, dry_run,
					   strcmp(path, "-") == 0 ? "standard input" : path);

	free(text);
	return status;
}

enum cli_exit apply_run(const struct client *client, const struct options *options)
{
	if (options->peer)
		return apply_peer_run(client, options);
	return put_file(client, options, options->dry_run, options->force);
}

/* Which of the two is newer does not matter to who compares. */
enum cli_exit diff_run(const struct client *client, const struct options *options)
{
	return put_file(client, options, true, true);
}

/* {"weight": .., "admin": ..}; a new reference; NULL: told on stderr. */
static json_t *make_patch(const struct options *options)
{
	json_t *patch = json_object();

	if (options->admin != NULL)
		json_object_set_new(patch, "admin", json_string(options->admin));
	if (options->weight != NULL) {
		char *end;
		unsigned long weight = strtoul(options->weight, &end, 10);

		if (options->weight[0] < '0' || options->weight[0] > '9' || *end != '\0') {
			options_refuse("%s is no weight", options->weight);
			json_decref(patch);
			return NULL;
		}
		json_object_set_new(patch, "weight", json_integer((json_int_t)weight));
	}
	if (json_object_size(patch) == 0) {
		options_refuse("set backend needs --weight, --ready, --drain or --maint");
		json_decref(patch);
		return NULL;
	}
	return patch;
}

/* The path of "POOL/BACKEND"; -1: it is no such name. */
static int backend_path(const char *name, const struct options *options, char *path, size_t size)
{
	size_t pool = strcspn(name, "/");
	const char *backend = name + pool + (name[pool] == '/');

	if (name[pool] != '/' || pool == 0 || strspn(name, options_name_letters) != pool ||
	    !options_is_name(backend)) {
		options_refuse("\"%s\" is no backend: write POOL/BACKEND", name);
		return -1;
	}
	snprintf(path, size, "/v1/pools/%.*s/backends/%s?dry_run=%s&force=%s", (int)pool, name,
		 backend, options->dry_run ? "true" : "false", options->force ? "true" : "false");
	return 0;
}

/* All that can be told before the first one is changed. */
static bool check_set(const struct options *options)
{
	char path[512];

	if (options->if_match != NULL && options->word_count > 3) {
		options_refuse("--if-match goes with one backend: the first change makes another "
			       "ETag");
		return false;
	}
	for (int i = 2; i < options->word_count; i++) {
		if (backend_path(options->words[i], options, path, sizeof(path)) < 0)
			return false;
	}
	return true;
}

static enum cli_exit set_backend(const struct client *client, const struct options *options,
				 const char *name, const char *body)
{
	char path[512];
	struct client_request request = {.method = "PATCH",
					 .path = path,
					 .body = body,
					 .length = strlen(body),
					 .if_match = options->if_match};

	if (backend_path(name, options, path, sizeof(path)) < 0)
		return CLI_USAGE;
	return send_change(client, &request, options, options->dry_run, NULL);
}

enum cli_exit set_run(const struct client *client, const struct options *options)
{
	json_t *patch = check_set(options) ? make_patch(options) : NULL;
	char *body = patch == NULL ? NULL : json_dumps(patch, JSON_COMPACT);
	enum cli_exit status = body == NULL ? CLI_USAGE : CLI_DONE;

	for (int i = 2; i < options->word_count && status == CLI_DONE; i++)
		status = set_backend(client, options, options->words[i], body);
	free(body);
	json_decref(patch);
	return status;
}
