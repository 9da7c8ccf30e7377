/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* What is shown of failover: the configuration's groups, and what headrace-vrrp says of them. */
#pragma once

#include "controlplane/failover/report_reader.h"

struct failover;

struct failover_view {
	bool lives;                  /* headrace-vrrp */
	const struct report *report; /* of the last one that lived; NULL: none */
};

/* Good until the next call. */
struct failover_view failover_look(struct failover *failover);

/*
 * The group at a position of config->vrrp_groups. Of one that nobody says anything of, the row has
 * a state and a reason, and is 0 otherwise.
 */
void failover_view_group(const struct failover *failover, const struct failover_view *view,
			 size_t position, struct report_group *row);

/* How long ago headrace-vrrp last turned, ms. */
double failover_heartbeat_age(const struct failover_view *view);
