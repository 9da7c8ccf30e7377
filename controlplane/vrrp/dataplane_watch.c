/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "controlplane/vrrp/dataplane_watch.h"

#include "controlplane/vrrp/run_files.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

void dataplane_watch_init(struct dataplane_watch *watch, const char *run_dir)
{
	*watch = (struct dataplane_watch){.process = -1, .trouble = "no dataplane runs"};
	run_path(run_dir, ABI_FILE_STATUS, watch->path);
}

static bool is_fresh(uint64_t heartbeat, uint64_t now, uint64_t limit)
{
	return heartbeat >= now || now - heartbeat < limit;
}

const char *dataplane_trouble(const struct abi_status *status, uint64_t now)
{
	uint32_t workers = __atomic_load_n(&status->worker_count, __ATOMIC_RELAXED);

	if (__atomic_load_n(&status->state, __ATOMIC_ACQUIRE) != ABI_DATAPLANE_RUNNING)
		return "the dataplane starts or stops";
	if (__atomic_load_n(&status->generation_taken, __ATOMIC_RELAXED) == 0)
		return "the dataplane has no tables yet";
	if (!is_fresh(__atomic_load_n(&status->heartbeat, __ATOMIC_RELAXED), now,
		      DATAPLANE_MAIN_FRESH))
		return "the dataplane's main thread stands still";
	for (uint32_t i = 0; i < workers && i < ABI_MAX_WORKERS; i++) {
		if (!is_fresh(__atomic_load_n(&status->workers[i].heartbeat, __ATOMIC_RELAXED), now,
			      DATAPLANE_FRESH))
			return "a worker of the dataplane stands still";
	}
	return NULL;
}

static void forget(struct dataplane_watch *watch)
{
	if (watch->status != NULL)
		munmap((void *)(uintptr_t)watch->status, watch->size);
	if (watch->process >= 0)
		close(watch->process);
	watch->status = NULL;
	watch->process = -1;
	watch->pid = 0;
}

static void map(struct dataplane_watch *watch, const struct stat *info)
{
	int descriptor = open(watch->path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	void *data;

	if (descriptor < 0)
		return;
	data = info->st_size < (off_t)sizeof(*watch->status)
		       ? MAP_FAILED
		       : mmap(NULL, (size_t)info->st_size, PROT_READ, MAP_SHARED, descriptor, 0);
	close(descriptor);
	if (data == MAP_FAILED)
		return;
	watch->status = data;
	watch->size = (size_t)info->st_size;
	watch->device = info->st_dev;
	watch->inode = info->st_ino;
	if (watch->status->file.magic != ABI_MAGIC_STATUS ||
	    !abi_versions_agree(watch->status->file.abi_version, ABI_VERSION))
		forget(watch);
}

/* The file that is in its place now, and its writer. */
static void refresh(struct dataplane_watch *watch)
{
	struct stat info;

	if (stat(watch->path, &info) < 0) {
		forget(watch);
		return;
	}
	if (watch->status == NULL || info.st_ino != watch->inode || info.st_dev != watch->device) {
		forget(watch);
		map(watch, &info);
	}
	if (watch->status != NULL && watch->pid != watch->status->file.writer_pid) {
		if (watch->process >= 0)
			close(watch->process);
		watch->pid = watch->status->file.writer_pid;
		watch->process = (int)syscall(SYS_pidfd_open, watch->pid, 0);
	}
}

void dataplane_watch_tick(struct dataplane_watch *watch, uint64_t now)
{
	if (now < watch->look_at)
		return;
	watch->look_at = now + DATAPLANE_LOOK_EVERY;
	refresh(watch);
	watch->trouble = watch->status == NULL || watch->process < 0
				 ? "no dataplane runs"
				 : dataplane_trouble(watch->status, now);
}

void dataplane_watch_ended(struct dataplane_watch *watch)
{
	if (watch->process >= 0)
		close(watch->process);
	watch->process = -1;
	watch->trouble = "the dataplane has ended";
}
