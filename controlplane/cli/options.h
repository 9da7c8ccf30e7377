/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* What the command line says. */
#pragma once

#include "controlplane/cli/client.h"

#include <stdbool.h>

#define OPTIONS_WORDS_MAX 64

/* Which flows are meant: these options go to the API as they are. */
#define OPTIONS_FILTERS_MAX 16
extern const char *const options_filters[]; /* "service", ...; NULL behind the last */

struct options {
	const char *run_dir;
	const char *socket_path; /* NULL: that of the run directory */
	const char *api;         /* NULL: the socket */
	const char
		*filters[OPTIONS_FILTERS_MAX]; /* of flows, as options_filters; NULL: not given */
	bool all;
	const char *interval; /* NULL: not given */
	bool json;
	bool dry_run, force;
	bool peer;
	const char *token_file; /* NULL: none */
	const char *if_match;
	const char *weight;                   /* as written; NULL: stays */
	const char *admin;                    /* NULL: stays */
	const char *words[OPTIONS_WORDS_MAX]; /* the command and its arguments */
	int word_count;
};

/* Every long option there is, NULL behind the last. */
extern const char *const options_names[];

/* What a name may be made of: it needs no percent-encoding in a path. */
extern const char options_name_letters[];
bool options_is_name(const char *text);

/* 0, or -1 with the reason told on stderr. --help and --version print and exit. */
int options_parse(int argc, char **argv, struct options *options);

/* A complaint about the usage, on stderr. Returns CLI_USAGE. */
enum cli_exit options_refuse(const char *format, ...) __attribute__((format(printf, 1, 2)));
