/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "controlplane/vrrp/vrrp_wait.h"

#include "controlplane/clock.h"
#include "controlplane/vrrp/notify.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define HEARTBEAT 100000000ull  /* ns; it sleeps no longer */
#define RETRY     1000000000ull /* ns; of sockets that could not be opened */

/* Batches read of a socket in a turn: a flood must not keep the rest from being done. */
#define BATCHES_A_TURN 8

static void on_lost_address(void *context, const struct lost_address *lost)
{
	struct vrrp *vrrp = context;

	for (uint32_t number = 1; number <= ABI_MAX_GROUPS; number++) {
		if (vrrp->groups[number] != NULL)
			holdings_lost(&vrrp->groups[number]->holdings, lost);
	}
}

static int open_signals(struct vrrp *vrrp)
{
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGHUP);
	sigaddset(&signals, SIGCHLD);
	signal(SIGPIPE, SIG_IGN);
	/* The control plane's; a service manager may send it to all that it started. */
	signal(SIGUSR1, SIG_IGN);
	if (sigprocmask(SIG_BLOCK, &signals, NULL) < 0)
		return -errno;
	vrrp->signals = signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC);
	return vrrp->signals < 0 ? -errno : 0;
}

static int failed(struct vrrp *vrrp, const char *what, int error)
{
	vrrp_log(&vrrp->means.log, LOG_LEVEL_ERROR, "%s: %s", what, strerror(-error));
	return error;
}

int vrrp_open(struct vrrp *vrrp, const char *run_dir)
{
	char trouble[PLAN_TROUBLE_SIZE];
	int error;

	vrrp->run_dir = run_dir;
	vrrp->interfaces.on_lost = on_lost_address;
	vrrp->interfaces.context = vrrp;
	control_socket_init(&vrrp->control);
	dataplane_watch_init(&vrrp->dataplane, run_dir);
	error = lease_open(run_dir, &vrrp->means.lease);
	if (error == 0)
		error = report_open(run_dir, &vrrp->means.report, &vrrp->means.released);
	if (error < 0)
		return failed(vrrp, "cannot make the files in the run directory", error);
	error = open_signals(vrrp);
	if (error == 0)
		error = netlink_open(&vrrp->means.netlink);
	if (error == 0)
		error = interfaces_open(&vrrp->interfaces, vrrp->means.netlink);
	if (error < 0)
		return failed(vrrp, "cannot listen to the kernel", error);
	error = holdings_clear(vrrp->means.netlink);
	if (error < 0)
		return failed(vrrp, "cannot remove the addresses of a run before", error);
	vrrp->means.announcement_socket = announcement_socket_open();
	if (vrrp->means.announcement_socket < 0)
		return failed(vrrp, "cannot open a socket for announcements (root?)",
			      vrrp->means.announcement_socket);
	error = control_socket_open(&vrrp->control, run_dir);
	if (error < 0)
		return failed(vrrp, "cannot open the control socket", error);
	return vrrp_take_plan(vrrp, trouble);
}

/* Whose packet it is: of the instance with its id, else of the interface's first. */
static void dispatch(struct vrrp *vrrp, const struct advert_socket *socket,
		     const struct advert_packet *packet, uint64_t now)
{
	struct instance *first = NULL;
	struct advert advert;
	enum report_fault fault = advert_parse(packet, &advert);

	for (uint32_t number = 1; number <= ABI_MAX_GROUPS; number++) {
		struct group *group = vrrp->groups[number];
		uint32_t count = group == NULL ? 0 : group->election.rules.path_count;

		for (uint32_t i = 0; i < count; i++) {
			struct instance *instance = &group->instances[i];

			if (instance->socket != socket)
				continue;
			if (memcmp(packet->source, instance->source, 16) == 0)
				return; /* our own */
			if (instance->id == advert.id) {
				group_hear(group, &vrrp->means, i, packet, fault, &advert, now);
				return;
			}
			first = first == NULL ? instance : first;
		}
	}
	if (first != NULL)
		first->report->faults[fault == ADVERT_OK ? REPORT_BAD_VRID : fault]++;
}

/* Heard when it was read, and no earlier: were we stopped since the turn began, what came
 * meanwhile would be old, and whoever sends it not be heard any more in the turn that follows. */
static void read_adverts(struct vrrp *vrrp)
{
	const struct socket_batch *batch = &vrrp->batch;

	for (uint32_t i = 0; i < VRRP_SOCKETS; i++) {
		struct advert_socket *socket = &vrrp->sockets[i];
		bool is_more = socket->interface != NULL && socket->index != 0;

		for (int turns = 0; is_more && turns < BATCHES_A_TURN; turns++) {
			is_more = advert_socket_read(socket, &vrrp->batch);

			uint64_t heard_at = clock_now_ns();

			for (uint32_t j = 0; j < batch->count; j++)
				dispatch(vrrp, socket, &batch->packets[j], heard_at);
		}
	}
}

static void read_signals(struct vrrp *vrrp)
{
	char trouble[PLAN_TROUBLE_SIZE];
	struct signalfd_siginfo info;

	while (read(vrrp->signals, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGCHLD)
			notify_reap();
		else if (info.ssi_signo == SIGHUP)
			vrrp_take_plan(vrrp, trouble);
		else
			vrrp->must_stop = true;
	}
}

static void refresh_sockets(struct vrrp *vrrp, uint64_t now)
{
	vrrp->retry_at = UINT64_MAX;
	for (uint32_t i = 0; i < VRRP_SOCKETS; i++) {
		struct advert_socket *socket = &vrrp->sockets[i];
		int error = socket->interface == NULL ? 0 : advert_socket_refresh(socket);

		if (error == 0 || error == -ENODEV)
			continue;
		vrrp->retry_at = now + RETRY;
		vrrp_log(&vrrp->means.log, LOG_LEVEL_ERROR,
			 "cannot open a socket for IPv%u on %s: %s", socket->family,
			 socket->interface->name, strerror(-error));
	}
}

static void refresh(struct vrrp *vrrp, uint64_t now)
{
	refresh_sockets(vrrp, now);
	for (uint32_t number = 1; number <= ABI_MAX_GROUPS; number++) {
		if (vrrp->groups[number] != NULL)
			group_refresh(vrrp->groups[number], &vrrp->means, vrrp->dataplane.trouble,
				      now);
	}
	vrrp->must_refresh = false;
}

static void watch_dataplane(struct vrrp *vrrp, const struct pollfd *process, uint64_t now)
{
	const char *before = vrrp->dataplane.trouble;

	if (process->revents != 0 && process->fd == vrrp->dataplane.process)
		dataplane_watch_ended(&vrrp->dataplane);
	dataplane_watch_tick(&vrrp->dataplane, now);
	if (vrrp->dataplane.trouble != before)
		vrrp->must_refresh = true;
}

static bool is_any(const struct pollfd *polled, int count)
{
	for (int i = 0; i < count; i++) {
		if (polled[i].revents != 0)
			return true;
	}
	return false;
}

/* One turn: first everything that is to be known, then what is due. */
static void turn(struct vrrp *vrrp, const struct pollfd *polled, uint64_t now)
{
	read_adverts(vrrp);
	if (polled[POLL_MONITOR].revents != 0)
		vrrp->must_refresh |= interfaces_read(&vrrp->interfaces);
	vrrp->must_refresh |= interfaces_tick(&vrrp->interfaces, now);
	watch_dataplane(vrrp, &polled[POLL_DATAPLANE], now);
	if (vrrp->must_refresh || now >= vrrp->retry_at)
		refresh(vrrp, now);
	for (uint32_t number = 1; number <= ABI_MAX_GROUPS; number++) {
		if (vrrp->groups[number] != NULL)
			group_tick(vrrp->groups[number], &vrrp->means, now);
	}
	if (polled[POLL_SIGNALS].revents != 0)
		read_signals(vrrp);
	if (is_any(polled + POLL_LISTENER, 1 + CONTROL_CLIENTS))
		control_socket_read(&vrrp->control, vrrp_command, vrrp);
	vrrp->means.report->log_lost = vrrp->means.log.lost;
	__atomic_store_n(&vrrp->means.report->heartbeat, now, __ATOMIC_RELAXED);
}

static uint64_t earliest(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t next_deadline(const struct vrrp *vrrp, uint64_t now)
{
	uint64_t deadline = earliest(now + HEARTBEAT, vrrp->dataplane.look_at);

	deadline = earliest(deadline, interfaces_deadline(&vrrp->interfaces));
	deadline = earliest(deadline, vrrp->retry_at);
	for (uint32_t number = 1; number <= ABI_MAX_GROUPS; number++) {
		if (vrrp->groups[number] != NULL)
			deadline = earliest(deadline, group_deadline(vrrp->groups[number]));
	}
	return vrrp->must_refresh || vrrp->must_stop ? now : deadline;
}

void vrrp_run(struct vrrp *vrrp)
{
	struct pollfd polled[POLL_MAX] = {{0}};

	while (!vrrp->must_stop) {
		uint64_t began = clock_now_ns(), now;
		uint64_t deadline;

		turn(vrrp, polled, began);
		deadline = next_deadline(vrrp, began);
		now = clock_now_ns();
		if (now - began > vrrp->means.report->longest_turn)
			vrrp->means.report->longest_turn = now - began;
		vrrp_wait(vrrp, polled, deadline, now);
	}
}

void vrrp_close(struct vrrp *vrrp)
{
	/* Leases first: nothing of any group is answered while the others are given up. */
	for (uint32_t number = 1; number <= ABI_MAX_GROUPS; number++) {
		if (vrrp->groups[number] != NULL)
			lease_set(&vrrp->means.lease, number, 0);
	}
	for (uint32_t number = 1; number <= ABI_MAX_GROUPS; number++) {
		if (vrrp->groups[number] != NULL)
			group_stop(vrrp->groups[number], &vrrp->means);
	}
	for (uint32_t number = 1; number <= ABI_MAX_GROUPS; number++) {
		if (vrrp->groups[number] != NULL)
			vrrp_drop_group(vrrp, number);
	}
	for (uint32_t i = 0; i < VRRP_SOCKETS; i++) {
		if (vrrp->sockets[i].interface != NULL)
			advert_socket_close(&vrrp->sockets[i]);
	}
	control_socket_close(&vrrp->control);
	if (vrrp->interfaces.monitor != NULL)
		mnl_socket_close(vrrp->interfaces.monitor);
	netlink_close(vrrp->means.netlink);
}
