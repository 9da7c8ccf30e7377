/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * `headrace flush flow`: has the flows ended, and then looks into the table whether
 * any that was there before is there still.
 */
#include "config/notation.h"
#include "controlplane/cli/flows.h"
#include "controlplane/cli/units.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define DEADLINE_MS 5000
#define PAUSE_MS    50

/* Tables of hundreds of millions are gone through before the answer comes. */
#define PATIENCE_MS 600000L

/* A flow's age is told in ticks of 64 ms: one that is so much older was there before for sure. */
#define AGE_MARGIN_MS 128

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static bool count_lines(void *context, const char *bytes, size_t length)
{
	uint64_t *lines = context;
	const char *end = bytes + length;

	while ((bytes = memchr(bytes, '\n', (size_t)(end - bytes))) != NULL) {
		bytes++;
		(*lines)++;
	}
	return true;
}

/* One request for the flows that the options say; `request` has what is to be done with them. */
static enum cli_exit send(const struct client *client, const struct options *options,
			  struct client_request *request, struct client_answer *answer)
{
	char *path = flows_path(options);
	enum cli_exit status;

	if (path == NULL)
		return CLI_REFUSED;
	request->path = path;
	status = client_send(client, request, answer);
	if (status == CLI_DONE && answer->status != 200) {
		client_tell_refusal(answer, NULL);
		status = CLI_REFUSED;
	}
	free(path);
	return status;
}

static enum cli_exit count_flows(const struct client *client, const struct options *options,
				 uint64_t *count)
{
	struct client_request request = {.method = "GET", .take = count_lines, .context = count};
	struct client_answer answer = {0};
	enum cli_exit status;

	*count = 0;
	status = send(client, options, &request, &answer);
	json_decref(answer.json);
	return status;
}

/*
 * The flows that are left of those that were meant at a time: they are older now by what has
 * passed since. Those that began meanwhile are no business of ours.
 */
static enum cli_exit count_left(const struct client *client, const struct options *options,
				uint64_t begun_ms, uint64_t *left)
{
	struct options old = *options;
	char age[32];
	size_t i = 0;
	uint64_t ms = 0;

	while (strcmp(options_filters[i], "older-than") != 0)
		i++;
	if (options->filters[i] != NULL)
		notation_read_duration(options->filters[i], &ms); /* the API has taken it */
	if (ms < AGE_MARGIN_MS)
		ms = AGE_MARGIN_MS;
	snprintf(age, sizeof(age), "%" PRIu64 "ms", ms + now_ms() - begun_ms);
	old.filters[i] = age;
	return count_flows(client, &old, left);
}

static enum cli_exit wait_for_ends(const struct client *client, const struct options *options,
				   uint64_t begun_ms, uint64_t *left)
{
	const struct timespec pause = {.tv_nsec = PAUSE_MS * 1000000};
	enum cli_exit status;

	while ((status = count_left(client, options, begun_ms, left)) == CLI_DONE && *left > 0 &&
	       now_ms() - begun_ms < DEADLINE_MS)
		nanosleep(&pause, NULL);
	return status;
}

static const char *plural(uint64_t count)
{
	return count == 1 ? "" : "s";
}

static enum cli_exit tell_outcome(uint64_t asked, uint64_t left, bool complete, bool json)
{
	uint64_t ended = asked > left ? asked - left : 0;
	char text[2][UNITS_SIZE];

	if (json)
		printf("{\n  \"asked\": %" PRIu64 ",\n  \"ended\": %" PRIu64 "\n}\n", asked, ended);
	else
		printf("%s flow%s ended\n", units_count(ended, text[0]), plural(ended));
	if (left == 0 && complete)
		return CLI_DONE;
	fprintf(stderr,
		"headrace: %s flow%s that should have ended %s there still%s; see the heartbeats "
		"in "
		"headrace show status\n",
		units_count(left, text[1]), plural(left), left == 1 ? "is" : "are",
		complete ? "" : ", and a worker takes no commands");
	return CLI_REFUSED;
}

static enum cli_exit only_count(const struct client *client, const struct options *options)
{
	char text[UNITS_SIZE];
	uint64_t count;
	enum cli_exit status = count_flows(client, options, &count);

	if (status == CLI_DONE && options->json)
		printf("{\n  \"would_end\": %" PRIu64 "\n}\n", count);
	else if (status == CLI_DONE)
		printf("%s flow%s would end\n", units_count(count, text), plural(count));
	return status;
}

/* What the API refuses is refused by it; but without a filter a dry run would be none. */
static bool says_which(const struct options *options)
{
	bool any = options->all;

	for (size_t i = 0; options_filters[i] != NULL; i++)
		any = any || options->filters[i] != NULL;
	return any;
}

enum cli_exit flows_flush(const struct client *client, const struct options *options)
{
	struct client patient = *client;
	struct client_request request = {.method = "DELETE"};
	struct client_answer answer = {0};
	uint64_t begun_ms = now_ms(), left = 0;
	enum cli_exit status;

	if (!says_which(options))
		return options_refuse("say which flows shall end, by --service, --client and their "
				      "like, or --all");
	if (options->dry_run)
		return only_count(client, options);
	patient.timeout_ms = PATIENCE_MS;
	status = send(&patient, options, &request, &answer);
	if (status == CLI_DONE)
		status = wait_for_ends(client, options, begun_ms, &left);
	if (status == CLI_DONE)
		status = tell_outcome(
			(uint64_t)json_integer_value(json_object_get(answer.json, "asked")), left,
			json_is_true(json_object_get(answer.json, "complete")), options->json);
	json_decref(answer.json);
	return status;
}
