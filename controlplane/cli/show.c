/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "controlplane/cli/show.h"

#include "controlplane/cli/options.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct view {
	const char *name;
	const char *path;
	show_render *render;
};

static const struct view views[] = {
	{"status", "/v1/status", show_status},
	{"services", "/v1/services", show_services},
	{"pools", "/v1/pools", show_pools},
	{"backends", "/v1/pools", show_backends},
	{"local-pools", "/v1/local_pools", show_local_pools},
	{"config", "/v1/config", NULL}, /* JSON is made for reading here */
};

#define VIEW_COUNT (sizeof(views) / sizeof(views[0]))

const char *show_text(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text != NULL ? text : "";
}

uint64_t show_number(const json_t *object, const char *key)
{
	return (uint64_t)json_integer_value(json_object_get(object, key));
}

static const struct view *find_view(const char *name)
{
	for (size_t i = 0; i < VIEW_COUNT; i++) {
		if (strcmp(views[i].name, name) == 0)
			return &views[i];
	}
	return NULL;
}

static void print_json(const json_t *document)
{
	json_dumpf(document, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(10));
	putchar('\n');
}

static enum cli_exit print_answer(const struct view *view, const struct show_options *options,
				  const struct client_answer *answer)
{
	struct show_output output = {
		.stream = stdout, .colours = isatty(STDOUT_FILENO) && getenv("NO_COLOR") == NULL};
	bool refused = answer->status != 200;

	if (answer->json != NULL && (options->json || (!refused && view->render == NULL)))
		print_json(answer->json);
	else if (refused)
		client_tell_refusal(answer, NULL);
	else
		view->render(answer->json, &output);
	return refused ? CLI_REFUSED : CLI_DONE;
}

enum cli_exit show_run(const struct show_options *options)
{
	const struct view *view = find_view(options->what);
	struct client_request request = {.method = "GET"};
	struct client_answer answer;

	if (view == NULL)
		return options_refuse("there is no \"%s\" to show; there is status, services, "
				      "pools, backends, local-pools, flows and config",
				      options->what);
	request.path = view->path;

	enum cli_exit status = client_send(options->client, &request, &answer);

	if (status != CLI_DONE)
		return status;
	status = print_answer(view, options, &answer);
	json_decref(answer.json);
	return status;
}
