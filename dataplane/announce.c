/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "dataplane/announce.h"

#include "bpf/loader.h"
#include "dataplane/log.h"
#include "dataplane/rss.h"

#include <time.h>

void announce_ports(const struct ports *ports, const struct kernel_path *path)
{
	for (uint16_t i = 0; i < ports->count; i++) {
		const struct port *port = &ports->items[i];
		struct steering_attachment attachment = {0};

		if (port->steering != NULL)
			steering_inspect(port->interface.index, &attachment);
		log_line("port %s: %s (%s, %u queue%s%s%s), MTU %u, tap %s", port->config->name,
			 port->config->device, port->driver, port->queue_count,
			 port->queue_count == 1 ? "" : "s",
			 port->rss == ABI_RSS_SET ? ", RSS by our key and table" : "",
			 port->steering == NULL ? ""
			 : attachment.native    ? ", XDP in the driver"
						: ", XDP in generic mode",
			 port->mtu, path->taps[i].name);
	}
}

void announce_flows(const struct flows_file *flows, const struct config_dataplane *config,
		    enum engine_isa isa)
{
	log_line("flows of a worker: %u of IPv4 and %u of IPv6, %zu MiB in all in %s pages; "
		 "packet path for %s",
		 config->flows_per_worker, config->flows_per_worker_ipv6,
		 (flows->file.size + flows->working_size) >> 20,
		 flows->file.target[0] != '\0' ? "huge" : "ordinary", engine_isa_text(isa));
}

static uint32_t wait_for_latency(const struct worker *worker)
{
	const struct timespec nap = {.tv_nsec = 1000000};
	uint32_t latency;

	while ((latency = __atomic_load_n(&worker->idle_latency_us, __ATOMIC_ACQUIRE)) ==
	       UINT32_MAX)
		nanosleep(&nap, NULL);
	return latency;
}

void announce_workers(struct workers *workers, const struct cpus *cpus)
{
	for (unsigned i = 0; i < workers->count; i++) {
		uint32_t latency = wait_for_latency(&workers->items[i]);

		if (workers->items[i].idle_mode == CONFIG_IDLE_SLEEP)
			log_line("worker %u: CPU %u; idle sleep: naps when no packet comes, which "
				 "adds up to %u us to the first one after a pause",
				 i, cpus->workers[i], latency);
		else
			log_line("worker %u: CPU %u; idle poll: takes the whole CPU", i,
				 cpus->workers[i]);
	}
}
