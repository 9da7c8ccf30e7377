/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "controlplane/api/server.h"

#include "controlplane/api/listener.h"
#include "controlplane/api/respond.h"
#include "controlplane/api/upload.h"
#include "controlplane/clock.h"
#include "controlplane/controlplane.h"
#include "controlplane/log.h"

#include <errno.h>
#include <microhttpd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LISTENERS_MAX      8
#define CONNECTIONS_MAX    64
#define CONNECTIONS_OF_ONE 32          /* address: nobody keeps all others out */
#define CONNECTION_MEMORY  (64 * 1024) /* holds a block of an answer too */
#define CONNECTION_TIMEOUT 30u         /* s */
#define TELL_AGAIN_MS      1000
#define RUNS_MAX           16 /* in a row, while there is work without waiting */

struct api_listener {
	struct api_server *server;
	char where[256];
	bool is_tcp;
	struct MHD_Daemon *daemon;
	ev_io ready;
	ev_timer timer;
};

struct api_server {
	struct controlplane *controlplane;
	struct api_listener listeners[LISTENERS_MAX];
	size_t count;
	size_t uploads;           /* bytes of bodies that are coming in */
	uint64_t told_ms, untold; /* of the library's own words */
};

static void run_daemon(struct api_listener *listener)
{
	struct ev_loop *loop = listener->server->controlplane->loop;
	MHD_UNSIGNED_LONG_LONG timeout_ms;

	ev_timer_stop(loop, &listener->timer);
	for (int i = 0; i < RUNS_MAX; i++) {
		MHD_run(listener->daemon);
		if (MHD_get_timeout(listener->daemon, &timeout_ms) != MHD_YES)
			return;
		if (timeout_ms > 0)
			break;
	}
	ev_timer_set(&listener->timer, (double)timeout_ms / 1000.0, 0.0);
	ev_timer_start(loop, &listener->timer);
}

static void on_ready(struct ev_loop *loop, ev_io *watcher, int events)
{
	(void)loop;
	(void)events;
	run_daemon(watcher->data);
}

static void on_timer(struct ev_loop *loop, ev_timer *watcher, int events)
{
	(void)loop;
	(void)events;
	run_daemon(watcher->data);
}

/* That requests have to show; NULL: none. */
static const char *token_of(const struct api_listener *listener)
{
	const char *token = listener->server->controlplane->token;

	return listener->is_tcp && token[0] != '\0' ? token : NULL;
}

/* The head of a request is there; a body may follow. */
static enum MHD_Result begin_request(struct api_listener *listener,
				     struct MHD_Connection *connection, void **state)
{
	struct api_server *server = listener->server;
	unsigned refused = respond_to_head(connection, token_of(listener));
	struct upload *upload = calloc(1, sizeof(*upload));

	if (upload == NULL)
		return MHD_NO;
	upload->all = &server->uploads;
	*state = upload;
	if (refused == 0)
		return MHD_YES;
	counts_answer(&server->controlplane->counts, refused);
	return respond_refusal(connection, refused);
}

static enum MHD_Result on_request(void *context, struct MHD_Connection *connection, const char *url,
				  const char *method, const char *version, const char *bytes,
				  size_t *length, void **state)
{
	struct api_listener *listener = context;

	(void)version;
	if (*state == NULL)
		return begin_request(listener, connection, state);
	if (*length > 0) {
		bool goes_on = upload_append(*state, bytes, *length);

		*length = 0;
		return goes_on ? MHD_YES : MHD_NO;
	}

	struct respond_to to = {.controlplane = listener->server->controlplane,
				.connection = connection,
				.path = url,
				.method = method,
				.upload = *state,
				.asks_for_host = listener->is_tcp && token_of(listener) == NULL};

	return respond(&to);
}

static void on_completed(void *context, struct MHD_Connection *connection, void **state,
			 enum MHD_RequestTerminationCode code)
{
	(void)context;
	(void)connection;
	(void)code;
	upload_free(*state);
	*state = NULL;
}

static void on_message(void *context, const char *format, va_list arguments)
	__attribute__((format(printf, 2, 0)));

/* libmicrohttpd's own words, such as a request with a broken head: anybody can have it say them,
 * as often as they like. */
static void on_message(void *context, const char *format, va_list arguments)
{
	struct api_server *server = context;
	uint64_t now = clock_now_ms();
	char text[256];

	if (server->told_ms != 0 && now - server->told_ms < TELL_AGAIN_MS) {
		server->untold++;
		return;
	}
	vsnprintf(text, sizeof(text), format, arguments);
	text[strcspn(text, "\n")] = '\0';
	if (server->untold > 0)
		log_warning("api: %lu lines of the HTTP library were left out",
			    (unsigned long)server->untold);
	log_warning("api: %s", text);
	server->told_ms = now;
	server->untold = 0;
}

static int start_daemon(struct api_server *server, struct api_listener *listener, int descriptor)
{
	listener->daemon = MHD_start_daemon(
		MHD_USE_EPOLL | MHD_USE_ERROR_LOG, 0, NULL, NULL, on_request, listener,
		MHD_OPTION_EXTERNAL_LOGGER, on_message, server, MHD_OPTION_LISTEN_SOCKET,
		descriptor, MHD_OPTION_CONNECTION_LIMIT, CONNECTIONS_MAX,
		MHD_OPTION_PER_IP_CONNECTION_LIMIT, CONNECTIONS_OF_ONE,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY,
		MHD_OPTION_CONNECTION_TIMEOUT, CONNECTION_TIMEOUT, MHD_OPTION_NOTIFY_COMPLETED,
		on_completed, listener, MHD_OPTION_END);
	if (listener->daemon == NULL)
		return -EIO;

	const union MHD_DaemonInfo *info =
		MHD_get_daemon_info(listener->daemon, MHD_DAEMON_INFO_EPOLL_FD);

	if (info == NULL)
		return -EIO;
	ev_io_init(&listener->ready, on_ready, info->epoll_fd, EV_READ);
	ev_init(&listener->timer, on_timer);
	listener->ready.data = listener;
	listener->timer.data = listener;
	ev_io_start(server->controlplane->loop, &listener->ready);
	return 0;
}

static int add_listener(struct api_server *server, const char *where)
{
	struct api_listener *listener = &server->listeners[server->count];
	int descriptor = listener_open(where);

	if (descriptor < 0)
		return descriptor;
	listener->server = server;
	listener->is_tcp = listener_is_tcp(where);
	snprintf(listener->where, sizeof(listener->where), "%s", where);

	int error = start_daemon(server, listener, descriptor);

	server->count++;
	if (error < 0) {
		log_error("the API cannot start on %s", where);
		if (listener->daemon == NULL)
			close(descriptor);
	}
	return error;
}

int api_server_open(struct controlplane *controlplane, struct api_server **out)
{
	const struct config_api *config = &controlplane->config->api;
	struct api_server *server = calloc(1, sizeof(*server));
	char fallback[256];
	int error = 0;

	if (server == NULL)
		return -ENOMEM;
	server->controlplane = controlplane;
	snprintf(fallback, sizeof(fallback), "unix:%s/api.sock", controlplane->run_dir);
	if (config->listen_count == 0)
		error = add_listener(server, fallback);
	for (size_t i = 0; i < config->listen_count && i < LISTENERS_MAX && error == 0; i++)
		error = add_listener(server, config->listen[i]);
	if (error < 0) {
		api_server_close(server);
		return error;
	}
	*out = server;
	return 0;
}

void api_server_close(struct api_server *server)
{
	if (server == NULL)
		return;
	for (size_t i = 0; i < server->count; i++) {
		struct api_listener *listener = &server->listeners[i];

		if (listener->daemon == NULL)
			continue;
		ev_io_stop(server->controlplane->loop, &listener->ready);
		ev_timer_stop(server->controlplane->loop, &listener->timer);
		MHD_stop_daemon(listener->daemon); /* closes the socket too */
		listener_unlink(listener->where);
	}
	free(server);
}
