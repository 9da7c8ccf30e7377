/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* The other node of a pair, as /v1/status shows it. */
#include "controlplane/api/resource.h"
#include "controlplane/api/values.h"

json_t *api_peer(const struct controlplane *controlplane)
{
	const struct peer_view *view = &controlplane->peer.view;
	bool is_reachable = view->is_checked && view->alarm != PEER_UNREACHABLE;
	bool was_heard = view->node[0] != '\0';
	json_t *object;

	if (view->api[0] == '\0')
		return json_null();
	object = json_pack("{s:s}", "api", view->api);
	json_object_set_new(object, "reachable",
			    view->is_checked ? json_boolean(is_reachable) : json_null());
	json_object_set_new(object, "node", was_heard ? json_string(view->node) : json_null());
	json_object_set_new(object, "revision",
			    was_heard ? value_of_number(view->revision) : json_null());
	json_object_set_new(object, "same_configuration",
			    is_reachable ? json_boolean(view->is_same) : json_null());
	json_object_set_new(object, "checked",
			    view->is_checked ? json_real(api_seconds_since(view->checked_ms))
					     : json_null());
	json_object_set_new(object, "alarm",
			    view->alarm == PEER_WELL ? json_null() : json_string(view->sentence));
	return object;
}
