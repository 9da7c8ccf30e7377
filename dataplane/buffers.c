/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "dataplane/buffers.h"

#include "dataplane/core/fragments.h"
#include "dataplane/core/packet.h"
#include "dataplane/device.h"
#include "dataplane/handoff.h"
#include "dataplane/log.h"

#include <rte_ether.h>
#include <rte_mbuf.h>

/* Beside what ports hold: bursts in work, the kernel path's rings, the caches. */
#define ELSEWHERE 4096

/* What AF_XDP keeps before a frame, beside the mbuf's headroom (XDP_PACKET_HEADROOM). */
#define XDP_HEADROOM 256
/* In the AF_XDP driver a buffer with all that DPDK puts before it is one of these. */
#define PAGE         4096
/* Cards count room in units of so many bytes, and leave the rest unused. */
#define CARD_UNIT    1024

/* Of an mbuf, with what the pool puts before it. */
#define BUFFER_HEAD (RTE_CACHE_LINE_SIZE + sizeof(struct rte_mbuf))

_Static_assert(BUFFER_HEAD + RTE_PKTMBUF_HEADROOM + XDP_HEADROOM + PORT_FRAME(BUFFERS_SMALL_MTU) +
			       PACKET_TAILROOM <=
		       PAGE,
	       "a small buffer fits into a page");

static bool is_large(uint16_t mtu)
{
	return mtu > BUFFERS_SMALL_MTU;
}

/* How many of a size, and what their ports' largest MTU is; count 0: no port wants any. */
struct want {
	unsigned count;
	uint16_t mtu;
	bool af_xdp;
};

static struct want find_want(const struct config_dataplane *config, bool large)
{
	struct want want = {0};

	for (size_t i = 0; i < config->port_count; i++) {
		const struct config_port *port = &config->ports[i];
		const uint16_t mtu = device_mtu(port);

		if (is_large(mtu) != large)
			continue;
		want.count += device_buffers(port) * device_queues(port, config->workers);
		want.mtu = mtu > want.mtu ? mtu : want.mtu;
		want.af_xdp |= port->kind == CONFIG_DEVICE_AF_XDP;
	}
	/* Packets of either size may be all that waits anywhere. */
	if (want.count > 0)
		want.count += ELSEWHERE + handoff_buffer_count(config->workers) +
			      config->workers * FRAGMENTS_HELD;
	return want;
}

/*
 * The AF_XDP driver gives the kernel a region as long as all buffers together,
 * from the first one on. DPDK puts no buffer across the end of a page: unless
 * they fill pages without a rest the last ones lie outside of the region, the
 * kernel takes them for invalid, and they are lost, one after the other.
 */
static uint16_t fill_page(uint16_t room)
{
	struct rte_mempool_objsz size;

	rte_mempool_calc_obj_size((uint32_t)sizeof(struct rte_mbuf) + room, RTE_MEMPOOL_F_NO_SPREAD,
				  &size);
	return size.total_size < PAGE
		       ? (uint16_t)(RTE_CACHE_LINE_ROUNDUP(room) + PAGE - size.total_size)
		       : room;
}

/* Of a frame with such a packet, and the engine's room behind. */
static uint32_t frame_room(uint16_t mtu)
{
	return PORT_FRAME(mtu) + PACKET_TAILROOM;
}

static uint16_t buffer_room(const struct want *want)
{
	const uint32_t frame = frame_room(want->mtu < RTE_ETHER_MTU ? RTE_ETHER_MTU : want->mtu);

	if (want->af_xdp)
		return fill_page((uint16_t)(RTE_PKTMBUF_HEADROOM + XDP_HEADROOM + frame));
	return (uint16_t)(RTE_PKTMBUF_HEADROOM + RTE_ALIGN_CEIL(frame, CARD_UNIT));
}

uint64_t buffers_bytes(const struct config_dataplane *config)
{
	uint64_t bytes = 0;

	for (int large = 0; large < 2; large++) {
		const struct want want = find_want(config, large);
		/* Of ordinary memory a large one takes whole pages, and all take a little more. */
		const uint64_t size =
			large ? RTE_ALIGN_CEIL(BUFFER_HEAD + buffer_room(&want), PAGE) : PAGE;

		bytes += want.count * (size + size / 12);
	}
	return bytes;
}

static struct rte_mempool *make_pool(const struct want *want, const char *name, unsigned cache)
{
	struct rte_pktmbuf_pool_private private = {.mbuf_data_room_size = buffer_room(want)};
	struct rte_mempool *pool;

	/* As rte_pktmbuf_pool_create() does, but nothing is put between buffers. */
	pool = rte_mempool_create(name, want->count,
				  (unsigned)sizeof(struct rte_mbuf) + private.mbuf_data_room_size,
				  cache, (unsigned)sizeof(private), rte_pktmbuf_pool_init, &private,
				  rte_pktmbuf_init, NULL, SOCKET_ID_ANY, RTE_MEMPOOL_F_NO_SPREAD);
	if (pool == NULL)
		log_line("no memory for %u packet buffers of %u bytes", want->count,
			 private.mbuf_data_room_size);
	return pool;
}

/* Whole packets fit into what the port is given. */
static int give(struct port *port, struct rte_mempool *pool)
{
	if (pool == NULL ||
	    rte_pktmbuf_data_room_size(pool) < RTE_PKTMBUF_HEADROOM + frame_room(port->mtu)) {
		log_line("port %s: the MTU of its interface changed while we started",
			 port->config->name);
		return -1;
	}
	port->buffers = pool;
	return 0;
}

int buffers_make(struct ports *ports, const struct config_dataplane *config, unsigned cache)
{
	static const char *const names[] = {"buffers", "large-buffers"};

	for (int large = 0; large < 2; large++) {
		const struct want want = find_want(config, large);

		if (want.count == 0)
			continue;
		ports->buffers[large] = make_pool(&want, names[large], cache);
		if (ports->buffers[large] == NULL)
			return -1;
	}
	for (uint16_t i = 0; i < ports->count; i++)
		if (give(&ports->items[i], ports->buffers[is_large(ports->items[i].mtu)]) != 0)
			return -1;
	return 0;
}

void buffers_free(struct ports *ports)
{
	for (int large = 0; large < 2; large++) {
		rte_mempool_free(ports->buffers[large]);
		ports->buffers[large] = NULL;
	}
}

uint8_t buffers_used(const struct rte_mempool *pool)
{
	/* Counted while workers take and give: a few more or less than there are. */
	const uint64_t used = rte_mempool_in_use_count(pool);

	return (uint8_t)((used * 100 + pool->size - 1) / pool->size);
}
