/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "controlplane/vrrp/run_files.h"

#include "controlplane/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

/* A lease that is renewed in time ends later than this. */
#define WAKE_MARGIN 1000000ull /* ns */

void run_path(const char *run_dir, const char *name, char path[RUN_PATH_SIZE])
{
	snprintf(path, RUN_PATH_SIZE, "%.*s/%s", RUN_DIR_MAX, run_dir, name);
}

/* The file may have been removed by its last holder between our opening and locking it. */
static int is_in_place(int descriptor, const char *path)
{
	struct stat opened, named;

	return fstat(descriptor, &opened) == 0 && stat(path, &named) == 0 &&
	       opened.st_ino == named.st_ino && opened.st_dev == named.st_dev;
}

static int read_holder(int descriptor)
{
	char text[16] = "";
	ssize_t length = pread(descriptor, text, sizeof(text) - 1, 0);

	return length > 0 ? (int)strtol(text, NULL, 10) : 0;
}

int run_lock_take(const char *run_dir, int *holder)
{
	char path[RUN_PATH_SIZE], pid[16];
	int lock = -1;

	run_path(run_dir, ABI_LOCK_VRRP, path);
	do {
		if (lock >= 0)
			close(lock);
		lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
		if (lock < 0)
			return -errno;
		if (flock(lock, LOCK_EX | LOCK_NB) < 0) {
			*holder = read_holder(lock);
			close(lock);
			return -EBUSY;
		}
	} while (!is_in_place(lock, path));

	int length = snprintf(pid, sizeof(pid), "%d\n", (int)getpid());

	if (ftruncate(lock, 0) < 0 || pwrite(lock, pid, (size_t)length, 0) != length) {
		close(lock);
		return -EIO;
	}
	return lock;
}

void run_lock_drop(const char *run_dir, int lock)
{
	char path[RUN_PATH_SIZE];

	run_path(run_dir, ABI_LOCK_VRRP, path);
	unlink(path);
	close(lock);
}

static void *map(int descriptor, size_t size)
{
	/* All of its pages now: one missing later would kill us in mid-turn. */
	if (posix_fallocate(descriptor, 0, (off_t)size) != 0)
		return NULL;

	void *data =
		mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, descriptor, 0);

	return data == MAP_FAILED ? NULL : data;
}

/* Fills in its head, and renames it into place. */
static int create(const char *path, uint64_t magic, size_t size, void **out)
{
	char unfinished[RUN_PATH_SIZE + 8];
	struct abi_file *head;
	uint64_t instance = 0;
	int descriptor;

	snprintf(unfinished, sizeof(unfinished), "%s.new", path);
	unlink(unfinished);
	descriptor = open(unfinished, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (descriptor < 0)
		return -errno;
	head = map(descriptor, size);
	close(descriptor);
	if (head == NULL) {
		unlink(unfinished);
		return -ENOSPC;
	}
	while (instance == 0) {
		if (getrandom(&instance, sizeof(instance), 0) != sizeof(instance))
			instance = 0;
	}
	*head = (struct abi_file){.magic = magic,
				  .abi_version = ABI_VERSION,
				  .writer_pid = (uint32_t)getpid(),
				  .size = size,
				  .instance = instance};
	if (rename(unfinished, path) < 0) {
		int error = -errno;

		munmap(head, size);
		unlink(unfinished);
		return error;
	}
	*out = head;
	return 0;
}

/* The lease that readers have mapped; NULL: there is none that is good. */
static struct abi_lease *find_lease(const char *path)
{
	int descriptor = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	struct abi_lease *lease = NULL;
	struct stat info;

	if (descriptor < 0)
		return NULL;
	if (fstat(descriptor, &info) == 0 && S_ISREG(info.st_mode) &&
	    info.st_size == (off_t)sizeof(*lease))
		lease = map(descriptor, sizeof(*lease));
	close(descriptor);
	if (lease != NULL &&
	    (lease->file.magic != ABI_MAGIC_LEASE || lease->file.abi_version != ABI_VERSION ||
	     lease->file.instance == 0)) {
		munmap(lease, sizeof(*lease));
		lease = NULL;
	}
	return lease;
}

int lease_open(const char *run_dir, struct lease *out)
{
	char path[RUN_PATH_SIZE];
	void *created;
	int error;

	run_path(run_dir, ABI_FILE_LEASE, path);
	out->shared = find_lease(path);
	if (out->shared == NULL) {
		error = create(path, ABI_MAGIC_LEASE, sizeof(*out->shared), &created);
		if (error < 0)
			return error;
		out->shared = created;
	}
	out->descriptor = open(path, O_WRONLY | O_CLOEXEC);
	if (out->descriptor < 0)
		return -errno;
	out->shared->file.writer_pid = (uint32_t)getpid();
	for (uint32_t group = 1; group <= ABI_MAX_GROUPS; group++)
		lease_set(out, group, 0);
	return 0;
}

/* Who had seen it run out (or may just now) does not look again by itself, nor before the end it
 * knows of. */
static bool must_wake(uint64_t before, uint64_t until)
{
	return until != before && (until < before || before < clock_now_ns() + WAKE_MARGIN);
}

void lease_set(const struct lease *lease, uint32_t group, uint64_t until)
{
	struct abi_lease *shared = lease->shared;
	uint64_t before = shared->until[group];
	const uint8_t woken = 1;

	__atomic_store_n(&shared->until[group], until, __ATOMIC_RELEASE);
	if (!must_wake(before, until))
		return;
	__atomic_store_n(&shared->changes, shared->changes + 1, __ATOMIC_RELEASE);
	/* Who is not woken looks a few milliseconds later. */
	if (pwrite(lease->descriptor, &woken, sizeof(woken), offsetof(struct abi_lease, woken)) < 0)
		return;
}

static void note_released(const struct report *report, struct released *released)
{
	if (report->file.magic != REPORT_MAGIC || report->file.abi_version != ABI_VERSION)
		return;
	for (uint32_t i = 1; i <= ABI_MAX_GROUPS; i++) {
		const struct report_group *row = &report->groups[i];

		if (row->released != 0)
			snprintf(released->names[i], ABI_NAME_SIZE, "%.*s", ABI_NAME_SIZE - 1,
				 row->name);
	}
}

/* Maintenance is not over because a program was started again. */
static void find_released(const char *path, struct released *released)
{
	int descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	struct report *report = malloc(sizeof(*report));

	*released = (struct released){0};
	if (report != NULL && descriptor >= 0 &&
	    read(descriptor, report, sizeof(*report)) == (ssize_t)sizeof(*report))
		note_released(report, released);
	free(report);
	if (descriptor >= 0)
		close(descriptor);
}

int report_open(const char *run_dir, struct report **out, struct released *released)
{
	char path[RUN_PATH_SIZE];
	void *created;
	int error;

	run_path(run_dir, REPORT_FILE, path);
	find_released(path, released);
	error = create(path, REPORT_MAGIC, sizeof(**out), &created);
	if (error == 0)
		*out = created;
	return error;
}
