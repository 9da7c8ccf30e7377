/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * What of the load balancer the random worlds use, and the model expects of
 * the engine. The model knows all of it; ENGINE_FEATURES says what the engine
 * has: 1 or 0, a line each.
 */
#pragma once

enum feature {
	FEATURE_IPV6 = 1 << 0,          /* both families; without it IPv6 is Linux's */
	FEATURE_PORT_RANGES = 1 << 1,   /* listeners of ranges and of every port */
	FEATURE_CLIENT_RANGES = 1 << 2, /* services allow and deny clients */
	FEATURE_UDP_ONE_SHOT = 1 << 3, /* one question and one answer have a timeout of their own */
	FEATURE_KNOWN_FIRST = 1 << 4,  /* of a burst, packets of known flows are run first */
	FEATURE_EVICTION = 1 << 5,     /* a full table gives up half-open flows for new ones */
};

#define FEATURE_ALL 0x3f

#define ENGINE_FEATURES                   \
	(1 * FEATURE_IPV6 |          /**/ \
	 1 * FEATURE_PORT_RANGES |   /**/ \
	 1 * FEATURE_CLIENT_RANGES | /**/ \
	 1 * FEATURE_UDP_ONE_SHOT |  /**/ \
	 1 * FEATURE_KNOWN_FIRST |   /**/ \
	 1 * FEATURE_EVICTION)
