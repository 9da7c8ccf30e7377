/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* What the shell may complete a word to. */
#pragma once

#include "controlplane/cli/options.h"

/*
 * `headrace __complete WORD...`: the words behind "headrace", the last of them
 * (perhaps empty) the one to complete. Prints what fits, a line each, or
 * ":files". Says nothing of errors: the shell is in the middle of a line.
 */
enum cli_exit complete_run(const char *const *words, int count);
