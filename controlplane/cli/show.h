/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* `headrace show`: answers of the API, made for reading. */
#pragma once

#include "controlplane/cli/client.h"
#include "controlplane/cli/table.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct show_options {
	const char *what; /* "status", ... */
	const struct client *client;
	const char *interval; /* between the readings of workers; NULL: a second */
	bool json;
};

enum cli_exit show_run(const struct show_options *options);

/* How one answer is shown. */
struct show_output {
	FILE *stream;
	bool colours;
};

typedef void show_render(const json_t *document, const struct show_output *output);

show_render show_status;
show_render show_services;
show_render show_pools;
show_render show_backends;
show_render show_local_pools;
show_render show_ports;
show_render show_vrrp;

/* Of two readings, the later one last. */
void show_workers(const json_t *before, const json_t *after, const struct show_output *output);

/* A table with these titles: add() is called with each item of a list, and adds its row or rows. */
void show_rows(const char *const *titles, const json_t *list,
	       void (*add)(struct table *table, const json_t *item),
	       const struct show_output *output);

/* Members of an answer; "" or 0 when they are not there. */
const char *show_text(const json_t *object, const char *key);
uint64_t show_number(const json_t *object, const char *key);
