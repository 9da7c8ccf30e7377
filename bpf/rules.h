/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * What the steering maps of every port are to hold: a sorted set of rows for
 * each map, made anew for each generation of tables and compared with the last.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum steering_map {
	STEERING_SERVICES,
	STEERING_RANGES,
	STEERING_ENDPOINTS,
	STEERING_LOCALS,
	STEERING_HOSTS,
	STEERING_GROUPS,
	STEERING_MAP_COUNT
};

struct steering_rules {
	struct {
		uint8_t *rows; /* keys and values as the map has them */
		size_t count, capacity;
	} maps[STEERING_MAP_COUNT];
	bool out_of_memory; /* a row could not be added */
};

/*
 * Addresses are network order, IPv4 as ::ffff:a.b.c.d; ports host order, ranges inclusive. A
 * service of every port has 1 to 65535. An endpoint's port may be 0: every port. Running out of
 * memory is remembered and told by _finish().
 *
 * More than STEERING_MAX_RANGES ranges of one address and protocol, those that meet counted once,
 * become all its ports: what is matched too much the dataplane gives to Linux.
 */
void steering_rules_add_service(struct steering_rules *rules, const uint8_t address[16],
				uint16_t port_first, uint16_t port_last, uint8_t protocol);
void steering_rules_add_endpoint(struct steering_rules *rules, const uint8_t address[16],
				 uint16_t port, uint8_t protocol);
void steering_rules_add_local(struct steering_rules *rules, const uint8_t address[16],
			      uint16_t port_first, uint16_t port_last);
void steering_rules_add_host(struct steering_rules *rules, const uint8_t address[16]);
/* The address moves with this VRRP group, 1 and up. */
void steering_rules_add_group(struct steering_rules *rules, const uint8_t address[16],
			      uint8_t group);

/* Sorts and drops what is there twice; 0 or -ENOMEM. To be called before anything below. */
int steering_rules_finish(struct steering_rules *rules);
void steering_rules_free(struct steering_rules *rules);

/*
 * Calls visit() for each row of `a` whose key `b` does not have, or has with
 * another value when `compare_values`; stops and returns what visit() returned
 * when that is not 0.
 */
int steering_rules_difference(const struct steering_rules *a, const struct steering_rules *b,
			      bool compare_values,
			      int (*visit)(void *context, enum steering_map map, const void *key,
					   const void *value),
			      void *context);
