/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "dataplane/huge_file.h"

#include <fcntl.h>
#include <mntent.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/vfs.h>
#include <unistd.h>

#define PAGE_SIZE (2ul << 20)

/* The mount point of a hugetlbfs of such pages; false: there is none. */
static bool find_mount(char path[RUN_PATH_SIZE])
{
	FILE *mounts = setmntent("/proc/self/mounts", "r");
	const struct mntent *entry;
	bool found = false;

	while (mounts != NULL && !found && (entry = getmntent(mounts)) != NULL) {
		struct statfs state;

		found = strcmp(entry->mnt_type, "hugetlbfs") == 0 &&
			strlen(entry->mnt_dir) < RUN_PATH_SIZE / 2 &&
			statfs(entry->mnt_dir, &state) == 0 &&
			(unsigned long)state.f_bsize == PAGE_SIZE;
		if (found)
			strcpy(path, entry->mnt_dir);
	}
	if (mounts != NULL)
		endmntent(mounts);
	return found;
}

/* There may be two: one whose rows are copied into the other. */
static const char *const endings[] = {"", ".2"};

/* The same at each start, so that what a killed process left is found: by the run directory. */
static void name_target(char target[RUN_PATH_SIZE], const char *mount,
			const struct run_directory *directory, const char *name, const char *ending)
{
	int length = snprintf(target, RUN_PATH_SIZE, "%s/headrace", mount);

	snprintf(target + length, RUN_PATH_SIZE - (size_t)length, "%.*s-%s%s",
		 RUN_PATH_SIZE - length - 32, directory->path, name, ending);
	for (char *at = target + length; *at != '\0'; at++)
		if (*at == '/')
			*at = '-';
}

/* A name that is not the one to keep goes to `target`; nothing has it any more. */
static void make_way(char target[RUN_PATH_SIZE], const char *mount,
		     const struct run_directory *directory, const char *name, const char *keep)
{
	char path[RUN_PATH_SIZE];

	for (unsigned i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
		name_target(path, mount, directory, name, endings[i]);
		if (strcmp(path, keep) == 0)
			continue;
		unlink(path);
		memcpy(target, path, sizeof(path));
	}
}

/* Mapping reserves the pages: it fails where too few are free. */
static void *map(const char *path, size_t size)
{
	int fd;
	void *data;

	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd < 0)
		return MAP_FAILED;
	data = ftruncate(fd, (off_t)size) != 0
		       ? MAP_FAILED
		       : mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, 0);
	close(fd);
	if (data == MAP_FAILED)
		unlink(path);
	return data;
}

int huge_file_create(struct run_file *file, const struct run_directory *directory, const char *name,
		     uint64_t magic, size_t size, const char *keep)
{
	const size_t rounded = (size + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);
	char mount[RUN_PATH_SIZE];

	if (!find_mount(mount))
		return -1;
	make_way(file->target, mount, directory, name, keep);
	file->data = map(file->target, rounded);
	if (file->data == MAP_FAILED) {
		file->data = NULL;
		file->target[0] = '\0';
		return -1;
	}
	file->size = rounded;
	run_file_begin(file, directory, magic);
	return run_file_link(file, directory, name);
}

void huge_file_forget(const struct run_directory *directory, const char *name)
{
	char mount[RUN_PATH_SIZE], target[RUN_PATH_SIZE];

	if (find_mount(mount))
		make_way(target, mount, directory, name, "");
}
