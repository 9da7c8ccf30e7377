/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "dataplane/status.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static uint64_t read_clock(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000000ull + (uint64_t)now.tv_nsec;
}

uint64_t status_clock(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

int status_create(struct run_file *file, const struct run_directory *directory,
		  const struct cpus *cpus, const uint32_t flow_capacities[FAMILY_COUNT])
{
	struct abi_status *status;

	if (run_file_create(file, directory, ABI_FILE_STATUS, ABI_MAGIC_STATUS,
			    sizeof(struct abi_status)) != 0)
		return -1;
	status = file->data;
	status->started = read_clock(CLOCK_REALTIME);
	status->heartbeat = status_clock();
	status->state = ABI_DATAPLANE_STARTING;
	status->worker_count = cpus->worker_count;
	for (unsigned i = 0; i < cpus->worker_count; i++) {
		status->workers[i].cpu = cpus->workers[i];
		status->workers[i].flow_capacity = flow_capacities[FAMILY_IPV4];
		status->workers[i].flow_capacity_ipv6 = flow_capacities[FAMILY_IPV6];
	}
	snprintf(status->version, sizeof(status->version), "%s", HEADRACE_VERSION);
	return run_file_publish(file);
}

void status_describe_ports(struct abi_status *status, const struct ports *ports,
			   const struct kernel_path *path)
{
	for (uint16_t i = 0; i < ports->count; i++) {
		const struct port *port = &ports->items[i];
		struct abi_status_port *row = &status->ports[i];

		snprintf(row->name, sizeof(row->name), "%s", port->config->name);
		snprintf(row->device, sizeof(row->device), "%.*s", (int)sizeof(row->device) - 1,
			 port->config->device);
		snprintf(row->driver, sizeof(row->driver), "%s", port->driver);
		row->queues = port->queue_count;
		row->rss = (uint8_t)port->rss;
		snprintf(row->tap, sizeof(row->tap), "%s", path->taps[i].name);
		row->interface_index = port->interface.index;
		memcpy(row->mac, port->mac, sizeof(row->mac));
		row->mtu = port->mtu;
	}
	__atomic_store_n(&status->port_count, ports->count, __ATOMIC_RELEASE);
	ports_refresh_status(ports, status);
}

void status_set_state(struct abi_status *status, enum abi_dataplane_state state)
{
	__atomic_store_n(&status->state, (uint32_t)state, __ATOMIC_RELEASE);
}

void status_heartbeat(struct abi_status *status)
{
	__atomic_store_n(&status->heartbeat, status_clock(), __ATOMIC_RELAXED);
}

void status_refuse(struct abi_status *status, uint64_t generation, const char *reason)
{
	const uint64_t version = status->refusal_version;

	__atomic_store_n(&status->refusal_version, version + 1, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_RELEASE);
	snprintf(status->refusal, sizeof(status->refusal), "%s", reason);
	status->generation_refused = generation;
	status->refusals++;
	__atomic_store_n(&status->refusal_version, version + 2, __ATOMIC_RELEASE);
}
