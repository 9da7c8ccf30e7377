/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* Metrics of the other node of a pair. */
#include "controlplane/metrics/families.h"

void metrics_of_peer(struct metrics_text *text, const struct metrics_source *source)
{
	const struct peer_view *view = &source->controlplane->peer.view;
	bool is_reachable = view->alarm != PEER_UNREACHABLE;

	metrics_family(text, "headrace_peer_reachable", METRICS_GAUGE,
		       "1 while the other node's API answers this one, else 0.");
	if (view->is_checked)
		metrics_count(text, NULL, is_reachable);
	metrics_family(text, "headrace_peer_configuration_same", METRICS_GAUGE,
		       "1 while the other node has the same configuration, but for its section "
		       "node; else 0.");
	if (view->is_checked && is_reachable)
		metrics_count(text, NULL, view->is_same);
}
