/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "controlplane/cli/client.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TIMEOUT_MS 10000L
#define BODY_LIMIT (256u << 20)

struct body {
	char *text;
	size_t length;
};

static size_t append_body(char *data, size_t size, size_t count, void *context)
{
	struct body *body = context;
	size_t more = size * count;

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

static void explain_unreachable(const char *socket_path, CURLcode code)
{
	if (access(socket_path, F_OK) < 0 && errno == ENOENT)
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

static CURLcode perform(const char *socket_path, const char *path, struct body *body, long *status)
{
	CURL *easy = curl_easy_init();
	char url[256];
	CURLcode code;

	if (easy == NULL)
		return CURLE_OUT_OF_MEMORY;
	snprintf(url, sizeof(url), "http://headrace%s", path);
	curl_easy_setopt(easy, CURLOPT_URL, url);
	curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, socket_path);
	curl_easy_setopt(easy, CURLOPT_PROXY, "");
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, TIMEOUT_MS);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, append_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, body);
	code = curl_easy_perform(easy);
	curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, status);
	curl_easy_cleanup(easy);
	return code;
}

enum cli_exit client_get(const char *socket_path, const char *path, json_t **out)
{
	struct body body = {0};
	long status = 0;
	CURLcode code = perform(socket_path, path, &body, &status);

	if (code != CURLE_OK) {
		explain_unreachable(socket_path, code);
		free(body.text);
		return CLI_UNREACHABLE;
	}

	json_error_t fault;
	json_t *document = json_loadb(body.text != NULL ? body.text : "", body.length, 0, &fault);

	free(body.text);
	if (document == NULL) {
		fprintf(stderr, "headrace: the answer from %s is not JSON: %s\n", socket_path,
			fault.text);
		return CLI_UNREACHABLE;
	}
	if (status != 200) {
		const char *detail = json_string_value(json_object_get(document, "detail"));

		fprintf(stderr, "headrace: refused (%ld): %s\n", status,
			detail != NULL ? detail : "no reason given");
		json_decref(document);
		return CLI_REFUSED;
	}
	*out = document;
	return CLI_DONE;
}
