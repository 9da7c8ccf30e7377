/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * The steering program as user space sees it: the object file inside this
 * binary, what is attached to an interface, and the maps of an attached one.
 *
 * The driver loads and attaches the program (it takes a file's path); the
 * loader opens its maps by the program's id afterwards. Main thread only.
 * Functions return 0 or -errno.
 */
#pragma once

#include "bpf/rules.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The compiled program, an ELF object. */
extern const unsigned char steering_object[];
extern const size_t steering_object_size;

/* Writes it to a new file, replacing what was there. */
int steering_write_object(const char *path);

enum steering_attached { STEERING_NONE, STEERING_OURS, STEERING_FOREIGN };

struct steering_attachment {
	enum steering_attached who;
	uint32_t program_id;
	bool native; /* in the driver; else in the generic path ("skb") */
	char name[16];
};

/* What XDP program the interface has. Needs CAP_SYS_ADMIN to look into it. */
int steering_inspect(unsigned interface_index, struct steering_attachment *out);

/* Detaches the program of this id, and none else. */
int steering_detach(unsigned interface_index, uint32_t program_id);

struct steering;

/* Opens the maps of our program on the interface, or of the program of this id; -ENOENT: not ours.
 */
int steering_open(unsigned interface_index, struct steering **out);
int steering_open_program(uint32_t program_id, struct steering **out);
void steering_close(struct steering *steering);

/* From now on frames to this MAC (or to any) are looked at. */
int steering_set_port(struct steering *steering, const uint8_t mac[6], bool any_mac);

/* Until when this node may serve a VRRP group, by CLOCK_MONOTONIC; group 0: not 0 when there are
 * groups at all. */
int steering_set_lease(struct steering *steering, uint32_t group, uint64_t until);

/* Adds to the maps what `now` has and `before` has not; _remove() the other way round. */
int steering_add(struct steering *steering, const struct steering_rules *before,
		 const struct steering_rules *now);
int steering_remove(struct steering *steering, const struct steering_rules *before,
		    const struct steering_rules *now);
