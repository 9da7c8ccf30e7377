/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* Commands that change the configuration, or tell what would change. */
#pragma once

#include "controlplane/cli/options.h"

/* `headrace apply FILE`, `headrace diff FILE` */
enum cli_exit apply_run(const struct client *client, const struct options *options);
enum cli_exit diff_run(const struct client *client, const struct options *options);

/* `headrace set backend POOL/BACKEND...` */
enum cli_exit set_run(const struct client *client, const struct options *options);

/* The whole file, or standard input for "-", to be freed; NULL, told on stderr. */
char *changes_read_file(const char *path, size_t *length);

/* What a change answers, for reading. */
void changes_print_applied(const json_t *answer);

/* What a dry run answers, for reading. */
void changes_print(const json_t *answer, FILE *stream);
