/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* A plan that was looked at once, so that whoever goes by it need not. */
#pragma once

#include "controlplane/vrrp/plan.h"

#include <stddef.h>

#define PLAN_TROUBLE_SIZE 160

struct plan_view {
	void *bytes; /* of plan_read(); else NULL */
	const struct plan *head;
	const struct plan_group *groups;
	const struct plan_instance *instances;
	const struct plan_peer *peers;
	const struct plan_address *addresses;
	const struct plan_interface *interfaces;
};

/* Pure. 0; -EINVAL: `trouble` says what is wrong with it, in a sentence. */
int plan_check(const void *bytes, size_t size, struct plan_view *out,
	       char trouble[PLAN_TROUBLE_SIZE]);

/* Reads and checks the file; 0 or -errno, and `trouble` says what. */
int plan_read(const char *path, struct plan_view *out, char trouble[PLAN_TROUBLE_SIZE]);
void plan_free(struct plan_view *view);
