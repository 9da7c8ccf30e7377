/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * Talking to the kernel over rtnetlink: requests that are answered at once.
 * Functions return 0 or -errno.
 */
#pragma once

#include "config/address.h"

#include <libmnl/libmnl.h>
#include <stdbool.h>
#include <stdint.h>

/* Room for any request we make. */
#define NETLINK_REQUEST_SIZE 1024

struct netlink; /* a socket for requests */

int netlink_open(struct netlink **out);
void netlink_close(struct netlink *netlink);

/*
 * Sends the request and calls `on_message` for each message of the answer, with
 * NULL it only waits for the kernel's yes or no. Does not wait on anything but
 * the kernel. A dump that changed under its reading ends with -EINTR.
 */
int netlink_request(struct netlink *netlink, struct nlmsghdr *request, mnl_cb_t on_message,
		    void *context);

/*
 * A dump of everything of one type, of all families; `header_size` bytes behind
 * the message head are zero. One that changes under its reading is read again,
 * a few times at most, with *count (unless it is NULL) set to 0 each time.
 */
int netlink_dump(struct netlink *netlink, uint16_t type, size_t header_size, mnl_cb_t on_message,
		 void *context, size_t *count);

/* AF_INET or AF_INET6. */
uint8_t netlink_family(const struct address *address);
bool netlink_is_internet(uint8_t family);
/* 4 or 16 bytes. */
void netlink_put_address(struct nlmsghdr *request, uint16_t type, const struct address *address);
