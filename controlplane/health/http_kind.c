/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* The request that all checks of one definition make, and handles that are used again. */
#include "controlplane/health/http.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/param.h>

/* Handles kept for the next checks; about 10 KiB each. */
#define IDLE_MAX 256

/* False: no memory, and the list is as it was. */
static bool append(struct curl_slist **list, const char *name, const char *value)
{
	char line[CONFIG_NAME_SIZE + CONFIG_PATH_SIZE + 4];
	struct curl_slist *longer;

	snprintf(line, sizeof(line), "%s: %s", name, value);
	longer = curl_slist_append(*list, line);
	if (longer == NULL)
		return false;
	*list = longer;
	return true;
}

int http_kind_open(struct http_prober *prober, const struct config_health_check *definition,
		   struct http_kind **out)
{
	struct http_kind *kind = calloc(1, sizeof(*kind));
	bool complete = kind != NULL && append(&kind->headers, "Connection", "close");

	if (complete && definition->host[0] != '\0')
		complete = append(&kind->headers, "Host", definition->host);
	for (size_t i = 0; complete && i < definition->header_count; i++)
		complete = append(&kind->headers, definition->headers[i].name,
				  definition->headers[i].value);
	if (!complete) {
		http_kind_close(kind);
		return -ENOMEM;
	}
	kind->prober = prober;
	kind->definition = definition;
	*out = kind;
	return 0;
}

static void free_probe(struct http_probe *probe)
{
	curl_easy_cleanup(probe->easy);
	free(probe->body);
	free(probe);
}

void http_kind_close(struct http_kind *kind)
{
	if (kind == NULL)
		return;
	while (kind->idle != NULL) {
		struct http_probe *probe = kind->idle;

		kind->idle = probe->next_idle;
		free_probe(probe);
	}
	curl_slist_free_all(kind->headers);
	free(kind);
}

static size_t take_body(char *data, size_t size, size_t count, void *context)
{
	struct http_probe *probe = context;
	size_t fresh = size * count;
	size_t room = probe->length < HTTP_BODY_LIMIT ? HTTP_BODY_LIMIT - probe->length : 0;

	if (probe->body != NULL)
		memcpy(probe->body + probe->length, data, MIN(fresh, room));
	probe->length += MIN(fresh, room);
	return fresh > room ? 0 : fresh;
}

static curl_socket_t open_socket(void *context, curlsocktype purpose, struct curl_sockaddr *to)
{
	struct http_probe *probe = context;
	int descriptor = probe_socket(&probe->target);

	(void)purpose;
	(void)to;
	if (descriptor >= 0)
		return descriptor;
	probe->socket_error = -descriptor;
	return CURL_SOCKET_BAD;
}

/* They are read at each check, all of the system's in 8 ms: not where nobody is to be trusted. */
static void set_authorities(CURL *easy, const struct config_health_check *definition)
{
	if (definition->tls_verify && definition->tls_ca_file[0] == '\0')
		return;
	curl_easy_setopt(easy, CURLOPT_CAINFO,
			 definition->tls_verify ? definition->tls_ca_file : NULL);
	curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
}

static void set_up(struct http_probe *probe)
{
	const struct config_health_check *definition = probe->kind->definition;
	CURL *easy = probe->easy;

	curl_easy_setopt(easy, CURLOPT_PRIVATE, probe);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, probe->message);
	curl_easy_setopt(easy, CURLOPT_USERAGENT, "headrace/" HEADRACE_VERSION);
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, probe->kind->headers);
	curl_easy_setopt(easy, CURLOPT_NOBODY, definition->method == CONFIG_CHECK_HEAD ? 1L : 0L);
	curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(easy, CURLOPT_PROXY, "");
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
	curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
	curl_easy_setopt(easy, CURLOPT_TCP_NODELAY, 0L);
	curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, 4096L);
	/* Addresses are cached like names, and at each check all of the cache is walked. */
	curl_easy_setopt(easy, CURLOPT_DNS_CACHE_TIMEOUT, 0L);
	curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)definition->timeout);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, probe);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, probe);
	curl_easy_setopt(easy, CURLOPT_SSL_SESSIONID_CACHE, 0L);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, definition->tls_verify ? 1L : 0L);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, definition->tls_verify ? 2L : 0L);
	set_authorities(easy, definition);
}

static struct http_probe *create_probe(struct http_kind *kind)
{
	struct http_probe *probe = calloc(1, sizeof(*probe));
	bool wants_body = kind->definition->body[0] != '\0';

	if (probe == NULL)
		return NULL;
	probe->kind = kind;
	probe->easy = curl_easy_init();
	if (wants_body)
		probe->body = malloc(HTTP_BODY_LIMIT);
	if (probe->easy == NULL || (wants_body && probe->body == NULL)) {
		free_probe(probe);
		return NULL;
	}
	set_up(probe);
	return probe;
}

struct http_probe *http_kind_take(struct http_kind *kind)
{
	struct http_probe *probe = kind->idle;

	if (probe == NULL)
		return create_probe(kind);
	kind->idle = probe->next_idle;
	kind->idle_count--;
	probe->length = 0;
	probe->message[0] = '\0';
	probe->socket_error = 0;
	return probe;
}

void http_kind_give_back(struct http_probe *probe)
{
	struct http_kind *kind = probe->kind;

	curl_easy_setopt(probe->easy, CURLOPT_CONNECT_TO, NULL);
	curl_slist_free_all(probe->connect_to);
	probe->connect_to = NULL;
	if (kind->idle_count >= IDLE_MAX) {
		free_probe(probe);
		return;
	}
	probe->next_idle = kind->idle;
	kind->idle = probe;
	kind->idle_count++;
}
