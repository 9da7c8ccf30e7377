/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "controlplane/publish/tables_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define NEW_FILE ABI_FILE_TABLES ".new"

/* Room is asked for in such steps: a full tmpfs is an error here, not a SIGBUS. */
#define BACKING_STEP (1ull << 20)

static int map_file(struct tables_file *file)
{
	void *bytes = mmap(NULL, file->size, PROT_READ | PROT_WRITE, MAP_SHARED, file->fd, 0);

	if (bytes == MAP_FAILED)
		return -errno;
	file->bytes = bytes;
	return heap_init(&file->heap, file->size);
}

static int back(struct tables_file *file, uint64_t end)
{
	uint64_t to = (end + BACKING_STEP - 1) / BACKING_STEP * BACKING_STEP;

	if (end <= file->backed)
		return 0;
	if (to > file->size)
		to = file->size;
	if (fallocate(file->fd, 0, (off_t)file->backed, (off_t)(to - file->backed)) < 0 &&
	    errno != EOPNOTSUPP)
		return -errno;
	file->backed = to;
	return 0;
}

int tables_file_create(struct tables_file *file, int directory, uint64_t size, uint64_t instance)
{
	int rc;

	*file = (struct tables_file){.fd = -1, .size = size};
	file->fd = openat(directory, NEW_FILE, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW,
			  0644);
	if (file->fd < 0)
		return -errno;
	rc = ftruncate(file->fd, (off_t)size) < 0 ? -errno : map_file(file);
	if (rc == 0)
		rc = back(file, ABI_TABLES_HEAP);
	if (rc < 0) {
		tables_file_discard(file, directory);
		return rc;
	}
	tables_of(file)->file = (struct abi_file){.magic = ABI_MAGIC_TABLES,
						  .abi_version = ABI_VERSION,
						  .writer_pid = (uint32_t)getpid(),
						  .size = size,
						  .instance = instance};
	return 0;
}

int tables_file_install(int directory)
{
	return renameat(directory, NEW_FILE, directory, ABI_FILE_TABLES) < 0 ? -errno : 0;
}

void tables_file_discard(struct tables_file *file, int directory)
{
	tables_file_close(file);
	unlinkat(directory, NEW_FILE, 0);
}

int tables_file_open(struct tables_file *file, int directory)
{
	struct stat status;
	const struct abi_file *header;
	int rc;

	*file = (struct tables_file){.fd = -1};
	file->fd = openat(directory, ABI_FILE_TABLES, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (file->fd < 0)
		return -errno;
	rc = fstat(file->fd, &status) < 0 ? -errno : 0;
	if (rc == 0 && (!S_ISREG(status.st_mode) || status.st_size < ABI_TABLES_HEAP))
		rc = -EINVAL;
	file->size = rc == 0 ? (uint64_t)status.st_size : 0;
	if (rc == 0)
		rc = map_file(file);
	if (rc == 0) {
		header = &tables_of(file)->file;
		if (header->magic != ABI_MAGIC_TABLES ||
		    !abi_versions_agree(header->abi_version, ABI_VERSION) ||
		    header->size != file->size || header->instance == 0)
			rc = -EINVAL;
	}
	if (rc < 0)
		tables_file_close(file);
	return rc;
}

void tables_file_close(struct tables_file *file)
{
	if (file->bytes)
		munmap(file->bytes, file->size);
	if (file->fd >= 0)
		close(file->fd);
	heap_free(&file->heap);
	free(file->retired.items);
	free(file->retired_before.items);
	*file = (struct tables_file){.fd = -1};
}

int tables_file_reserve(struct tables_file *file, uint64_t length, uint64_t *offset)
{
	int rc;

	*offset = heap_allocate(&file->heap, length);
	if (*offset == 0)
		return -ENOBUFS;
	rc = back(file, *offset + length);
	if (rc < 0)
		heap_release(&file->heap, *offset, length);
	return rc;
}

int tables_file_place(struct tables_file *file, const void *bytes, uint64_t length,
		      uint64_t *offset)
{
	int rc = tables_file_reserve(file, length, offset);

	if (rc == 0)
		memcpy(file->bytes + *offset, bytes, length);
	return rc;
}

int tables_file_reserve_retired(struct tables_file *file, size_t count)
{
	struct places *retired = &file->retired;
	struct place *items;

	count += retired->count;
	if (count <= retired->capacity)
		return 0;
	items = realloc(retired->items, count * sizeof(*items));
	if (!items)
		return -ENOMEM;
	retired->items = items;
	retired->capacity = count;
	return 0;
}

void tables_file_retire(struct tables_file *file, uint64_t offset, uint64_t length)
{
	file->retired.items[file->retired.count++] = (struct place){offset, length};
}

void tables_file_turn(struct tables_file *file)
{
	struct places freed = file->retired_before;

	for (size_t i = 0; i < freed.count; i++)
		heap_release(&file->heap, freed.items[i].offset, freed.items[i].length);
	freed.count = 0;
	file->retired_before = file->retired;
	file->retired = freed;
}
