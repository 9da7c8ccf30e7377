/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* libcurl's multi interface, its sockets and timer watched by our loop: transfers that nobody waits
 * for. */
#pragma once

#include <curl/curl.h>
#include <ev.h>

/* `private`: the handle's CURLOPT_PRIVATE. The handle is still in the multi handle. */
typedef void curl_loop_done(void *private, CURLcode code);

struct curl_loop {
	struct ev_loop *loop;
	CURLM *multi; /* handles are added to it, and removed; NULL: not open */
	ev_timer timer;
	curl_loop_done *done;
};

/* It stays where it is until it is closed; 0 or -ENOMEM. */
int curl_loop_open(struct curl_loop *transfers, struct ev_loop *loop, curl_loop_done *done);

/* When no handle is in it any more. */
void curl_loop_close(struct curl_loop *transfers);
