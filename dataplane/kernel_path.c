/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "dataplane/kernel_path.h"

#include "dataplane/abi/verdicts.h"
#include "dataplane/core/packet.h"
#include "dataplane/log.h"

#include <errno.h>
#include <rte_mbuf.h>
#include <rte_ring.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define RING_SIZE 1024

/* Of one port or ring in one turn. */
#define BURST PACKET_BURST

static int open_tap(struct tap *tap, const struct port *port)
{
	char name[IF_NAMESIZE];
	const char *step;
	int error;

	snprintf(name, sizeof(name), "hr-%.12s", port->config->name);
	error = tap_open(tap, name, port->mac, port->mtu, &step);
	if (error == -EBUSY)
		log_line("port %s: there is an interface %s already; another dataplane in this "
			 "network namespace, or a port whose name begins with the same 12 letters, "
			 "has it",
			 port->config->name, name);
	else if (error != 0)
		log_line("port %s: the tap %s: %s: %s; it needs /dev/net/tun and CAP_NET_ADMIN",
			 port->config->name, name, step, strerror(-error));
	return error != 0 ? -1 : 0;
}

static struct rte_ring *make_ring(const char *name, unsigned number)
{
	char text[RTE_RING_NAMESIZE];

	snprintf(text, sizeof(text), "%s-%u", name, number);
	return rte_ring_create(text, RING_SIZE, SOCKET_ID_ANY, RING_F_SP_ENQ | RING_F_SC_DEQ);
}

int kernel_path_open(struct kernel_path *path, const struct ports *ports, unsigned worker_count,
		     struct abi_counters_block *counters)
{
	path->counters = counters;
	path->worker_count = worker_count;
	for (uint16_t i = 0; i < ports->count; i++) {
		if (open_tap(&path->taps[i], &ports->items[i]) != 0)
			return -1;
		path->buffers[i] = ports->items[i].buffers;
		path->tap_count++;
	}
	path->from_linux = make_ring("from-linux", 0);
	for (unsigned i = 0; i < worker_count; i++)
		path->to_linux[i] = make_ring("to-linux", i);
	for (unsigned i = 0; i < worker_count; i++) {
		if (path->to_linux[i] == NULL || path->from_linux == NULL) {
			log_line("no memory for the rings of the kernel path");
			return -1;
		}
	}
	return 0;
}

static void give_to_linux(struct kernel_path *path, struct rte_mbuf *mbuf)
{
	struct abi_counters_block *counters = path->counters;
	const uint16_t port = mbuf->port;
	ssize_t written = write(path->taps[port].fd, rte_pktmbuf_mtod(mbuf, void *),
				rte_pktmbuf_data_len(mbuf));

	if (written == (ssize_t)rte_pktmbuf_data_len(mbuf)) {
		counters->to_linux++;
		counters->ports[port].to_linux++;
	} else {
		counters->verdicts[ABI_VERDICT_TAP_FULL]++;
	}
	rte_pktmbuf_free(mbuf);
}

static bool drain_ring(struct kernel_path *path, struct rte_ring *ring)
{
	struct rte_mbuf *mbufs[BURST];
	unsigned count = rte_ring_sc_dequeue_burst(ring, (void **)mbufs, BURST, NULL);

	for (unsigned i = 0; i < count; i++)
		give_to_linux(path, mbufs[i]);
	return count > 0;
}

/* One frame from the tap; false when there is none, or no buffer to read it into. */
static bool take_from_linux(struct kernel_path *path, uint16_t port)
{
	struct abi_counters_block *counters = path->counters;
	struct rte_mbuf *mbuf = rte_pktmbuf_alloc(path->buffers[port]);
	ssize_t length;

	if (mbuf == NULL)
		return false;
	length = read(path->taps[port].fd, rte_pktmbuf_mtod(mbuf, void *),
		      rte_pktmbuf_tailroom(mbuf));
	if (length <= 0) {
		rte_pktmbuf_free(mbuf);
		return false;
	}
	counters->from_linux++;
	counters->ports[port].from_linux++;
	mbuf->port = port;
	mbuf->data_len = (uint16_t)length;
	mbuf->pkt_len = (uint32_t)length;
	if (rte_ring_sp_enqueue(path->from_linux, mbuf) != 0) {
		counters->verdicts[ABI_VERDICT_WORKER_RING_FULL]++;
		rte_pktmbuf_free(mbuf);
	}
	return true;
}

bool kernel_path_write(struct kernel_path *path)
{
	bool busy = false;

	for (unsigned i = 0; i < path->worker_count; i++)
		busy |= drain_ring(path, path->to_linux[i]);
	return busy;
}

bool kernel_path_read(struct kernel_path *path, uint16_t port)
{
	unsigned count = 0;

	while (count < BURST && take_from_linux(path, port))
		count++;
	return count > 0;
}

void kernel_path_close(struct kernel_path *path)
{
	for (unsigned i = 0; i < path->worker_count; i++) {
		while (path->to_linux[i] != NULL && drain_ring(path, path->to_linux[i]))
			;
		rte_ring_free(path->to_linux[i]);
		path->to_linux[i] = NULL;
	}
	rte_ring_free(path->from_linux);
	path->from_linux = NULL;
	for (uint16_t i = 0; i < path->tap_count; i++)
		tap_close(&path->taps[i]);
	path->tap_count = 0;
}
