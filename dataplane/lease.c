/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "dataplane/lease.h"

#include "bpf/loader.h"
#include "dataplane/core/fence.h"
#include "dataplane/log.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* How often the file is looked for under its name. */
#define LOOK_INTERVAL_MS 10

static uint64_t clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void lease_open(struct lease_file *lease, const char *directory)
{
	*lease = (struct lease_file){.directory = directory};
	lease->watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (lease->watch >= 0 &&
	    inotify_add_watch(lease->watch, directory, IN_MODIFY | IN_MOVED_TO) < 0) {
		close(lease->watch);
		lease->watch = -1;
	}
	if (lease->watch < 0)
		log_line("cannot watch %s: take-overs of virtual addresses take up to 2 ms longer",
			 directory);
}

void lease_close(struct lease_file *lease)
{
	if (lease->directory != NULL && lease->watch >= 0)
		close(lease->watch);
	*lease = (struct lease_file){0};
}

static bool is_lease(const struct abi_lease *data)
{
	return data->file.magic == ABI_MAGIC_LEASE && data->file.size >= sizeof(*data) &&
	       abi_versions_agree(data->file.abi_version, ABI_VERSION);
}

/* NULL: it is not one. */
static const struct abi_lease *map(int file)
{
	const struct abi_lease *data =
		mmap(NULL, sizeof(*data), PROT_READ, MAP_SHARED | MAP_POPULATE, file, 0);

	if (data == MAP_FAILED)
		return NULL;
	if (is_lease(data))
		return data;
	munmap((void *)(uintptr_t)data, sizeof(*data));
	return NULL;
}

/* What workers may still look at stays mapped: a new file is an event of years. */
static bool replace(struct lease_file *lease, int file)
{
	const struct abi_lease *data;
	struct stat stat_now;

	if (fstat(file, &stat_now) != 0 || stat_now.st_size < (off_t)sizeof(*data))
		return false;
	data = map(file);
	if (data == NULL)
		return false;
	lease->data = data;
	lease->device = stat_now.st_dev;
	lease->inode = stat_now.st_ino;
	return true;
}

bool lease_look(struct lease_file *lease, uint64_t now_ms)
{
	char path[PATH_MAX];
	struct stat stat_now;
	bool replaced;
	int file;

	if (now_ms - lease->looked_ms < LOOK_INTERVAL_MS)
		return false;
	lease->looked_ms = now_ms;
	snprintf(path, sizeof(path), "%s/" ABI_FILE_LEASE, lease->directory);
	if (stat(path, &stat_now) != 0 || (lease->data != NULL && stat_now.st_ino == lease->inode &&
					   stat_now.st_dev == lease->device))
		return false;
	file = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (file < 0)
		return false;
	replaced = replace(lease, file);
	close(file);
	return replaced;
}

void lease_take_events(struct lease_file *lease)
{
	char events[1024];

	while (read(lease->watch, events, sizeof(events)) > 0)
		;
}

static void tell_ports(struct lease_file *lease, struct ports *ports, uint32_t group,
		       uint64_t until)
{
	int error = 0;

	for (uint16_t i = 0; i < ports->count; i++)
		if (ports->items[i].steering != NULL && error == 0)
			error = steering_set_lease(ports->items[i].steering, group, until);
	if (error == 0)
		lease->told[group] = until;
	else if (!lease->failed)
		log_line("cannot tell an XDP program of the lease: %s", strerror(-error));
	lease->failed = error != 0;
}

void lease_tell(struct lease_file *lease, struct ports *ports, uint64_t groups)
{
	if (lease->told[0] != (groups != 0))
		tell_ports(lease, ports, 0, groups != 0);
	for (uint64_t left = groups; left != 0; left &= left - 1) {
		unsigned group = (unsigned)__builtin_ctzll(left);
		uint64_t until = lease->data == NULL ? 0
						     : __atomic_load_n(&lease->data->until[group],
								       __ATOMIC_ACQUIRE);

		if (until != lease->told[group])
			tell_ports(lease, ports, group, until);
	}
}

/* Since the TSC's rate is known to a thousandth at worst, an end may be seen as much later. */
static uint64_t deadline_at(uint64_t end, uint64_t now)
{
	if (end == UINT64_MAX)
		return UINT64_MAX;
	return rte_rdtsc() + (end - now) / 1000 * (rte_get_tsc_hz() / 1000000);
}

bool lease_view_refresh(struct lease_view *view, const struct abi_lease *file, uint64_t groups)
{
	const uint64_t before = view->groups & ~view->fenced;
	uint64_t now, first_end;

	view->changes = file == NULL ? 0 : __atomic_load_n(&file->changes, __ATOMIC_ACQUIRE);
	now = clock_ns();
	view->fenced = fence_groups(file, groups, now, &first_end);
	view->deadline = deadline_at(first_end, now);
	view->file = file;
	view->groups = groups;
	return (before & view->fenced) != 0;
}
