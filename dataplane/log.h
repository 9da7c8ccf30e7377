/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#pragma once

/* One line on stderr, headed by the program's name. Never from a worker's loop. */
void log_line(const char *format, ...) __attribute__((format(printf, 1, 2)));
