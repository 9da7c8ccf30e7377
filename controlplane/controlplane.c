/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "controlplane/controlplane.h"

#include "controlplane/addresses/addresses.h"
#include "controlplane/addresses/sysctls.h"
#include "controlplane/clock.h"
#include "controlplane/log.h"

#include <errno.h>
#include <string.h>

/* Links, addresses, routes or neighbours changed: all that follows from them follows. */
static void on_network_change(void *context)
{
	struct controlplane *controlplane = context;

	if (controlplane->guard != NULL)
		guard_load(controlplane->guard, controlplane->config, controlplane->leaving);
	if (controlplane->addresses_placed)
		addresses_apply(controlplane->network);
	if (controlplane->health != NULL) {
		failover_update(&controlplane->failover);
		publication_request(&controlplane->publication);
	}
}

static void on_health_change(void *context)
{
	struct controlplane *controlplane = context;

	failover_update(&controlplane->failover);
	publication_request(&controlplane->publication);
}

/* What the generation found at start says of the backend: a restart is no reason to doubt it. */
static enum check_verdict adopted_verdict(void *context, const struct config_pool *pool,
					  const struct config_backend *backend)
{
	struct controlplane *controlplane = context;

	if (!publisher_adopted(controlplane->publisher))
		return CHECK_UNDECIDED;
	switch (publisher_backend_state(controlplane->publisher, pool->name, backend)) {
	case ABI_BACKEND_UP:
	case ABI_BACKEND_DRAINING: /* one that is down is so, whatever was asked of it */
		return CHECK_UP;
	case ABI_BACKEND_DOWN:
		return CHECK_DOWN;
	default:
		return CHECK_UNDECIDED;
	}
}

static int read_token(struct controlplane *controlplane)
{
	const char *path = controlplane->config->api.token_file;
	const char *why = path[0] == '\0' ? NULL : token_read(path, controlplane->token);

	if (why == NULL)
		return 0;
	log_error("not starting without the API's token: /api/token_file: %s: %s", path, why);
	return -EINVAL;
}

static int open_network(struct controlplane *controlplane)
{
	int error = network_open(controlplane->loop, controlplane->config, on_network_change,
				 controlplane, &controlplane->network);

	if (error < 0)
		log_error("cannot read Linux's links, addresses and routes: %s", strerror(-error));
	return error;
}

static int open_publisher(struct controlplane *controlplane)
{
	int error = publisher_open(controlplane->run_dir, &controlplane->publisher);

	if (error < 0)
		log_error("cannot open %s/tables for writing: %s", controlplane->run_dir,
			  strerror(-error));
	else if (publisher_adopted(controlplane->publisher))
		log_info("took over generation %lu of the tables",
			 (unsigned long)publisher_generation(controlplane->publisher));
	return error;
}

/* Without the guard Linux would answer for the services' addresses, and reset their clients. */
static int open_guard(struct controlplane *controlplane)
{
	int error =
		guard_open(controlplane->network, controlplane->publisher, &controlplane->guard);

	if (error == 0)
		error = guard_load(controlplane->guard, controlplane->config, NULL);
	if (error < 0)
		log_error("not starting without the guard: Linux would reset the clients of "
			  "services whenever the dataplane is away. It needs root (CAP_NET_ADMIN) "
			  "and a kernel with nf_tables and the netdev ingress hook "
			  "(CONFIG_NF_TABLES_NETDEV)");
	return error;
}

static int place_addresses(struct controlplane *controlplane)
{
	int error = addresses_apply(controlplane->network);

	controlplane->addresses_placed = true;
	return error;
}

static int open_health(struct controlplane *controlplane)
{
	struct health_callbacks callbacks = {
		.on_change = on_health_change, .adopted = adopted_verdict, .context = controlplane};
	int error = health_open(controlplane->loop, controlplane->network, &callbacks,
				&controlplane->health);

	if (error == 0)
		error = health_set_config(controlplane->health, controlplane->config);
	if (error < 0)
		log_error("cannot start health checks: %s", strerror(-error));
	return error;
}

int controlplane_open(struct controlplane *controlplane, struct ev_loop *loop,
		      const struct controlplane_start *start)
{
	*controlplane = (struct controlplane){.loop = loop,
					      .run_dir = start->run_dir,
					      .config_path = start->config_path,
					      .started_ms = clock_now_ms(),
					      .config = start->config,
					      .document = start->document,
					      .revision = start->config->revision,
					      .file = start->file,
					      .file_revision = start->config->revision};

	etag_of(controlplane->document, controlplane->etag);
	etag_of_shared(controlplane->document, controlplane->shared_etag);

	int error = read_token(controlplane);

	if (error == 0)
		error = stats_open(start->run_dir, &controlplane->stats);
	if (error == 0)
		error = open_network(controlplane);
	if (error == 0)
		error = open_publisher(controlplane);
	if (error == 0)
		error = open_guard(controlplane);
	if (error == 0) {
		sysctls_check(controlplane->network, controlplane->config);
		error = place_addresses(controlplane);
	}
	if (error == 0)
		error = open_health(controlplane);
	if (error == 0) {
		failover_open(&controlplane->failover, controlplane);
		publication_start(&controlplane->publication, controlplane);
		local_pool_watch_start(&controlplane->local_pool_watch, controlplane);
		error = api_server_open(controlplane, &controlplane->api);
	}
	if (error == 0)
		error = peer_open(&controlplane->peer, controlplane);
	if (error < 0)
		controlplane_close(controlplane, false);
	return error;
}

void controlplane_settle(struct controlplane *controlplane)
{
	config_free(controlplane->leaving);
	controlplane->leaving = NULL;
	guard_load(controlplane->guard, controlplane->config, NULL);
}

void controlplane_close(struct controlplane *controlplane, bool leave)
{
	peer_close(&controlplane->peer);
	api_server_close(controlplane->api);
	local_pool_watch_stop(&controlplane->local_pool_watch);
	publication_stop(&controlplane->publication);
	if (!leave)
		failover_stop_program(&controlplane->failover);
	failover_close(&controlplane->failover);
	health_close(controlplane->health);
	if (controlplane->addresses_placed && !leave)
		addresses_clear(controlplane->network);
	if (controlplane->guard != NULL && !leave)
		guard_remove(controlplane->guard);
	guard_close(controlplane->guard);
	publisher_close(controlplane->publisher);
	network_close(controlplane->network);
	stats_close(controlplane->stats);
	config_free(controlplane->leaving);
	config_free(controlplane->config);
	json_decref(controlplane->document);
	*controlplane = (struct controlplane){0};
}
