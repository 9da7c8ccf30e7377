/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* One question to the control plane's API over its unix socket. */
#pragma once

#include <jansson.h>

/* How the program ends. */
enum cli_exit { CLI_DONE, CLI_REFUSED, CLI_USAGE, CLI_UNREACHABLE };

/* GETs the path; CLI_DONE and a new reference, or why not (told on stderr). */
enum cli_exit client_get(const char *socket_path, const char *path, json_t **out);
