/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "dataplane/eal.h"

#include "dataplane/interface.h"
#include "dataplane/log.h"

#include <dirent.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_ARGUMENTS 128
#define TEXT_SIZE     256

#define HUGE_PAGES "/sys/kernel/mm/hugepages"

struct arguments {
	char *items[MAX_ARGUMENTS];
	int count;
};

static void add(struct arguments *arguments, const char *text)
{
	char *copy = arguments->count < MAX_ARGUMENTS - 1 ? strdup(text) : NULL;

	if (copy != NULL)
		arguments->items[arguments->count++] = copy;
}

static void add_pair(struct arguments *arguments, const char *option, const char *value)
{
	add(arguments, option);
	add(arguments, value);
}

static void free_arguments(struct arguments *arguments)
{
	for (int i = 0; i < arguments->count; i++)
		free(arguments->items[i]);
}

/* Of the directory "hugepages-2048kB": MiB in free pages. */
static unsigned long free_mebibytes(const char *directory)
{
	char path[TEXT_SIZE + sizeof(HUGE_PAGES) + 32];
	unsigned long kibibytes = strtoul(directory + strcspn(directory, "0123456789"), NULL, 10);
	unsigned long pages = 0;
	FILE *file;

	snprintf(path, sizeof(path), HUGE_PAGES "/%.*s/free_hugepages", TEXT_SIZE, directory);
	file = fopen(path, "re");
	if (file == NULL)
		return 0;
	if (fscanf(file, "%lu", &pages) != 1)
		pages = 0;
	fclose(file);
	return pages * kibibytes / 1024;
}

static bool has_huge_pages(unsigned mebibytes)
{
	DIR *directory = opendir(HUGE_PAGES);
	const struct dirent *entry;
	unsigned long total = 0;

	while (directory != NULL && (entry = readdir(directory)) != NULL)
		if (strncmp(entry->d_name, "hugepages-", 10) == 0)
			total += free_mebibytes(entry->d_name);
	if (directory != NULL)
		closedir(directory);
	return total >= mebibytes;
}

/* "0@(0,2-3),1@1": EAL's thread 0 on every CPU of the main thread, a worker's on its own. */
static void add_cpus(struct arguments *arguments, const struct cpus *cpus)
{
	char set[TEXT_SIZE];
	char text[TEXT_SIZE * 4];
	size_t used = (size_t)snprintf(text, sizeof(text), "%d@(%s)", EAL_MAIN_LCORE,
				       cpus_format(&cpus->main, set, sizeof(set)));

	for (unsigned i = 0; i < cpus->worker_count && used < sizeof(text); i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, ",%u@%u",
					 EAL_MAIN_LCORE + 1 + i, cpus->workers[i]);
	add_pair(arguments, "--lcores", text);
	snprintf(text, sizeof(text), "%d", EAL_MAIN_LCORE);
	add_pair(arguments, "--main-lcore", text);
}

/* Allows the PCI devices of the configuration, and none else. */
static void add_devices(struct arguments *arguments, const struct config_dataplane *config)
{
	char address[TEXT_SIZE];
	bool any = false;

	for (size_t i = 0; i < config->port_count; i++) {
		const char *argument = config->ports[i].device_argument;

		if (config->ports[i].kind != CONFIG_DEVICE_PCI)
			continue;
		if (interface_pci_address(argument, address, sizeof(address)) == 0)
			argument = address;
		add_pair(arguments, "-a", argument);
		any = true;
	}
	if (!any) {
		add(arguments, "--no-pci");
		add_pair(arguments, "--iova-mode", "va");
	}
}

static void add_prefix(struct arguments *arguments, const struct run_directory *directory)
{
	char text[TEXT_SIZE];

	snprintf(text, sizeof(text), "headrace%.*s", TEXT_SIZE - 16, directory->path);
	for (char *at = text; *at != '\0'; at++)
		if (*at == '/')
			*at = '-';
	add_pair(arguments, "--file-prefix", text);
}

/* EAL makes a directory for files that these options keep it from making. */
static void remove_runtime_directory(void)
{
	char path[TEXT_SIZE];
	char *last;

	snprintf(path, sizeof(path), "%s", rte_eal_get_runtime_dir());
	if (rmdir(path) != 0)
		return;
	last = strrchr(path, '/');
	if (last != NULL && last != path) {
		*last = '\0';
		rmdir(path); /* of all DPDK programs: goes when the last one's has gone */
	}
}

int eal_start(struct eal *eal, const struct config_dataplane *config, const struct cpus *cpus,
	      const struct run_directory *directory, unsigned mebibytes)
{
	struct arguments arguments = {.count = 0};
	char *argv[MAX_ARGUMENTS];
	char text[TEXT_SIZE];
	int error;

	eal->huge_pages = has_huge_pages(mebibytes);
	add(&arguments, "headrace-dataplane");
	add(&arguments, "--no-telemetry");
	add_pair(&arguments, "--log-level", "lib.eal:warning");
	/* It warns at each start that there will be no second process. */
	add_pair(&arguments, "--log-level", "pmd.net.memif:error");
	add_prefix(&arguments, directory);
	if (eal->huge_pages) {
		add(&arguments, "--in-memory");
	} else {
		/* EAL refuses --in-memory here; this leaves no more behind. */
		snprintf(text, sizeof(text), "%u", mebibytes);
		add(&arguments, "--no-huge");
		add(&arguments, "--no-shconf");
		add_pair(&arguments, "-m", text);
	}
	add_cpus(&arguments, cpus);
	add_devices(&arguments, config);
	for (size_t i = 0; i < config->eal_arg_count; i++)
		add(&arguments, config->eal_args[i]);

	/* EAL reorders what it is given. */
	memcpy(argv, arguments.items, sizeof(argv));
	error = rte_eal_init(arguments.count, argv);
	if (error < 0) {
		log_line("DPDK does not start: %s; its own messages are above. It needs root and "
			 "%u MiB of memory; dataplane.eal_args of the configuration are given to "
			 "it too",
			 rte_strerror(rte_errno), mebibytes);
		free_arguments(&arguments);
		return -1;
	}
	eal->started = true;
	remove_runtime_directory();
	free_arguments(&arguments);
	return 0;
}

void eal_stop(struct eal *eal)
{
	if (eal->started)
		rte_eal_cleanup();
	eal->started = false;
}
