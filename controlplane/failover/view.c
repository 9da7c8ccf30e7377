/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "controlplane/failover/view.h"

#include "controlplane/clock.h"
#include "controlplane/controlplane.h"

#include <stdio.h>

struct failover_view failover_look(struct failover *failover)
{
	const struct report *report = report_reader_look(&failover->report);

	return (struct failover_view){.report = report,
				      .lives = report != NULL &&
					       report_reader_is_alive(&failover->report, report)};
}

void failover_view_group(const struct failover *failover, const struct failover_view *view,
			 size_t position, struct report_group *row)
{
	const struct config_vrrp_group *group =
		&failover->controlplane->config->vrrp_groups[position];

	if (view->lives &&
	    report_copy_group(view->report, failover->numbers.of_group[position], group->name, row))
		return;
	*row = (struct report_group){.state = view->lives ? REPORT_INIT : REPORT_FAULT};
	snprintf(row->name, sizeof(row->name), "%s", group->name);
	snprintf(row->reason, sizeof(row->reason), "%s",
		 view->lives ? "headrace-vrrp has not taken it up yet"
			     : "headrace-vrrp does not run: see the log");
}

double failover_heartbeat_age(const struct failover_view *view)
{
	uint64_t beat = view->report == NULL
				? 0
				: __atomic_load_n(&view->report->heartbeat, __ATOMIC_RELAXED);
	uint64_t now = clock_now_ns();

	return beat != 0 && now > beat ? (double)(now - beat) / 1e6 : 0.0;
}
