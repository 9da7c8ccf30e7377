/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "controlplane/curl_loop.h"

#include <errno.h>
#include <stdlib.h>

/* A socket of curl's in our loop. */
struct watched_socket {
	struct curl_loop *transfers;
	ev_io watcher;
};

static void collect_finished(struct curl_loop *transfers)
{
	int left;

	for (;;) {
		const CURLMsg *message = curl_multi_info_read(transfers->multi, &left);
		char *private = NULL;

		if (message == NULL)
			return;
		if (message->msg != CURLMSG_DONE)
			continue;

		CURLcode code = message->data.result;

		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &private);
		transfers->done(private, code);
	}
}

static void on_socket_ready(struct ev_loop *loop, ev_io *watcher, int events)
{
	struct curl_loop *transfers = watcher->data;
	int running;
	int what = (events & EV_READ ? CURL_CSELECT_IN : 0) |
		   (events & EV_WRITE ? CURL_CSELECT_OUT : 0);

	(void)loop;
	curl_multi_socket_action(transfers->multi, watcher->fd, what, &running);
	collect_finished(transfers);
}

static void on_timer(struct ev_loop *loop, ev_timer *watcher, int events)
{
	struct curl_loop *transfers = watcher->data;
	int running;

	(void)loop;
	(void)events;
	curl_multi_socket_action(transfers->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	collect_finished(transfers);
}

static int watch_socket(CURL *easy, curl_socket_t descriptor, int what, void *context,
			void *socket_context)
{
	struct curl_loop *transfers = context;
	struct watched_socket *watched = socket_context;

	(void)easy;
	if (watched != NULL)
		ev_io_stop(transfers->loop, &watched->watcher);
	if (what == CURL_POLL_REMOVE) {
		free(watched);
		curl_multi_assign(transfers->multi, descriptor, NULL);
		return 0;
	}
	if (watched == NULL) {
		watched = calloc(1, sizeof(*watched));
		if (watched == NULL)
			return -1;
		watched->transfers = transfers;
		curl_multi_assign(transfers->multi, descriptor, watched);
	}

	int events = (what & CURL_POLL_IN ? EV_READ : 0) | (what & CURL_POLL_OUT ? EV_WRITE : 0);

	ev_io_init(&watched->watcher, on_socket_ready, descriptor, events);
	watched->watcher.data = transfers;
	ev_io_start(transfers->loop, &watched->watcher);
	return 0;
}

/* Never calls curl from here: a timeout of 0 is the loop's next turn. */
static int set_timer(CURLM *multi, long timeout_ms, void *context)
{
	struct curl_loop *transfers = context;

	(void)multi;
	ev_timer_stop(transfers->loop, &transfers->timer);
	if (timeout_ms >= 0) {
		ev_timer_set(&transfers->timer, (double)timeout_ms / 1000.0, 0.0);
		ev_timer_start(transfers->loop, &transfers->timer);
	}
	return 0;
}

int curl_loop_open(struct curl_loop *transfers, struct ev_loop *loop, curl_loop_done *done)
{
	*transfers = (struct curl_loop){.loop = loop, .multi = curl_multi_init(), .done = done};
	if (transfers->multi == NULL)
		return -ENOMEM;
	ev_init(&transfers->timer, on_timer);
	/* An answer that came in time is looked at first, however late it is. */
	ev_set_priority(&transfers->timer, EV_MINPRI);
	transfers->timer.data = transfers;
	curl_multi_setopt(transfers->multi, CURLMOPT_SOCKETFUNCTION, watch_socket);
	curl_multi_setopt(transfers->multi, CURLMOPT_SOCKETDATA, transfers);
	curl_multi_setopt(transfers->multi, CURLMOPT_TIMERFUNCTION, set_timer);
	curl_multi_setopt(transfers->multi, CURLMOPT_TIMERDATA, transfers);
	return 0;
}

void curl_loop_close(struct curl_loop *transfers)
{
	if (transfers->multi == NULL)
		return;
	curl_multi_cleanup(transfers->multi);
	ev_timer_stop(transfers->loop, &transfers->timer);
	transfers->multi = NULL;
}
