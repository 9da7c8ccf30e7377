/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "controlplane/failover/plan_file.h"

#include "controlplane/vrrp/plan_view.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NEW_FILE PLAN_FILE ".new"

/* Larger than any plan can be. */
#define SIZE_MAX_OF_PLAN (1u << 20)

static int write_all(int descriptor, const void *bytes, size_t size)
{
	ssize_t written = write(descriptor, bytes, size);

	if (written < 0)
		return -errno;
	return (size_t)written == size ? 0 : -ENOSPC;
}

int plan_file_write(const char *run_dir, const void *plan, size_t size)
{
	char path[256], aside[256];
	int descriptor, error;

	snprintf(path, sizeof(path), "%s/" PLAN_FILE, run_dir);
	snprintf(aside, sizeof(aside), "%s/" NEW_FILE, run_dir);
	descriptor = open(aside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (descriptor < 0)
		return -errno;
	error = write_all(descriptor, plan, size);
	close(descriptor);
	if (error == 0 && rename(aside, path) < 0)
		error = -errno;
	if (error < 0)
		unlink(aside);
	return error;
}

static bool is_plan(const void *bytes, size_t size)
{
	char trouble[PLAN_TROUBLE_SIZE];
	struct plan_view view;

	return plan_check(bytes, size, &view, trouble) == 0;
}

static void *read_all(int descriptor, size_t *size)
{
	struct stat status;
	void *bytes;

	if (fstat(descriptor, &status) < 0 || status.st_size <= 0 ||
	    status.st_size > SIZE_MAX_OF_PLAN)
		return NULL;
	*size = (size_t)status.st_size;
	bytes = malloc(*size);
	if (bytes != NULL && read(descriptor, bytes, *size) == status.st_size &&
	    is_plan(bytes, *size))
		return bytes;
	free(bytes);
	return NULL;
}

void *plan_file_read(const char *run_dir, size_t *size)
{
	char path[256];
	int descriptor;
	void *plan;

	snprintf(path, sizeof(path), "%s/" PLAN_FILE, run_dir);
	descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (descriptor < 0)
		return NULL;
	plan = read_all(descriptor, size);
	close(descriptor);
	return plan;
}

void plan_file_remove(const char *run_dir)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/" PLAN_FILE, run_dir);
	unlink(path);
}

void plan_file_names(const void *plan, struct group_numbers *numbers)
{
	const struct plan *head = plan;
	const struct plan_group *groups = (const void *)(head + 1);

	for (uint32_t i = 0; i < head->group_count; i++)
		memcpy(numbers->names[groups[i].number], groups[i].name, CONFIG_NAME_SIZE - 1);
}
