/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * The control plane: everything hangs off this. One thread, one event loop.
 *
 * Life-cycle: controlplane_open() brings the parts up in the order of the
 * fields; the guard is loaded before an address is put on the machine. A clean
 * stop goes the other way round: headrace-vrrp, addresses, then the guard; `tables` stays, and
 * with it the dataplane goes on forwarding. After a crash everything in the
 * kernel stays, and the next start takes it over.
 */
#pragma once

#include "config/config.h"
#include "config/etag.h"
#include "config/save.h"
#include "config/token.h"
#include "controlplane/api/server.h"
#include "controlplane/failover/failover.h"
#include "controlplane/failover/peer.h"
#include "controlplane/guard/guard.h"
#include "controlplane/health/health.h"
#include "controlplane/local_pool_watch.h"
#include "controlplane/metrics/counts.h"
#include "controlplane/neighbours/network.h"
#include "controlplane/publication.h"
#include "controlplane/publish/publish.h"
#include "controlplane/restart_required.h"
#include "controlplane/stats/stats.h"

#include <ev.h>

struct controlplane {
	struct ev_loop *loop;
	const char *run_dir;
	const char *config_path;
	uint64_t started_ms;
	char token[TOKEN_SIZE]; /* of the API by TCP, ours and the peer's; empty: none */

	struct config *config; /* the running one */
	struct config
		*leaving; /* the one before it, until a generation without it is out; else NULL */
	struct restart_required restart_required;

	json_t *document; /* of the running configuration as it was written, without its revision */
	char etag[ETAG_SIZE];        /* of the document */
	char shared_etag[ETAG_SIZE]; /* of all of it but "node" */
	uint64_t revision;           /* counts changes */
	struct save_identity file;   /* as it was last read or written */
	uint64_t file_revision;      /* that it carried then; 0: none */

	struct stats *stats;
	struct network *network;
	struct publisher *publisher;
	struct guard *guard;
	bool addresses_placed;
	struct health *health;
	struct failover failover;
	struct publication publication;
	struct local_pool_watch local_pool_watch;
	struct api_server *api;
	struct peer peer;
	unsigned streams; /* answers of the API that are made while they are sent */
	struct counts counts;
};

/* What it starts with. */
struct controlplane_start {
	const char *run_dir;
	const char *config_path;
	struct config *config;     /* what the file says; taken over, whatever the outcome */
	json_t *document;          /* likewise */
	struct save_identity file; /* before it was read */
};

/* Faults are logged; 0 or -errno. */
int controlplane_open(struct controlplane *controlplane, struct ev_loop *loop,
		      const struct controlplane_start *start);

/* The clean stop. With `leave` everything stays as it is in the kernel, headrace-vrrp included, for
 * the next control plane to take over. */
void controlplane_close(struct controlplane *controlplane, bool leave);

/* A generation of the running configuration is out: the one before is guarded no longer. */
void controlplane_settle(struct controlplane *controlplane);

/* Reads the configuration file anew; a faulty one is logged and changes nothing. */
void controlplane_reload(struct controlplane *controlplane);
