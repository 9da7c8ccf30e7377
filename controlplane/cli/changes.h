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

/* What a dry run answers, for reading. */
void changes_print(const json_t *answer, FILE *stream);
