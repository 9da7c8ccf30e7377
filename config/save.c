/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "config/save.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SUFFIX       ".new"
#define DEFAULT_MODE 0640

/* Where a save goes on: directory, the file's name in it, and its name while it is written. */
struct destination {
	int directory;
	char name[NAME_MAX + 1];
	char beside[NAME_MAX + 1];
};

static struct save_identity identity_of(const struct stat *status)
{
	return (struct save_identity){.device = status->st_dev,
				      .inode = status->st_ino,
				      .size = status->st_size,
				      .modified = status->st_mtim};
}

int save_identify(const char *path, struct save_identity *identity)
{
	struct stat status;

	if (stat(path, &status) < 0)
		return -errno;
	*identity = identity_of(&status);
	return 0;
}

bool save_is_same(const struct save_identity *a, const struct save_identity *b)
{
	return a->device == b->device && a->inode == b->inode && a->size == b->size &&
	       a->modified.tv_sec == b->modified.tv_sec &&
	       a->modified.tv_nsec == b->modified.tv_nsec;
}

static int open_destination(const char *path, struct destination *destination)
{
	char target[PATH_MAX], copy[PATH_MAX];

	/* A symbolic link stays one: its target is replaced. */
	if (realpath(path, target) == NULL) {
		if (errno != ENOENT)
			return -errno;
		if ((size_t)snprintf(target, sizeof(target), "%s", path) >= sizeof(target))
			return -ENAMETOOLONG;
	}
	strcpy(copy, target);

	const char *name = basename(copy);

	if (strlen(name) + sizeof(SUFFIX) > sizeof(destination->beside))
		return -ENAMETOOLONG;
	strcpy(destination->name, name);
	strcpy(destination->beside, name);
	strcat(destination->beside, SUFFIX);
	strcpy(copy, target);
	destination->directory = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return destination->directory < 0 ? -errno : 0;
}

static int write_all(int file, const char *text, size_t length)
{
	while (length > 0) {
		ssize_t written = write(file, text, length);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return -errno;
		text += written;
		length -= (size_t)written;
	}
	return 0;
}

/* Who may read the old one may read the new one, and nobody else. */
static int keep_access(const struct destination *destination, int file)
{
	struct stat before;

	if (fstatat(destination->directory, destination->name, &before, 0) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (fchown(file, before.st_uid, before.st_gid) < 0 ||
	    fchmod(file, before.st_mode & 07777) < 0)
		return -errno;
	return 0;
}

/* Once synced, nobody but an editor makes it another one. */
static int sync_and_identify(int file, struct save_identity *identity)
{
	struct stat status;

	if (fsync(file) < 0 || fstat(file, &status) < 0)
		return -errno;
	*identity = identity_of(&status);
	return 0;
}

static int write_beside(const struct destination *destination, const char *text, size_t length,
			struct save_identity *written)
{
	/* One that a killed writer left goes first: it may be anybody's to read. */
	if (unlinkat(destination->directory, destination->beside, 0) < 0 && errno != ENOENT)
		return -errno;

	int file = openat(destination->directory, destination->beside,
			  O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, DEFAULT_MODE);

	if (file < 0)
		return -errno;

	int error = keep_access(destination, file);

	if (error == 0)
		error = write_all(file, text, length);
	if (error == 0)
		error = sync_and_identify(file, written);
	if (close(file) < 0 && error == 0)
		error = -errno;
	return error;
}

/* Somebody may have edited it while we wrote: looked at last, so that hardly a moment is left. */
static bool is_expected(const struct destination *destination, const struct save_identity *expected)
{
	struct save_identity now;
	struct stat status;

	if (expected == NULL || fstatat(destination->directory, destination->name, &status, 0) < 0)
		return true;
	now = identity_of(&status);
	return save_is_same(&now, expected);
}

static int replace(const struct destination *destination, const struct save_identity *expected)
{
	if (!is_expected(destination, expected))
		return -ECANCELED;
	if (renameat(destination->directory, destination->beside, destination->directory,
		     destination->name) < 0)
		return -errno;
	return 0;
}

int save_file(const char *path, const char *text, size_t length,
	      const struct save_identity *expected, struct save_identity *saved)
{
	struct destination destination;
	struct save_identity written;
	int error = open_destination(path, &destination);

	if (error < 0)
		return error;
	error = write_beside(&destination, text, length, &written);
	if (error == 0)
		error = replace(&destination, expected);
	if (error < 0) {
		unlinkat(destination.directory, destination.beside, 0);
	} else {
		*saved = written;
		if (fsync(destination.directory) < 0)
			error = errno;
	}
	close(destination.directory);
	return error;
}
