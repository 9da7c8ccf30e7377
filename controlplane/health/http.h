/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* What the files of the HTTP probes share. */
#pragma once

#include "controlplane/curl_loop.h"
#include "controlplane/health/probe.h"

#include <stddef.h>

/* A health page is small; of a large one the rest is not read. */
#define HTTP_BODY_LIMIT 65536

struct http_prober {
	struct curl_loop transfers;
};

/* The request of one definition, and handles of libcurl that are made up for it. */
struct http_kind {
	struct http_prober *prober;
	const struct config_health_check *definition;
	struct curl_slist *headers; /* with Host when it has a name */
	struct http_probe *idle;    /* to be used again */
	size_t idle_count;
};

struct http_probe {
	struct http_kind *kind;
	CURL *easy;
	struct curl_slist *connect_to;
	struct curl_slist host; /* before the kind's headers, where libcurl would say another */
	char host_line[sizeof("Host: ") + ADDRESS_PORT_TEXT_SIZE];
	struct probe_target target;
	char *body; /* HTTP_BODY_LIMIT bytes, when one is looked into */
	size_t length;
	char message[CURL_ERROR_SIZE]; /* libcurl's */
	int socket_error;              /* errno of the socket that there was none of */
	probe_done *done;
	void *context;
	struct http_probe *next_idle;
};

/* A handle that is set up but for its target; NULL: no memory. */
struct http_probe *http_kind_take(struct http_kind *kind);
/* A handle that is no longer in the multi handle. */
void http_kind_give_back(struct http_probe *probe);

/* What came of a probe; the sentence is `text` or a constant. */
enum probe_result http_judge(const struct http_probe *probe, CURLcode code, char *text,
			     const char **reason);
