/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "controlplane/api/removed.h"

#include "controlplane/api/resource.h"
#include "controlplane/backend_state.h"

static json_t *render_removed(struct controlplane *controlplane, const char *name,
			      const struct publish_removed *removed)
{
	json_t *object = json_object();

	json_object_set_new(object, "name", json_string(name));
	json_object_set_new(object, "address", api_address(&removed->address));
	json_object_set_new(object, "port", json_integer(removed->port));
	json_object_set_new(object, "weight", json_integer(0));
	json_object_set_new(object, "admin", json_string("drain"));
	json_object_set_new(object, "state", json_string(backend_state_text(BACKEND_REMOVED)));
	json_object_set_new(object, "reason",
			    json_string("left the configuration; keeps its flows until they end"));
	json_object_set_new(object, "since", json_real(api_seconds_since(removed->removed_at)));
	json_object_set_new(object, "check_duration_ms", json_real(0.0));
	json_object_set_new(object, "next_hop", json_null());
	api_put_backend_traffic(controlplane, object, (int)removed->index);
	return object;
}

json_t *removed_by_pool(struct controlplane *controlplane)
{
	json_t *pools = json_object();
	struct publish_removed removed;
	struct removed_name name;
	uint32_t from = 0;

	while (publisher_next_removed(controlplane->publisher, from, &removed) >= 0) {
		from = removed.index + 1;
		removed_split(removed.name, removed.index, &name);
		if (json_object_get(pools, name.pool) == NULL)
			json_object_set_new(pools, name.pool, json_array());
		json_array_append_new(json_object_get(pools, name.pool),
				      render_removed(controlplane, name.backend, &removed));
	}
	return pools;
}
