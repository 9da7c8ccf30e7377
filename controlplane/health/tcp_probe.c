/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "controlplane/health/probe.h"
#include "controlplane/health/reason.h"
#include "controlplane/socket_address.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

struct tcp_probe {
	struct ev_loop *loop;
	int socket;
	ev_io connected;
	ev_timer late;
	uint32_t timeout_ms;
	probe_done *done;
	void *context;
};

void tcp_probe_cancel(struct tcp_probe *probe)
{
	ev_io_stop(probe->loop, &probe->connected);
	ev_timer_stop(probe->loop, &probe->late);
	close(probe->socket);
	free(probe);
}

static void finish(struct tcp_probe *probe, enum probe_result result, const char *reason)
{
	probe_done *done = probe->done;
	void *context = probe->context;

	tcp_probe_cancel(probe);
	done(context, result, reason);
}

static void on_connected(struct ev_loop *loop, ev_io *watcher, int events)
{
	struct tcp_probe *probe = watcher->data;
	int error = 0;
	socklen_t size = sizeof(error);
	char reason[REASON_SIZE];

	(void)loop;
	(void)events;
	if (getsockopt(probe->socket, SOL_SOCKET, SO_ERROR, &error, &size) < 0)
		error = errno;
	finish(probe, probe_result_of_errno(error),
	       error == 0 ? "connected" : reason_of_errno(error, reason));
}

static void on_late(struct ev_loop *loop, ev_timer *watcher, int events)
{
	struct tcp_probe *probe = watcher->data;
	char reason[REASON_SIZE];

	(void)loop;
	(void)events;
	finish(probe, PROBE_FAILED, reason_of_timeout(probe->timeout_ms, reason));
}

/* 0 when the connection is made or under way. */
static int begin_connection(int descriptor, const struct probe_target *target)
{
	struct sockaddr_storage to;
	socklen_t length = socket_address(&target->address, target->port, &to);

	if (connect(descriptor, (struct sockaddr *)&to, length) < 0 && errno != EINPROGRESS)
		return -errno;
	return 0;
}

int tcp_probe_start(struct ev_loop *loop, const struct probe_target *target, probe_done *done,
		    void *context, struct tcp_probe **out)
{
	int descriptor = probe_socket(target);

	if (descriptor < 0)
		return descriptor;

	int error = begin_connection(descriptor, target);
	struct tcp_probe *probe = error == 0 ? calloc(1, sizeof(*probe)) : NULL;

	if (probe == NULL) {
		close(descriptor);
		return error < 0 ? error : -ENOMEM;
	}
	*probe = (struct tcp_probe){.loop = loop,
				    .socket = descriptor,
				    .timeout_ms = target->timeout_ms,
				    .done = done,
				    .context = context};
	ev_io_init(&probe->connected, on_connected, descriptor, EV_WRITE);
	ev_timer_init(&probe->late, on_late, target->timeout_ms / 1000.0, 0.0);
	/* An answer that came in time is looked at first, however late it is. */
	ev_set_priority(&probe->late, EV_MINPRI);
	probe->connected.data = probe;
	probe->late.data = probe;
	ev_io_start(loop, &probe->connected);
	ev_timer_start(loop, &probe->late);
	*out = probe;
	return 0;
}
