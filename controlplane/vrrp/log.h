/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * The log, as controlplane/log.h has it, but never waited for: a line that
 * nobody takes at once (a pipe that is full, a socket) is lost and counted.
 */
#pragma once

#include "controlplane/log.h"

#include <stdbool.h>
#include <stdint.h>

struct vrrp_log {
	int descriptor;
	bool is_socket;
	bool is_journal; /* lines begin with their priority */
	uint64_t lost;
};

void vrrp_log_open(struct vrrp_log *log);

void vrrp_log(struct vrrp_log *log, enum log_level level, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
