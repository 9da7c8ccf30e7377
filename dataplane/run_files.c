/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "dataplane/run_files.h"

#include "dataplane/abi/file.h"
#include "dataplane/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

/* Files wait for their rename under this ending. */
#define UNFINISHED ".new"

static uint64_t draw_instance(void)
{
	uint64_t instance = 0;

	while (instance == 0)
		if (getrandom(&instance, sizeof(instance), 0) != sizeof(instance))
			instance = 0;
	return instance;
}

static void lock_path(const struct run_directory *directory, char path[RUN_PATH_SIZE])
{
	snprintf(path, RUN_PATH_SIZE, "%.*s/" ABI_LOCK_DATAPLANE, RUN_PATH_SIZE - 32,
		 directory->path);
}

/* The file may have been removed by its last holder between our opening and locking it. */
static bool is_in_place(int fd, const char *path)
{
	struct stat opened, named;

	return fstat(fd, &opened) == 0 && stat(path, &named) == 0 &&
	       opened.st_ino == named.st_ino && opened.st_dev == named.st_dev;
}

static void say_who_holds(const struct run_directory *directory)
{
	char pid[16] = "";
	ssize_t length = pread(directory->lock, pid, sizeof(pid) - 1, 0);

	pid[length > 0 ? length : 0] = '\0';
	pid[strcspn(pid, "\n")] = '\0';
	log_line("another dataplane (process %s) runs in %s; stop it, or give this one a run "
		 "directory of its own with --run-dir",
		 pid[0] != '\0' ? pid : "unknown", directory->path);
}

static int take_lock(struct run_directory *directory)
{
	char path[RUN_PATH_SIZE];
	char pid[16];

	lock_path(directory, path);
	do {
		if (directory->lock >= 0)
			close(directory->lock);
		directory->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
		if (directory->lock < 0) {
			log_line("cannot open %s: %s", path, strerror(errno));
			return -1;
		}
		if (flock(directory->lock, LOCK_EX | LOCK_NB) != 0) {
			say_who_holds(directory);
			close(directory->lock);
			directory->lock = -1;
			return -1;
		}
	} while (!is_in_place(directory->lock, path));

	snprintf(pid, sizeof(pid), "%d\n", (int)getpid());
	if (ftruncate(directory->lock, 0) != 0 ||
	    pwrite(directory->lock, pid, strlen(pid), 0) != (ssize_t)strlen(pid))
		log_line("cannot write %s: %s", path, strerror(errno));
	return 0;
}

int run_directory_open(struct run_directory *directory, const char *path)
{
	const size_t length = strlen(path);

	directory->lock = -1;
	if (length > RUN_PATH_SIZE - 64) {
		log_line("the run directory's path is too long: %s", path);
		return -1;
	}
	memcpy(directory->path, path, length + 1);
	if (mkdir(path, 0755) != 0 && errno != EEXIST) {
		log_line("cannot make the run directory %s: %s; its parent must exist, and this "
			 "program needs the right to write there (root)",
			 path, strerror(errno));
		return -1;
	}
	directory->instance = draw_instance();
	return take_lock(directory);
}

void run_directory_close(struct run_directory *directory)
{
	char path[RUN_PATH_SIZE];

	if (directory->lock < 0)
		return;
	lock_path(directory, path);
	unlink(path);
	close(directory->lock);
	directory->lock = -1;
}

void run_file_begin(struct run_file *file, const struct run_directory *directory, uint64_t magic)
{
	struct abi_file *header = file->data;

	header->magic = magic;
	header->abi_version = ABI_VERSION;
	header->writer_pid = (uint32_t)getpid();
	header->size = file->size;
	header->instance = directory->instance;
}

/* Sets file->path; where the file or link waits for its rename goes to `path`. */
static void name_file(struct run_file *file, const struct run_directory *directory,
		      const char *name, char path[RUN_PATH_SIZE + sizeof(UNFINISHED)])
{
	snprintf(file->path, sizeof(file->path), "%.*s/%s", RUN_PATH_SIZE - 32, directory->path,
		 name);
	snprintf(path, RUN_PATH_SIZE + sizeof(UNFINISHED), "%s" UNFINISHED, file->path);
	unlink(path);
}

int run_file_link(struct run_file *file, const struct run_directory *directory, const char *name)
{
	char path[RUN_PATH_SIZE + sizeof(UNFINISHED)];

	name_file(file, directory, name, path);
	if (symlink(file->target, path) == 0)
		return 0;
	log_line("cannot make %s: %s", path, strerror(errno));
	return -1;
}

int run_file_create(struct run_file *file, const struct run_directory *directory, const char *name,
		    uint64_t magic, size_t size)
{
	char path[RUN_PATH_SIZE + sizeof(UNFINISHED)];
	int error;
	int fd;

	name_file(file, directory, name, path);
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd < 0) {
		log_line("cannot make %s: %s", path, strerror(errno));
		return -1;
	}
	/* Reserved now: a page missing later would kill the process in mid-packet. */
	error = posix_fallocate(fd, 0, (off_t)size);
	if (error == 0) {
		file->data =
			mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, 0);
		error = file->data == MAP_FAILED ? errno : 0;
	}
	close(fd);
	if (error != 0) {
		log_line("%s needs %zu MiB: %s", file->path, (size >> 20) + 1, strerror(error));
		unlink(path);
		file->data = NULL;
		return -1;
	}
	file->size = size;
	run_file_begin(file, directory, magic);
	return 0;
}

int run_file_publish(const struct run_file *file)
{
	char path[RUN_PATH_SIZE + sizeof(UNFINISHED)];

	snprintf(path, sizeof(path), "%s" UNFINISHED, file->path);
	if (rename(path, file->path) != 0) {
		log_line("cannot rename %s into place: %s", path, strerror(errno));
		return -1;
	}
	return 0;
}

/* Where a symbolic link leads; an empty text when it is none. */
static void read_target(struct run_file *file)
{
	ssize_t length = readlink(file->path, file->target, sizeof(file->target) - 1);

	file->target[length > 0 ? length : 0] = '\0';
}

/* All of its pages are there now: one missing later would kill the process in mid-packet. */
static int map_whole(struct run_file *file, int fd)
{
	struct stat stat;

	if (fstat(fd, &stat) != 0)
		return errno;
	if (!S_ISREG(stat.st_mode) || stat.st_size == 0)
		return EINVAL;
	/* Of huge pages mapping alone does it. */
	if (file->target[0] == '\0' && posix_fallocate(fd, 0, stat.st_size) != 0)
		return ENOSPC;
	file->size = (size_t)stat.st_size;
	file->data =
		mmap(NULL, file->size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, 0);
	return file->data == MAP_FAILED ? errno : 0;
}

int run_file_find(struct run_file *file, const struct run_directory *directory, const char *name)
{
	char unfinished[RUN_PATH_SIZE + sizeof(UNFINISHED)];
	int error;
	int fd;

	name_file(file, directory, name, unfinished);
	read_target(file);
	fd = open(file->path, O_RDWR | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return 0;
	error = fd < 0 ? errno : map_whole(file, fd);
	if (fd >= 0)
		close(fd);
	if (error == 0)
		return 1;
	file->data = NULL;
	log_line("%s cannot be read: %s", file->path, strerror(error));
	return -1;
}

void run_file_close(struct run_file *file)
{
	if (file->data != NULL)
		munmap(file->data, file->size);
	file->data = NULL;
}

void run_file_abandon(struct run_file *file)
{
	char path[RUN_PATH_SIZE + sizeof(UNFINISHED)];

	if (file->data == NULL)
		return;
	snprintf(path, sizeof(path), "%s" UNFINISHED, file->path);
	unlink(path);
	if (file->target[0] != '\0')
		unlink(file->target);
	run_file_close(file);
}

void run_file_remove(struct run_file *file)
{
	if (file->data == NULL)
		return;
	unlink(file->path);
	run_file_abandon(file);
}
