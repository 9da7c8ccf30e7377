/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "dataplane/cpus.h"

#include "dataplane/log.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

char *cpus_format(const cpu_set_t *set, char *text, size_t size)
{
	size_t used = 0;

	text[0] = '\0';
	for (int first = 0; first < CPU_SETSIZE; first++) {
		int last = first;

		if (!CPU_ISSET(first, set))
			continue;
		while (last + 1 < CPU_SETSIZE && CPU_ISSET(last + 1, set))
			last++;
		if (used < size)
			used += (size_t)snprintf(text + used, size - used,
						 first == last ? "%s%d" : "%s%d-%d",
						 used > 0 ? "," : "", first, last);
		first = last;
	}
	return text;
}

static int take_configured(struct cpus *cpus, const struct config_dataplane *config,
			   const cpu_set_t *allowed)
{
	char text[256];

	if (config->core_count != config->workers) {
		log_line("dataplane.cores names %zu CPUs for %u workers; name one for each",
			 config->core_count, config->workers);
		return -1;
	}
	for (size_t i = 0; i < config->core_count; i++) {
		if (config->cores[i] >= CPU_SETSIZE || !CPU_ISSET(config->cores[i], allowed)) {
			log_line("dataplane.cores names CPU %u, which this process may not use; "
				 "it may use %s",
				 config->cores[i], cpus_format(allowed, text, sizeof(text)));
			return -1;
		}
		cpus->workers[cpus->worker_count++] = config->cores[i];
	}
	return 0;
}

static int take_highest(struct cpus *cpus, const struct config_dataplane *config,
			const cpu_set_t *allowed)
{
	for (int cpu = CPU_SETSIZE - 1; cpu >= 0 && cpus->worker_count < config->workers; cpu--)
		if (CPU_ISSET(cpu, allowed))
			cpus->workers[cpus->worker_count++] = (unsigned)cpu;
	if (cpus->worker_count < config->workers) {
		log_line("%u workers want a CPU each, and this process may use %u", config->workers,
			 cpus->worker_count);
		return -1;
	}
	return 0;
}

int cpus_plan(struct cpus *cpus, const struct config_dataplane *config)
{
	cpu_set_t allowed;
	int error;

	memset(cpus, 0, sizeof(*cpus));
	if (sched_getaffinity(0, sizeof(allowed), &allowed) != 0) {
		log_line("cannot tell which CPUs are allowed: %s", strerror(errno));
		return -1;
	}
	error = config->core_count > 0 ? take_configured(cpus, config, &allowed)
				       : take_highest(cpus, config, &allowed);
	if (error != 0)
		return error;

	cpus->main = allowed;
	for (unsigned i = 0; i < cpus->worker_count; i++)
		CPU_CLR(cpus->workers[i], &cpus->main);
	if (CPU_COUNT(&cpus->main) == 0)
		cpus->main = allowed;
	return 0;
}
