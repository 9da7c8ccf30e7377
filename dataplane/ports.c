/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "dataplane/port.h"

#include "bpf/loader.h"
#include "dataplane/af_xdp.h"
#include "dataplane/buffers.h"
#include "dataplane/device.h"
#include "dataplane/log.h"
#include "dataplane/rss.h"

#include <errno.h>
#include <rte_dev.h>
#include <rte_ethdev.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define STEERING_OBJECT "steering.o"

/* Descriptors of a queue; a driver that wants fewer or more says so. */
#define RING_SIZE 2048

static bool is_af_xdp(const struct port *port)
{
	return port->config->kind == CONFIG_DEVICE_AF_XDP;
}

static int create_device(struct port *port, const struct device_kind *kind, const char *object)
{
	char arguments[DEVICE_TEXT_SIZE];
	char name[RTE_ETH_NAME_MAX_LEN];
	int error = 0;

	port->queue_count = 1;
	if (kind->prepare(port, object, arguments) != 0)
		return -1;
	if (kind->driver != NULL) {
		snprintf(name, sizeof(name), "%s%u", kind->driver, port->index);
		error = rte_eal_hotplug_add("vdev", name, arguments);
	} else {
		snprintf(name, sizeof(name), "%.*s", (int)sizeof(name) - 1, arguments);
	}
	if (error == 0)
		error = rte_eth_dev_get_port_by_name(name, &port->dpdk_id);
	if (error == 0)
		return 0;
	if (kind->driver != NULL)
		log_line("port %s: DPDK cannot make the device %s of %s (%s): %s",
			 port->config->name, name, port->config->device, arguments,
			 strerror(-error));
	else
		log_line("port %s: DPDK has no driver for the PCI device %s, or it is not bound "
			 "to vfio-pci; see: dpdk-devbind.py --status",
			 port->config->name, name);
	return -1;
}

/*
 * The card's word on TCP's and UDP's checksums. Not a virtual machine's: there it means that
 * packets may come whose checksum nobody has filled in yet.
 */
static uint64_t rx_checksums(const struct rte_eth_dev_info *info)
{
	static const uint64_t wanted = RTE_ETH_RX_OFFLOAD_TCP_CKSUM | RTE_ETH_RX_OFFLOAD_UDP_CKSUM;
	bool is_virtual = strstr(info->driver_name, "virtio") != NULL ||
			  strstr(info->driver_name, "vhost") != NULL;

	return !is_virtual && (info->rx_offload_capa & wanted) == wanted ? wanted : 0;
}

static int probe(struct port *port, const char *object, unsigned workers)
{
	const struct device_kind *kind = device_kind(port->config->kind);
	struct rte_eth_dev_info info;
	struct rte_ether_addr mac;

	if (create_device(port, kind, object) != 0)
		return -1;
	port->probed = true;
	if (rte_eth_dev_info_get(port->dpdk_id, &info) != 0 ||
	    rte_eth_macaddr_get(port->dpdk_id, &mac) != 0) {
		log_line("port %s: the driver of %s does not describe it", port->config->name,
			 port->config->device);
		return -1;
	}
	port->driver = info.driver_name;
	rss_read(port, &info, workers);
	port->rx_checksums = rx_checksums(&info);
	port->any_mac = kind->any_mac;
	/* A ring has none, and a tap wants one: locally administered, by the port's number. */
	if (rte_is_zero_ether_addr(&mac))
		mac = (struct rte_ether_addr){{0x02, 0x48, 0x52, 0, 0, (uint8_t)port->index}};
	memcpy(port->mac, mac.addr_bytes, sizeof(port->mac));
	port->mtu = device_mtu(port->config);
	if (port->mtu > info.max_mtu) {
		log_line("port %s: its MTU is %u, and the driver %s takes up to %u: set the port's "
			 "mtu to that, or less",
			 port->config->name, port->mtu, info.driver_name, info.max_mtu);
		return -1;
	}
	return 0;
}

static int write_object(struct ports *ports, const struct config_dataplane *config,
			const struct run_directory *directory)
{
	char path[RUN_PATH_SIZE];
	bool wanted = false;
	int error;

	for (size_t i = 0; i < config->port_count; i++)
		wanted |= config->ports[i].kind == CONFIG_DEVICE_AF_XDP;
	if (!wanted)
		return 0;
	snprintf(path, sizeof(path), "%.*s/" STEERING_OBJECT, RUN_PATH_SIZE - 32, directory->path);
	error = steering_write_object(path);
	if (error != 0) {
		log_line("cannot write %s: %s", path, strerror(-error));
		return -1;
	}
	memcpy(ports->object, path, sizeof(path));
	return 0;
}

struct engine_port port_for_engine(const struct port *port)
{
	struct engine_port out = {
		.mtu = port->mtu,
		.any_mac = port->any_mac,
		.unsteered = port->config->kind != CONFIG_DEVICE_AF_XDP,
		.reply_by_route = port->config->reply_path == CONFIG_REPLY_ROUTE,
		.learn_from_anyone = port->config->last_hop_from == CONFIG_FROM_ANYONE,
	};

	memcpy(out.mac, port->mac, sizeof(out.mac));
	return out;
}

int ports_probe(struct ports *ports, const struct config_dataplane *config,
		const struct run_directory *directory, unsigned workers)
{
	if (config->port_count > ABI_MAX_PORTS) {
		log_line("%zu ports are configured, and %d is the most", config->port_count,
			 ABI_MAX_PORTS);
		return -1;
	}
	if (write_object(ports, config, directory) != 0)
		return -1;
	for (size_t i = 0; i < config->port_count; i++) {
		struct port *port = &ports->items[i];

		port->config = &config->ports[i];
		port->index = (uint16_t)i;
		ports->count++;
		if (probe(port, ports->object, workers) != 0)
			return -1;
	}
	return 0;
}

/* The driver's sentence went to its own log; ours says which step of which port it was. */
static int failed(const struct port *port, const char *what, int error)
{
	log_line("port %s: %s of %s failed: %s", port->config->name, what, port->config->device,
		 strerror(-error));
	return -1;
}

/* Buffers hold whole packets; a driver that spreads one over several is to be known of. */
static void warn_of_scattering(const struct port *port)
{
	struct rte_eth_rxq_info info;

	if (rte_eth_rx_queue_info_get(port->dpdk_id, 0, &info) == 0 && info.scattered_rx)
		log_line("port %s: with an MTU of %u its driver may bring a packet in several "
			 "buffers (it fills %u bytes of each): such packets are dropped "
			 "(truncated); a smaller mtu helps",
			 port->config->name, port->mtu, info.rx_buf_size);
}

static int start_device(struct port *port, uint8_t *key)
{
	const bool any_mtu = device_kind(port->config->kind)->any_mtu;
	struct rte_eth_conf conf = {.rxmode.mtu = any_mtu ? RTE_ETHER_MTU : port->mtu};
	uint16_t rx_size = RING_SIZE, tx_size = RING_SIZE;
	int error;

	conf.rxmode.offloads = port->rx_checksums;
	rss_configure(port, key, &conf);
	error = rte_eth_dev_configure(port->dpdk_id, port->queue_count, port->queue_count, &conf);
	if (error != 0)
		return failed(port, "configuring", error);
	error = rte_eth_dev_adjust_nb_rx_tx_desc(port->dpdk_id, &rx_size, &tx_size);
	if (error != 0)
		return failed(port, "sizing the rings", error);
	for (uint16_t queue = 0; queue < port->queue_count; queue++) {
		error = rte_eth_rx_queue_setup(port->dpdk_id, queue, rx_size,
					       (unsigned)rte_eth_dev_socket_id(port->dpdk_id), NULL,
					       port->buffers);
		if (error != 0)
			return failed(port, "setting up a receive queue", error);
		port->attached = true;
		error = rte_eth_tx_queue_setup(port->dpdk_id, queue, tx_size,
					       (unsigned)rte_eth_dev_socket_id(port->dpdk_id),
					       NULL);
		if (error != 0)
			return failed(port, "setting up a transmit queue", error);
	}
	error = rte_eth_dev_start(port->dpdk_id);
	if (error != 0)
		return failed(port, "starting", error);
	port->started = true;
	warn_of_scattering(port);
	return 0;
}

int ports_start(struct ports *ports, const struct owner *owner, uint8_t key[TOEPLITZ_KEY_SIZE])
{
	for (uint16_t i = 0; i < ports->count; i++) {
		struct port *port = &ports->items[i];

		if (is_af_xdp(port) && af_xdp_make_way(port) != 0)
			return -1;
		if (start_device(port, key) != 0)
			return -1;
		rss_fill(port, key, owner);
		if (is_af_xdp(port) && af_xdp_adopt(ports, port) != 0)
			return -1;
	}
	return 0;
}

bool ports_close(struct ports *ports)
{
	bool all = true;

	for (uint16_t i = ports->count; i-- > 0;) {
		struct port *port = &ports->items[i];

		steering_close(port->steering);
		port->steering = NULL;
		if (port->started)
			rte_eth_dev_stop(port->dpdk_id);
		if (port->attached || (port->probed && !is_af_xdp(port)))
			rte_eth_dev_close(port->dpdk_id);
		else if (port->probed)
			all = false;
		af_xdp_release(port);
		port->started = port->attached = port->probed = false;
	}
	if (ports->object[0] != '\0')
		unlink(ports->object);
	ports->count = 0;
	return all;
}

void ports_refresh_status(const struct ports *ports, struct abi_status *status)
{
	for (uint16_t i = 0; i < ports->count; i++) {
		const struct port *port = &ports->items[i];
		struct abi_status_port *row = &status->ports[i];
		struct rte_eth_stats stats;
		struct rte_eth_link link;

		if (rte_eth_stats_get(port->dpdk_id, &stats) == 0) {
			row->missed = stats.imissed;
			row->no_buffer = stats.rx_nombuf;
			row->rx_errors = stats.ierrors;
			row->tx_errors = stats.oerrors;
		}
		if (is_af_xdp(port))
			af_xdp_losses(port, &row->missed, &row->no_buffer);
		if (is_af_xdp(port))
			row->link_up = interface_has_link(port->interface.name);
		else if (rte_eth_link_get_nowait(port->dpdk_id, &link) == 0)
			row->link_up = link.link_status == RTE_ETH_LINK_UP;
		row->buffers_used = buffers_used(port->buffers);
	}
}
