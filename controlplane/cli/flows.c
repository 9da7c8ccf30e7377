/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "controlplane/cli/flows.h"

#include "controlplane/cli/show_flows.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define OUTPUT_SIZE (256 * 1024)

/* What a URL may hold as it is (RFC 3986, 2.3). */
static bool is_unreserved(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c != '\0' && strchr("-._~", c) != NULL);
}

static void put_encoded(FILE *to, const char *text)
{
	for (; *text != '\0'; text++) {
		if (is_unreserved(*text))
			fputc(*text, to);
		else
			fprintf(to, "%%%02X", (unsigned char)*text);
	}
}

char *flows_path(const struct options *options)
{
	char *path = NULL;
	size_t size;
	FILE *stream = open_memstream(&path, &size);
	char joint = '?';

	if (stream == NULL)
		return NULL;
	fputs("/v1/flows", stream);
	for (size_t i = 0; options_filters[i] != NULL; i++) {
		if (options->filters[i] == NULL)
			continue;
		/* The option is --older-than, the argument older_than. */
		fputc(joint, stream);
		for (const char *c = options_filters[i]; *c != '\0'; c++)
			fputc(*c == '-' ? '_' : *c, stream);
		fputc('=', stream);
		put_encoded(stream, options->filters[i]);
		joint = '&';
	}
	if (options->all)
		fprintf(stream, "%call=true", joint);
	if (fclose(stream) == 0)
		return path;
	free(path);
	return NULL;
}

static bool print_bytes(void *stream, const char *bytes, size_t length)
{
	return fwrite(bytes, 1, length, stream) == length;
}

static bool add_bytes(void *table, const char *bytes, size_t length)
{
	return flow_table_add(table, bytes, length);
}

static enum cli_exit tell_outcome(const struct client_answer *answer, bool json)
{
	if (answer->status == 200)
		return CLI_DONE;
	if (json && answer->json != NULL) {
		json_dumpf(answer->json, stdout, JSON_INDENT(2));
		putchar('\n');
	} else {
		client_tell_refusal(answer, NULL);
	}
	return CLI_REFUSED;
}

/* What came of a list that ended early is shown all the same. */
static enum cli_exit show_table(const struct client *client, struct client_request *request)
{
	bool colours = isatty(STDOUT_FILENO) && getenv("NO_COLOR") == NULL;
	struct flow_table *table = flow_table_new(stdout, colours);
	struct client_answer answer;
	enum cli_exit status;

	if (table == NULL)
		return CLI_REFUSED;
	request->take = add_bytes;
	request->context = table;
	status = client_send(client, request, &answer);
	if (answer.status == 200 && !flow_table_finish(table) && status == CLI_DONE) {
		fputs("headrace: the answer of the API is no list of flows\n", stderr);
		status = CLI_UNREACHABLE;
	}
	if (status == CLI_DONE)
		status = tell_outcome(&answer, false);
	json_decref(answer.json);
	flow_table_free(table);
	return status;
}

static enum cli_exit show_lines(const struct client *client, struct client_request *request)
{
	struct client_answer answer;
	enum cli_exit status;

	request->take = print_bytes;
	request->context = stdout;
	status = client_send(client, request, &answer);
	if (status == CLI_DONE)
		status = tell_outcome(&answer, true);
	json_decref(answer.json);
	return status;
}

enum cli_exit flows_show(const struct client *client, const struct options *options)
{
	static char output[OUTPUT_SIZE];
	char *path = flows_path(options);
	struct client_request request = {.method = "GET", .path = path};
	enum cli_exit status;

	if (path == NULL)
		return CLI_REFUSED;
	if (!isatty(STDOUT_FILENO))
		setvbuf(stdout, output, _IOFBF, sizeof(output));
	status = options->json ? show_lines(client, &request) : show_table(client, &request);
	fflush(stdout);
	free(path);
	return status;
}
