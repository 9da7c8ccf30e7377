/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "controlplane/cli/show.h"

#include "config/notation.h"
#include "controlplane/cli/options.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Between the readings of workers. */
#define INTERVAL_MS     1000
#define INTERVAL_MS_MAX 3600000

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
	{"ports", "/v1/ports", show_ports},
	{"vrrp", "/v1/vrrp_groups", show_vrrp},
	{"workers", "/v1/workers", NULL}, /* of two answers: show_twice() */
	{"config", "/v1/config", NULL},   /* JSON is made for reading here */
};

#define VIEW_COUNT (sizeof(views) / sizeof(views[0]))

void show_rows(const char *const *titles, const json_t *list,
	       void (*add)(struct table *table, const json_t *item),
	       const struct show_output *output)
{
	struct table table;

	table_init(&table, titles);
	for (size_t i = 0; i < json_array_size(list); i++)
		add(&table, json_array_get(list, i));
	table_print(&table, output->stream, output->colours);
	table_free(&table);
}

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

static struct show_output colour_output(void)
{
	return (struct show_output){.stream = stdout,
				    .colours = isatty(STDOUT_FILENO) && getenv("NO_COLOR") == NULL};
}

static enum cli_exit print_answer(const struct view *view, const struct show_options *options,
				  const struct client_answer *answer)
{
	struct show_output output = colour_output();
	bool refused = answer->status != 200;

	if (answer->json != NULL && (options->json || (!refused && view->render == NULL)))
		print_json(answer->json);
	else if (refused)
		client_tell_refusal(answer, NULL);
	else
		view->render(answer->json, &output);
	return refused ? CLI_REFUSED : CLI_DONE;
}

/* Waits between the readings; false: the interval is none. */
static bool wait_between(const char *interval)
{
	uint64_t ms = INTERVAL_MS;

	if (interval != NULL &&
	    (notation_read_duration(interval, &ms) != NULL || ms == 0 || ms > INTERVAL_MS_MAX)) {
		options_refuse("%s is no interval: write 1ms to 1h, such as 500ms or 10s",
			       interval);
		return false;
	}
	fflush(stdout);
	nanosleep(&(struct timespec){.tv_sec = (time_t)(ms / 1000),
				     .tv_nsec = (long)(ms % 1000) * 1000000},
		  NULL);
	return true;
}

/* Rates come of two answers to the same question. */
static enum cli_exit show_twice(const struct show_options *options,
				const struct client_request *request,
				const struct client_answer *before)
{
	struct show_output output = colour_output();
	struct client_answer after;

	if (!wait_between(options->interval))
		return CLI_USAGE;

	enum cli_exit status = client_send(options->client, request, &after);

	if (status != CLI_DONE)
		return status;
	if (after.status == 200) {
		show_workers(before->json, after.json, &output);
	} else {
		client_tell_refusal(&after, NULL);
		status = CLI_REFUSED;
	}
	json_decref(after.json);
	return status;
}

enum cli_exit show_run(const struct show_options *options)
{
	const struct view *view = find_view(options->what);
	struct client_request request = {.method = "GET"};
	struct client_answer answer;

	if (view == NULL)
		return options_refuse("there is no \"%s\" to show; there is status, services, "
				      "pools, backends, local-pools, flows, ports, workers, "
				      "vrrp and config",
				      options->what);
	request.path = view->path;

	enum cli_exit status = client_send(options->client, &request, &answer);

	if (status != CLI_DONE)
		return status;
	if (answer.status == 200 && !options->json && strcmp(view->name, "workers") == 0)
		status = show_twice(options, &request, &answer);
	else
		status = print_answer(view, options, &answer);
	json_decref(answer.json);
	return status;
}
