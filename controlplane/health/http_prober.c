/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* What all HTTP probes share, and how each ends. */
#include "controlplane/health/http.h"
#include "controlplane/health/reason.h"

#include <errno.h>
#include <stdlib.h>

void http_probe_cancel(struct http_probe *probe)
{
	curl_multi_remove_handle(probe->kind->prober->transfers.multi, probe->easy);
	http_kind_give_back(probe);
}

static void finish(void *private, CURLcode code)
{
	struct http_probe *probe = private;
	probe_done *done = probe->done;
	void *context = probe->context;
	char text[REASON_SIZE];
	const char *reason = text;
	enum probe_result result = http_judge(probe, code, text, &reason);

	http_probe_cancel(probe);
	done(context, result, reason);
}

int http_prober_open(struct ev_loop *loop, struct http_prober **out)
{
	struct http_prober *prober = calloc(1, sizeof(*prober));

	if (prober == NULL)
		return -ENOMEM;
	if (curl_loop_open(&prober->transfers, loop, finish) < 0) {
		free(prober);
		return -ENOMEM;
	}
	*out = prober;
	return 0;
}

void http_prober_close(struct http_prober *prober)
{
	if (prober == NULL)
		return;
	curl_loop_close(&prober->transfers);
	free(prober);
}
