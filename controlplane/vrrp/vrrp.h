/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * headrace-vrrp: everything it has, and its loop.
 *
 * One thread. A turn of the loop reads all there is to be read, and only then
 * looks at what is due: a process that was stopped for a while knows what happened meanwhile before
 * it acts. Nothing in it waits, but for the kernel when addresses are put or removed.
 */
#pragma once

#include "controlplane/vrrp/control_socket.h"
#include "controlplane/vrrp/dataplane_watch.h"
#include "controlplane/vrrp/group.h"

#define VRRP_SOCKETS PLAN_MAX_INSTANCES

struct vrrp {
	const char *run_dir;
	struct means means;
	struct interfaces interfaces;
	struct dataplane_watch dataplane;
	struct control_socket control;
	struct group *groups[ABI_MAX_GROUPS + 1];   /* by number; NULL: none */
	struct advert_socket sockets[VRRP_SOCKETS]; /* interface NULL: free */
	struct socket_batch batch;
	int signals;       /* signalfd */
	uint64_t retry_at; /* sockets that could not be opened */
	uint64_t crowd_began;
	uint32_t crowd_turns;
	bool must_refresh; /* groups */
	bool must_stop;
};

/* Takes up what the run directory holds; 0 or -errno, and the log says what is wrong. */
int vrrp_open(struct vrrp *vrrp, const char *run_dir);
/* Until it is told to stop. */
void vrrp_run(struct vrrp *vrrp);
/* Gives everything up. */
void vrrp_close(struct vrrp *vrrp);

/* vrrp_plan.c: goes by the plan in the run directory from now on; 0, or -errno and a sentence. */
int vrrp_take_plan(struct vrrp *vrrp, char trouble[PLAN_TROUBLE_SIZE]);
/* vrrp_plan.c: those that serve have their turns until a group's addresses are gone, and it with
 * them. */
void vrrp_drop_group(struct vrrp *vrrp, uint32_t number);
/* vrrp_command.c: a control_handler; the context is the struct vrrp. */
void vrrp_command(void *context, char *command, char *answer);
