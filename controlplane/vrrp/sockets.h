/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * Raw sockets of VRRP, one for each interface and family, and the one that
 * announcements go out by. 0 or -errno.
 */
#pragma once

#include "controlplane/vrrp/advert.h"
#include "controlplane/vrrp/interfaces.h"

#define SOCKET_BATCH       64   /* packets read at once */
#define SOCKET_PACKET_SIZE 1600 /* longer ones are cut, and so of a bad length */

struct advert_socket {
	struct interface *interface;
	uint32_t index;  /* of the interface it is bound to; 0: it is closed */
	uint32_t losses; /* of the interface, when it was bound */
	uint8_t family;
	int descriptor;
};

/* What a batch is read into; much memory, of which one is enough. */
struct socket_batch {
	uint8_t bytes[SOCKET_BATCH][SOCKET_PACKET_SIZE];
	struct advert_packet packets[SOCKET_BATCH];
	uint32_t count;
};

/* Opens it, or opens it anew when the interface is another one of the name, or has addresses again.
 */
int advert_socket_refresh(struct advert_socket *socket);
void advert_socket_close(struct advert_socket *socket);

/* Reads as many as there are and a batch holds; false: no more had come. */
bool advert_socket_read(const struct advert_socket *socket, struct socket_batch *batch);

/* NULL as destination: the group of all VRRP routers. */
int advert_socket_send(const struct advert_socket *socket, const uint8_t source[16],
		       const uint8_t destination[16], const void *bytes, size_t length);
extern const uint8_t advert_group_ipv4[16], advert_group_ipv6[16];

/* The descriptor, or -errno. */
int announcement_socket_open(void);
int announcement_socket_send(int descriptor, uint32_t index, const void *frame, size_t length);
