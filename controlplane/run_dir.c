/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "controlplane/run_dir.h"

#include "controlplane/log.h"
#include "dataplane/abi/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static void tell_owner(int lock, const char *run_dir)
{
	char pid[16] = "";
	ssize_t length = pread(lock, pid, sizeof(pid) - 1, 0);

	pid[length > 0 ? length : 0] = '\0';
	pid[strcspn(pid, "\n")] = '\0';
	log_error("another control plane (process %s) runs in %s; stop it, or give this one a run "
		  "directory of its own with --run-dir",
		  pid[0] != '\0' ? pid : "unknown", run_dir);
}

int run_dir_lock(const char *run_dir)
{
	char path[256], pid[16];
	int lock;

	if (mkdir(run_dir, 0755) < 0 && errno != EEXIST) {
		log_error("cannot make the run directory %s: %s", run_dir, strerror(errno));
		return -1;
	}
	snprintf(path, sizeof(path), "%s/%s", run_dir, ABI_LOCK_CONTROLPLANE);
	lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	if (lock < 0) {
		log_error("cannot open %s: %s", path, strerror(errno));
		return -1;
	}
	if (flock(lock, LOCK_EX | LOCK_NB) < 0) {
		tell_owner(lock, run_dir);
		close(lock);
		return -1;
	}
	snprintf(pid, sizeof(pid), "%d\n", (int)getpid());
	if (ftruncate(lock, 0) < 0 || pwrite(lock, pid, strlen(pid), 0) < 0)
		log_warning("cannot write %s: %s", path, strerror(errno));
	return lock;
}
