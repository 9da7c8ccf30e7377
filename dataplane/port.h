/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * Ports: the network interfaces and virtual devices packets come in and go out
 * by, each a DPDK device made from the configuration.
 *
 * Life-cycle: ports_probe() makes the devices, after which MAC and MTU are
 * known; buffers_make() gives them buffers; ports_start() sets their queues up, from when on
 * packets may arrive; ports_close() ends both. Main thread only; the fields are read by workers
 * once started.
 */
#pragma once

#include "config/model.h"
#include "dataplane/abi/status.h"
#include "dataplane/core/owner.h"
#include "dataplane/core/port.h"
#include "dataplane/core/tags.h"
#include "dataplane/interface.h"
#include "dataplane/run_files.h"

#include <stdbool.h>
#include <stdint.h>

struct rte_mempool;
struct steering;

#define PORT_MAX_QUEUES 64

/* Bytes of the largest frame with a packet of so many: Ethernet and two VLAN tags. */
#define PORT_FRAME(mtu) ((uint32_t)(mtu) + ETHERNET_SIZE + TAGS_SIZE)

struct port {
	const struct config_port *config;
	uint16_t index; /* position in the configuration: what the ABI calls a port */
	uint16_t dpdk_id;
	uint16_t queue_count;       /* receive queues; as many to send by */
	const char *driver;         /* DPDK's name of it */
	struct interface interface; /* index 0: Linux has none for it */
	uint8_t mac[6];
	uint16_t mtu;
	struct rte_mempool *buffers; /* that packets from it come in (buffers.h) */
	bool any_mac;                /* its MAC means nothing: takes frames to any */
	bool probed, started;
	/* How its card spreads packets (rss.h); 0 entries: it does not, or need not. */
	enum abi_rss rss;
	uint16_t reta_size;
	uint8_t rss_key_size;
	uint64_t rx_checksums; /* offloads by which its card tells of wrong ones; 0: it cannot */
	uint64_t rss_types;
	bool attached; /* its queues were set up: there is something to close */

	/* AF_XDP only. */
	int claim; /* held for life, so that no other dataplane takes the interface; 0: none */
	struct steering *steering;
	int sockets[PORT_MAX_QUEUES]; /* the driver's; not ours to close */
	unsigned socket_count;
};

struct ports {
	struct port items[ABI_MAX_PORTS];
	uint16_t count;
	struct rte_mempool *buffers[2]; /* small and large ones; NULL: no port wants such */
	char object[RUN_PATH_SIZE];     /* the steering program's file; empty: not written */
};

/* What the engine must know of it. */
struct engine_port port_for_engine(const struct port *port);

/* Needs EAL; queues are for so many workers. 0 or -1, with the reason logged. */
int ports_probe(struct ports *ports, const struct config_dataplane *config,
		const struct run_directory *directory, unsigned workers);

/* `owner` says who gets what of cards that ask; not looked at with one worker, nor is the key. */
int ports_start(struct ports *ports, const struct owner *owner, uint8_t key[TOEPLITZ_KEY_SIZE]);

/*
 * False when a device was left as it is: the AF_XDP driver, closed before it
 * attached anything, would detach whatever program the interface has. EAL must
 * not clean up then.
 */
bool ports_close(struct ports *ports);

/* Link and losses before us, into the rows of `status`. */
void ports_refresh_status(const struct ports *ports, struct abi_status *status);
