/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "controlplane/stats/mapped_file.h"

#include "controlplane/log.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

void mapped_file_init(struct mapped_file *file, const char *run_dir, const char *name,
		      uint64_t magic, size_t least_size)
{
	*file = (struct mapped_file){.magic = magic, .least_size = least_size};
	snprintf(file->path, sizeof(file->path), "%s/%s", run_dir, name);
}

void mapped_file_close(struct mapped_file *file)
{
	if (file->data != NULL)
		munmap((void *)(uintptr_t)file->data, file->size);
	file->data = NULL;
	file->size = 0;
	file->instance = 0;
}

static bool is_valid(const struct mapped_file *file, const void *data, size_t size)
{
	const struct abi_file *head = data;

	return head->magic == file->magic && abi_versions_agree(head->abi_version, ABI_VERSION) &&
	       head->size <= size && head->size >= file->least_size && head->instance != 0;
}

/* Once a file; without it the dataplane would seem not to run. */
static void tell_of_version(struct mapped_file *file, const struct abi_file *head,
			    const struct stat *info)
{
	if (head->magic != file->magic || abi_versions_agree(head->abi_version, ABI_VERSION) ||
	    (file->told_device == info->st_dev && file->told_inode == info->st_ino))
		return;
	file->told_device = info->st_dev;
	file->told_inode = info->st_ino;
	log_error("%s is of ABI version %u, this control plane reads %u to %u: the %s is too old, "
		  "start its newer version",
		  file->path, head->abi_version, ABI_VERSION_BEFORE, ABI_VERSION_AFTER,
		  head->abi_version > ABI_VERSION ? "control plane" : "dataplane");
}

static bool map(struct mapped_file *file, int descriptor, const struct stat *info)
{
	size_t size = (size_t)info->st_size;
	void *data;

	if (info->st_size < (off_t)file->least_size)
		return false;
	data = mmap(NULL, size, file->is_writable ? PROT_READ | PROT_WRITE : PROT_READ, MAP_SHARED,
		    descriptor, 0);
	if (data == MAP_FAILED)
		return false;
	if (!is_valid(file, data, size)) {
		tell_of_version(file, data, info);
		munmap(data, size);
		return false;
	}
	file->data = data;
	file->size = size;
	file->device = info->st_dev;
	file->inode = info->st_ino;
	file->instance = ((const struct abi_file *)data)->instance;
	return true;
}

bool mapped_file_refresh(struct mapped_file *file)
{
	struct stat info;

	if (file->data != NULL && stat(file->path, &info) == 0 && info.st_dev == file->device &&
	    info.st_ino == file->inode && is_valid(file, file->data, file->size)) {
		file->instance = ((const struct abi_file *)file->data)->instance;
		return true;
	}
	mapped_file_close(file);

	int descriptor = open(file->path, (file->is_writable ? O_RDWR : O_RDONLY) | O_CLOEXEC);

	if (descriptor < 0)
		return false;

	bool mapped = fstat(descriptor, &info) == 0 && map(file, descriptor, &info);

	close(descriptor);
	return mapped;
}
