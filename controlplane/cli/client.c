/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "controlplane/cli/client.h"

#include "config/token.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BODY_LIMIT (256u << 20)

/* s without a byte, of an answer whose length nobody knows */
#define SILENCE_MAX 30L

struct body {
	CURL *easy;
	const struct client_request *request;
	char *text;
	size_t length;
};

/* A refusal is JSON, whatever a good answer is. */
static bool is_taken_in_pieces(const struct body *body)
{
	long status = 0;

	if (body->request->take == NULL)
		return false;
	curl_easy_getinfo(body->easy, CURLINFO_RESPONSE_CODE, &status);
	return status == 200;
}

static size_t append_body(char *data, size_t size, size_t count, void *context)
{
	struct body *body = context;
	size_t more = size * count;

	if (is_taken_in_pieces(body))
		return body->request->take(body->request->context, data, more) ? more : 0;
	if (body->length + more > BODY_LIMIT)
		return 0;

	char *text = realloc(body->text, body->length + more);

	if (text == NULL)
		return 0;
	memcpy(text + body->length, data, more);
	body->text = text;
	body->length += more;
	return more;
}

static void explain_unreachable(const struct client *client, CURLcode code)
{
	const char *socket_path = client->socket_path;

	if (code == CURLE_WRITE_ERROR)
		fputs("headrace: the answer of the API cannot be used or written\n", stderr);
	else if (code == CURLE_PARTIAL_FILE || code == CURLE_RECV_ERROR)
		fputs("headrace: the answer ended early: headrace-controlplane has stopped or "
		      "died; see "
		      "its log\n",
		      stderr);
	else if (client->url != NULL)
		fprintf(stderr,
			"headrace: %s: %s: does headrace-controlplane run, and listen there "
			"(api.listen)?\n",
			client->url, curl_easy_strerror(code));
	else if (access(socket_path, F_OK) < 0 && errno == ENOENT)
		fprintf(stderr,
			"headrace: there is no %s: does headrace-controlplane run? With another "
			"run directory, give it by --run-dir DIR\n",
			socket_path);
	else if (access(socket_path, W_OK) < 0)
		fprintf(stderr,
			"headrace: %s: %s; use sudo, or join the group that may use the socket\n",
			socket_path, strerror(errno));
	else if (code == CURLE_COULDNT_CONNECT)
		fprintf(stderr,
			"headrace: nobody answers at %s: headrace-controlplane has died; see its "
			"log\n",
			socket_path);
	else
		fprintf(stderr, "headrace: %s: %s\n", socket_path, curl_easy_strerror(code));
}

static struct curl_slist *make_headers(const struct client *client,
				       const struct client_request *request)
{
	struct curl_slist *headers = curl_slist_append(NULL, "Expect:");
	char if_match[256], token[TOKEN_SIZE + 32];

	if (client->token != NULL) {
		snprintf(token, sizeof(token), "Authorization: Bearer %s", client->token);
		headers = curl_slist_append(headers, token);
	}
	if (request->body != NULL)
		headers = curl_slist_append(headers, "Content-Type: application/json");
	if (request->if_match != NULL) {
		snprintf(if_match, sizeof(if_match), "If-Match: %s", request->if_match);
		headers = curl_slist_append(headers, if_match);
	}
	return headers;
}

/* A slash at the base's end is none of the path's. */
static void make_url(const char *base, const char *path, char *url, size_t size)
{
	size_t length = strlen(base);

	while (length > 0 && base[length - 1] == '/')
		length--;
	snprintf(url, size, "%.*s%s", (int)length, base, path);
}

static void set_patience(CURL *easy, const struct client *client,
			 const struct client_request *request)
{
	if (request->take == NULL) {
		curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, client->timeout_ms);
		return;
	}
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, client->timeout_ms);
	curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
	curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, SILENCE_MAX);
	curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, 256L * 1024);
}

static CURLcode perform(const struct client *client, const struct client_request *request,
			struct body *body, long *status)
{
	CURL *easy = body->easy;
	struct curl_slist *headers = make_headers(client, request);
	char url[1024];
	CURLcode code = CURLE_OUT_OF_MEMORY;

	if (easy != NULL) {
		make_url(client->url != NULL ? client->url : "http://headrace", request->path, url,
			 sizeof(url));
		curl_easy_setopt(easy, CURLOPT_URL, url);
		if (client->url == NULL)
			curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, client->socket_path);
		curl_easy_setopt(easy, CURLOPT_PROXY, "");
		curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
		set_patience(easy, client, request);
		curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, append_body);
		curl_easy_setopt(easy, CURLOPT_WRITEDATA, body);
		curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
		if (request->body != NULL) {
			curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
					 (curl_off_t)request->length);
			curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request->body);
		}
		curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request->method);
		code = curl_easy_perform(easy);
		curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, status);
	}
	curl_slist_free_all(headers);
	return code;
}

enum cli_exit client_send(const struct client *client, const struct client_request *request,
			  struct client_answer *answer)
{
	struct body body = {.easy = curl_easy_init(), .request = request};
	json_error_t fault;

	*answer = (struct client_answer){0};

	CURLcode code = perform(client, request, &body, &answer->status);

	curl_easy_cleanup(body.easy);

	if (code != CURLE_OK) {
		explain_unreachable(client, code);
		free(body.text);
		return CLI_UNREACHABLE;
	}
	if (body.length > 0) {
		answer->json = json_loadb(body.text, body.length, 0, &fault);
		if (answer->json == NULL) {
			fprintf(stderr, "headrace: the answer of the API is not JSON: %s\n",
				fault.text);
			free(body.text);
			return CLI_UNREACHABLE;
		}
	}
	free(body.text);
	return CLI_DONE;
}

static const char *member(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text != NULL ? text : "";
}

static void tell_fault(const json_t *fault, const char *file)
{
	json_int_t line = json_integer_value(json_object_get(fault, "line"));
	const char *pointer = member(fault, "pointer");

	fputs(file != NULL ? file : "headrace", stderr);
	if (file != NULL && line > 0)
		fprintf(stderr, ":%d:%d", (int)line,
			(int)json_integer_value(json_object_get(fault, "column")));
	fprintf(stderr, ": %s%s%s\n", pointer, pointer[0] != '\0' ? ": " : "",
		member(fault, "detail"));
}

void client_tell_refusal(const struct client_answer *answer, const char *file)
{
	const json_t *faults = json_object_get(answer->json, "errors");
	const char *detail = member(answer->json, "detail");
	const json_t *fault;
	size_t i;

	json_array_foreach (faults, i, fault)
		tell_fault(fault, file);
	fprintf(stderr, "headrace: refused (%ld): %s\n", answer->status,
		detail[0] != '\0' ? detail : "no reason given");
}
