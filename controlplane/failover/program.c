/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "controlplane/failover/program.h"

#include "controlplane/log.h"
#include "controlplane/vrrp/control.h"
#include "dataplane/abi/file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define PROGRAM         "headrace-vrrp"
#define ANSWER_MS       500
#define STOP_MS         2000
#define STOP_LOOK_AGAIN 10 /* ms */

/* Beside the program that runs. */
static int find_program(char *path, size_t size)
{
	char self[256];
	ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (length < 0)
		return -errno;
	self[length] = '\0';
	snprintf(path, size, "%s/" PROGRAM, dirname(self));
	return 0;
}

int program_start(const char *run_dir)
{
	char path[300], option[300];
	char *const arguments[] = {path, option, NULL};
	posix_spawnattr_t attributes;
	pid_t pid;
	int error = find_program(path, sizeof(path));

	snprintf(option, sizeof(option), "--run-dir=%s", run_dir);
	if (error == 0) {
		posix_spawnattr_init(&attributes);
		posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID);
		error = -posix_spawn(&pid, path, NULL, &attributes, arguments, environ);
		posix_spawnattr_destroy(&attributes);
	}
	if (error == 0)
		log_info("started " PROGRAM " (process %d)", (int)pid);
	return error;
}

/* Its lock, open; -1: there is none. */
static int open_lock(const char *run_dir)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/" ABI_LOCK_VRRP, run_dir);
	return open(path, O_RDONLY | O_CLOEXEC);
}

bool program_lives(const char *run_dir)
{
	int lock = open_lock(run_dir);
	bool lives = lock >= 0 && flock(lock, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK;

	if (lock >= 0)
		close(lock);
	return lives;
}

static int connect_to(const char *run_dir)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	struct timeval patience = {.tv_usec = ANSWER_MS * 1000};
	int descriptor, error;

	if (snprintf(name.sun_path, sizeof(name.sun_path), "%s/" CONTROL_SOCKET, run_dir) >=
	    (int)sizeof(name.sun_path))
		return -ENAMETOOLONG;
	descriptor = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (descriptor < 0)
		return -errno;
	setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (connect(descriptor, (const struct sockaddr *)&name, sizeof(name)) == 0)
		return descriptor;
	error = -errno;
	close(descriptor);
	return error;
}

int program_say(const char *run_dir, const char *line, char *answer)
{
	int descriptor = connect_to(run_dir);
	ssize_t length = -1;
	int error = 0;

	if (descriptor < 0)
		return descriptor;
	if (send(descriptor, line, strlen(line), MSG_NOSIGNAL) >= 0)
		length = recv(descriptor, answer, CONTROL_LINE_MAX - 1, 0);
	if (length < 0)
		error = -errno;
	else if (length == 0)
		error = -ECONNRESET;
	answer[length > 0 ? length : 0] = '\0';
	close(descriptor);
	return error;
}

static void look_away(void)
{
	const struct timespec pause = {.tv_nsec = STOP_LOOK_AGAIN * 1000000L};

	nanosleep(&pause, NULL);
}

/* False: it has no socket yet. */
static bool tell_to_stop(const char *run_dir)
{
	char answer[CONTROL_LINE_MAX];
	int error = program_say(run_dir, "stop", answer);

	return error != -ENOENT && error != -ECONNREFUSED;
}

/* False: it did not end in time. */
static bool end(const char *run_dir)
{
	bool is_told = false;

	for (int waited = 0; waited < STOP_MS; waited += STOP_LOOK_AGAIN) {
		if (!program_lives(run_dir))
			return true;
		is_told = is_told || tell_to_stop(run_dir);
		look_away();
	}
	return false;
}

static void kill_holder(const char *run_dir)
{
	int lock = open_lock(run_dir);
	char text[16] = "";
	long pid = 0;

	if (lock >= 0 && pread(lock, text, sizeof(text) - 1, 0) > 0)
		pid = strtol(text, NULL, 10);
	if (lock >= 0)
		close(lock);
	if (pid > 1)
		kill((pid_t)pid, SIGKILL);
}

void program_stop(const char *run_dir, uint64_t starting_ms)
{
	for (uint64_t waited = 0; waited < starting_ms && !program_lives(run_dir);
	     waited += STOP_LOOK_AGAIN)
		look_away();
	if (end(run_dir))
		return;
	log_warning(PROGRAM " did not stop in time and is killed");
	kill_holder(run_dir);
}
