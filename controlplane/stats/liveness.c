/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "controlplane/stats/liveness.h"

#include "dataplane/abi/file.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/file.h>
#include <unistd.h>

#define HEARTBEAT_FRESH_NS 50000000u /* 50 ms; it beats about every millisecond */

void liveness_path(const char *run_dir, char *path, size_t size)
{
	snprintf(path, size, "%s/%s", run_dir, ABI_LOCK_DATAPLANE);
}

static bool is_locked(const char *path)
{
	int descriptor = open(path, O_RDONLY | O_CLOEXEC);

	if (descriptor < 0)
		return false;

	bool locked = flock(descriptor, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK;

	close(descriptor);
	return locked;
}

bool liveness_check(const char *lock_path, uint32_t pid, uint64_t heartbeat_ns, uint64_t now_ns)
{
	if (pid == 0 || (kill((pid_t)pid, 0) < 0 && errno == ESRCH))
		return false;
	if (heartbeat_ns <= now_ns && now_ns - heartbeat_ns < HEARTBEAT_FRESH_NS)
		return true;
	return is_locked(lock_path);
}
