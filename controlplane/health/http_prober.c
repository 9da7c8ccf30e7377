/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* libcurl's multi interface, its sockets and timer watched by our loop. */
#include "controlplane/health/http.h"
#include "controlplane/health/reason.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A socket of curl's in our loop. */
struct watched_socket {
	struct http_prober *prober;
	ev_io watcher;
};

void http_probe_cancel(struct http_probe *probe)
{
	curl_multi_remove_handle(probe->kind->prober->multi, probe->easy);
	http_kind_give_back(probe);
}

static void finish(struct http_probe *probe, CURLcode code)
{
	probe_done *done = probe->done;
	void *context = probe->context;
	char text[REASON_SIZE];
	const char *reason = text;
	enum probe_result result = http_judge(probe, code, text, &reason);

	http_probe_cancel(probe);
	done(context, result, reason);
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
	/* An answer that came in time is looked at first, however late it is. */
	ev_set_priority(&prober->timer, EV_MINPRI);
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
