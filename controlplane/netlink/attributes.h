/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* The attributes of an rtnetlink message, by their type. */
#pragma once

#include "controlplane/netlink/netlink.h"

#include <stddef.h>
#include <stdint.h>

/* Fills items[type] with each attribute behind `offset` whose type is at most `last`. */
void attributes_read(const struct nlmsghdr *message, size_t offset, const struct nlattr **items,
		     unsigned last);
/* The same of attributes that lie alone. */
void attributes_read_bytes(const void *bytes, size_t length, const struct nlattr **items,
			   unsigned last);

/* 0 when there is none (NULL). */
uint32_t attribute_u32(const struct nlattr *attribute);
/* NULL when there is none, or it is no Ethernet address. */
const uint8_t *attribute_mac(const struct nlattr *attribute);
/* Missing when there is none, or it is of another length. */
struct address attribute_address(const struct nlattr *attribute);

/* Of a route's attributes, RTA_VIA the last; missing: it leads onto the link. */
struct address attributes_gateway(const struct nlattr *const *items);
