/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "config/patch.h"

#include <stdint.h>

json_t *patch_merge(const json_t *target, const json_t *patch)
{
	if (!json_is_object(patch))
		return json_deep_copy(patch);

	/* Members that the patch does not name are shared with the target. */
	json_t *merged =
		json_is_object(target) ? json_copy((json_t *)(uintptr_t)target) : json_object();
	const char *key;
	json_t *value;

	json_object_foreach ((json_t *)(uintptr_t)patch, key, value) {
		if (json_is_null(value)) {
			json_object_del(merged, key);
			continue;
		}

		json_t *member = patch_merge(json_object_get(merged, key), value);

		if (member == NULL || json_object_set_new(merged, key, member) < 0) {
			json_decref(merged);
			return NULL;
		}
	}
	return merged;
}
