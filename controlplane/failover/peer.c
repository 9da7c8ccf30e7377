/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "controlplane/failover/peer.h"

#include "controlplane/clock.h"
#include "controlplane/controlplane.h"
#include "controlplane/log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EVERY_SECONDS 5.0
#define TIMEOUT_MS    2000L
#define BODY_LIMIT    (4u << 20)

static size_t take_body(char *data, size_t size, size_t count, void *context)
{
	struct peer *peer = context;
	size_t more = size * count;
	char *body = peer->length + more > BODY_LIMIT
			     ? NULL
			     : realloc(peer->body, peer->length + more + 1);

	if (body == NULL)
		return 0;
	memcpy(body + peer->length, data, more);
	peer->body = body;
	peer->length += more;
	return more;
}

static void drop_body(struct peer *peer)
{
	free(peer->body);
	peer->body = NULL;
	peer->length = 0;
}

/* A line when an alarm begins, and when all is well again. */
static void tell(const struct peer *peer, enum peer_alarm before)
{
	const struct peer_view *view = &peer->view;

	if (view->alarm == before)
		return;
	if (view->alarm != PEER_WELL)
		log_warning("%s", view->sentence);
	else
		log_info("the peer %s at %s is reachable, and has the same configuration",
			 view->node, view->api);
}

static void on_done(void *private, CURLcode code)
{
	struct peer *peer = private;
	const struct controlplane *controlplane = peer->controlplane;
	struct peer_view *view = &peer->view;
	struct peer_self self = {.node_id = controlplane->config->node.id,
				 .shared_etag = controlplane->shared_etag,
				 .revision = controlplane->revision};
	enum peer_alarm before = view->alarm;
	long status = 0;

	curl_easy_getinfo(peer->easy, CURLINFO_RESPONSE_CODE, &status);
	curl_multi_remove_handle(peer->transfers.multi, peer->easy);
	peer->is_asking = false;
	view->is_checked = true;
	view->checked_ms = clock_now_ms();
	if (code != CURLE_OK)
		peer_judge_silence(view, curl_easy_strerror(code));
	else
		peer_judge(view, &self, status, peer->body, peer->length);
	drop_body(peer);
	tell(peer, before);
}

static void ask(struct peer *peer)
{
	char url[CONFIG_NAME_SIZE + 32];

	snprintf(url, sizeof(url), "http://%s/v1/status", peer->view.api);
	if (curl_easy_setopt(peer->easy, CURLOPT_URL, url) == CURLE_OK &&
	    curl_multi_add_handle(peer->transfers.multi, peer->easy) == CURLM_OK)
		peer->is_asking = true;
}

/* Another peer, or none, by a change of the configuration: nothing is known of it. */
static void follow_configuration(struct peer *peer)
{
	const char *api = peer->controlplane->config->node.peer_api;

	if (strcmp(api, peer->view.api) == 0)
		return;
	peer->view = (struct peer_view){0};
	memcpy(peer->view.api, api, sizeof(peer->view.api));
}

static void on_timer(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct peer *peer = timer->data;

	(void)loop;
	(void)events;
	if (peer->is_asking)
		return;
	follow_configuration(peer);
	if (peer->view.api[0] != '\0')
		ask(peer);
}

static struct curl_slist *make_headers(const char *token)
{
	char line[TOKEN_SIZE + 32];

	if (token[0] == '\0')
		return NULL;
	snprintf(line, sizeof(line), "Authorization: Bearer %s", token);
	return curl_slist_append(NULL, line);
}

static void set_up(struct peer *peer)
{
	CURL *easy = peer->easy;

	curl_easy_setopt(easy, CURLOPT_PRIVATE, peer);
	curl_easy_setopt(easy, CURLOPT_USERAGENT, "headrace/" HEADRACE_VERSION);
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, peer->headers);
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http");
	curl_easy_setopt(easy, CURLOPT_PROXY, "");
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
	curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, TIMEOUT_MS);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, peer);
}

int peer_open(struct peer *peer, struct controlplane *controlplane)
{
	*peer = (struct peer){.easy = curl_easy_init(),
			      .headers = make_headers(controlplane->token)};
	if (peer->easy == NULL ||
	    curl_loop_open(&peer->transfers, controlplane->loop, on_done) < 0) {
		curl_easy_cleanup(peer->easy);
		curl_slist_free_all(peer->headers);
		return -ENOMEM;
	}
	peer->controlplane = controlplane;
	set_up(peer);
	ev_timer_init(&peer->timer, on_timer, 0.0, EVERY_SECONDS);
	peer->timer.data = peer;
	ev_timer_start(controlplane->loop, &peer->timer);
	return 0;
}

void peer_close(struct peer *peer)
{
	if (peer->controlplane == NULL)
		return;
	ev_timer_stop(peer->controlplane->loop, &peer->timer);
	if (peer->is_asking)
		curl_multi_remove_handle(peer->transfers.multi, peer->easy);
	curl_easy_cleanup(peer->easy);
	curl_loop_close(&peer->transfers);
	curl_slist_free_all(peer->headers);
	drop_body(peer);
	*peer = (struct peer){0};
}
