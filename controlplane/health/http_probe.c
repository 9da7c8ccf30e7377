/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* HTTP probes: libcurl's multi interface, its sockets and timer watched by our loop. */
#include "controlplane/health/probe.h"
#include "controlplane/health/reason.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A health page is small; of a large one the rest is not read. */
#define BODY_LIMIT 65536

struct http_prober {
	struct ev_loop *loop;
	CURLM *multi;
	ev_timer timer;
};

/* A socket of curl's in our loop. */
struct watched_socket {
	struct http_prober *prober;
	ev_io watcher;
};

struct http_probe {
	struct http_prober *prober;
	CURL *easy;
	struct curl_slist *headers;
	size_t body;
	uint32_t timeout_ms;
	probe_done *done;
	void *context;
};

static void free_probe(struct http_probe *probe)
{
	if (probe->easy != NULL)
		curl_easy_cleanup(probe->easy);
	curl_slist_free_all(probe->headers);
	free(probe);
}

void http_probe_cancel(struct http_probe *probe)
{
	curl_multi_remove_handle(probe->prober->multi, probe->easy);
	free_probe(probe);
}

static const char *reason_of_failure(const struct http_probe *probe, CURLcode code, char *text)
{
	long os_error = 0;

	switch (code) {
	case CURLE_OPERATION_TIMEDOUT:
		return reason_of_timeout(probe->timeout_ms, text);
	case CURLE_COULDNT_CONNECT:
		curl_easy_getinfo(probe->easy, CURLINFO_OS_ERRNO, &os_error);
		return os_error != 0 ? reason_of_errno((int)os_error, text) : "cannot connect";
	case CURLE_GOT_NOTHING:
		return "connection closed without an answer";
	case CURLE_RECV_ERROR:
		return "connection reset";
	case CURLE_UNSUPPORTED_PROTOCOL:
	case CURLE_WEIRD_SERVER_REPLY:
		return "the answer is not HTTP";
	default:
		snprintf(text, REASON_SIZE, "%s", curl_easy_strerror(code));
		return text;
	}
}

static void finish(struct http_probe *probe, CURLcode code)
{
	probe_done *done = probe->done;
	void *context = probe->context;
	long status = 0;
	char text[REASON_SIZE];
	const char *reason = text;
	bool good = false;

	curl_easy_getinfo(probe->easy, CURLINFO_RESPONSE_CODE, &status);
	if (code == CURLE_OK || (code == CURLE_WRITE_ERROR && probe->body > BODY_LIMIT)) {
		good = status >= 200 && status <= 399;
		snprintf(text, sizeof(text), "HTTP status %ld", status);
	} else {
		reason = reason_of_failure(probe, code, text);
	}
	http_probe_cancel(probe);
	done(context, good, reason);
}

static void collect_finished(struct http_prober *prober)
{
	int left;

	for (;;) {
		const CURLMsg *message = curl_multi_info_read(prober->multi, &left);
		char *probe = NULL;

		if (message == NULL)
			return;
		if (message->msg != CURLMSG_DONE)
			continue;

		CURLcode code = message->data.result;

		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &probe);
		finish((struct http_probe *)(void *)probe, code);
	}
}

static void on_socket_ready(struct ev_loop *loop, ev_io *watcher, int events)
{
	struct http_prober *prober = watcher->data;
	int running;
	int what = (events & EV_READ ? CURL_CSELECT_IN : 0) |
		   (events & EV_WRITE ? CURL_CSELECT_OUT : 0);

	(void)loop;
	curl_multi_socket_action(prober->multi, watcher->fd, what, &running);
	collect_finished(prober);
}

static void on_timer(struct ev_loop *loop, ev_timer *watcher, int events)
{
	struct http_prober *prober = watcher->data;
	int running;

	(void)loop;
	(void)events;
	curl_multi_socket_action(prober->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	collect_finished(prober);
}

static int watch_socket(CURL *easy, curl_socket_t descriptor, int what, void *context,
			void *socket_context)
{
	struct http_prober *prober = context;
	struct watched_socket *watched = socket_context;

	(void)easy;
	if (watched != NULL)
		ev_io_stop(prober->loop, &watched->watcher);
	if (what == CURL_POLL_REMOVE) {
		free(watched);
		curl_multi_assign(prober->multi, descriptor, NULL);
		return 0;
	}
	if (watched == NULL) {
		watched = calloc(1, sizeof(*watched));
		if (watched == NULL)
			return -1;
		watched->prober = prober;
		curl_multi_assign(prober->multi, descriptor, watched);
	}

	int events = (what & CURL_POLL_IN ? EV_READ : 0) | (what & CURL_POLL_OUT ? EV_WRITE : 0);

	ev_io_init(&watched->watcher, on_socket_ready, descriptor, events);
	watched->watcher.data = prober;
	ev_io_start(prober->loop, &watched->watcher);
	return 0;
}

/* Never calls curl from here: a timeout of 0 is the loop's next turn. */
static int set_timer(CURLM *multi, long timeout_ms, void *context)
{
	struct http_prober *prober = context;

	(void)multi;
	ev_timer_stop(prober->loop, &prober->timer);
	if (timeout_ms >= 0) {
		ev_timer_set(&prober->timer, (double)timeout_ms / 1000.0, 0.0);
		ev_timer_start(prober->loop, &prober->timer);
	}
	return 0;
}

int http_prober_open(struct ev_loop *loop, struct http_prober **out)
{
	struct http_prober *prober = calloc(1, sizeof(*prober));

	if (prober == NULL)
		return -ENOMEM;
	prober->loop = loop;
	prober->multi = curl_multi_init();
	if (prober->multi == NULL) {
		free(prober);
		return -ENOMEM;
	}
	ev_init(&prober->timer, on_timer);
	prober->timer.data = prober;
	curl_multi_setopt(prober->multi, CURLMOPT_SOCKETFUNCTION, watch_socket);
	curl_multi_setopt(prober->multi, CURLMOPT_SOCKETDATA, prober);
	curl_multi_setopt(prober->multi, CURLMOPT_TIMERFUNCTION, set_timer);
	curl_multi_setopt(prober->multi, CURLMOPT_TIMERDATA, prober);
	*out = prober;
	return 0;
}

void http_prober_close(struct http_prober *prober)
{
	if (prober == NULL)
		return;
	curl_multi_cleanup(prober->multi);
	ev_timer_stop(prober->loop, &prober->timer);
	free(prober);
}

static size_t discard_body(char *data, size_t size, size_t count, void *context)
{
	struct http_probe *probe = context;

	(void)data;
	probe->body += size * count;
	return probe->body > BODY_LIMIT ? 0 : size * count;
}

static void set_source(CURL *easy, uint32_t be_source)
{
	char text[INET_ADDRSTRLEN], interface[INET_ADDRSTRLEN + 8];

	if (be_source == 0)
		return;
	inet_ntop(AF_INET, &be_source, text, sizeof(text));
	snprintf(interface, sizeof(interface), "host!%s", text);
	curl_easy_setopt(easy, CURLOPT_INTERFACE, interface);
}

static void set_request(struct http_probe *probe, const struct probe_target *target)
{
	char address[INET_ADDRSTRLEN];
	char url[CONFIG_PATH_SIZE + 64];
	char host[CONFIG_NAME_SIZE * 4 + 16];

	inet_ntop(AF_INET, &target->be_address, address, sizeof(address));
	snprintf(url, sizeof(url), "http://%s:%u%s", address, target->port, target->path);
	curl_easy_setopt(probe->easy, CURLOPT_URL, url);
	if (target->host[0] != '\0') {
		snprintf(host, sizeof(host), "Host: %s", target->host);
		probe->headers = curl_slist_append(NULL, host);
		curl_easy_setopt(probe->easy, CURLOPT_HTTPHEADER, probe->headers);
	}
}

int http_probe_start(struct http_prober *prober, const struct probe_target *target,
		     probe_done *done, void *context, struct http_probe **out)
{
	struct http_probe *probe = calloc(1, sizeof(*probe));

	if (probe == NULL)
		return -ENOMEM;
	*probe = (struct http_probe){.prober = prober,
				     .easy = curl_easy_init(),
				     .timeout_ms = target->timeout_ms,
				     .done = done,
				     .context = context};
	if (probe->easy == NULL) {
		free(probe);
		return -ENOMEM;
	}
	set_request(probe, target);
	set_source(probe->easy, target->be_source);
	curl_easy_setopt(probe->easy, CURLOPT_PRIVATE, probe);
	curl_easy_setopt(probe->easy, CURLOPT_USERAGENT, "headrace/" HEADRACE_VERSION);
	curl_easy_setopt(probe->easy, CURLOPT_PROTOCOLS_STR, "http");
	curl_easy_setopt(probe->easy, CURLOPT_PROXY, "");
	curl_easy_setopt(probe->easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(probe->easy, CURLOPT_FRESH_CONNECT, 1L);
	curl_easy_setopt(probe->easy, CURLOPT_FORBID_REUSE, 1L);
	curl_easy_setopt(probe->easy, CURLOPT_TIMEOUT_MS, (long)target->timeout_ms);
	curl_easy_setopt(probe->easy, CURLOPT_WRITEFUNCTION, discard_body);
	curl_easy_setopt(probe->easy, CURLOPT_WRITEDATA, probe);
	if (curl_multi_add_handle(prober->multi, probe->easy) != CURLM_OK) {
		free_probe(probe);
		return -ENOMEM;
	}
	*out = probe;
	return 0;
}
