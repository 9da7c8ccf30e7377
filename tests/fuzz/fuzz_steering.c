/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * Any bytes as a frame for the steering program, compiled for this machine: it reads nothing
 * beyond the frame, and says the same as core/classify.c and, with the services' VRRP group without
 * a lease, core/fence.c. That the kernel's says the same too is for compare_steering.c.
 */
#include "dataplane/core/classify.h"
#include "dataplane/core/fence.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/native_steering.h"
#include "tests/unit/bpf/steering_frames.h"
#include "tests/unit/bpf/steering_scene.h"
#include "tests/unit/core/check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct snapshot *snapshot;
	static struct engine_port port;
	struct steering_rules rules;

	if (snapshot == NULL) {
		snapshot = steering_scene();
		memcpy(port.mac, steering_mac, sizeof(port.mac));
		assert_int_equal(generation_rules(snapshot, &rules), 0);
		native_steering_fill(&rules, steering_mac);
		native_steering_set_lease(0, 1);
		native_steering_set_lease(2, UINT64_MAX);
		steering_rules_free(&rules);
	}
	bool steered = native_steering_ask(data, (uint32_t)size);
	assert_int_equal(steered, fence_closes_frame(snapshot, 1u << 1, data, (uint32_t)size) ||
					  classify_frame(snapshot, &port, data, (uint32_t)size) ==
						  CLASSIFY_STEER);
	return 0;
}
