/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "controlplane/stats/baselines.h"

#include "controlplane/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* "HRBASE" and the version of this layout. */
#define BASELINES_MAGIC UINT64_C(0x0001455341425248)

/* The file, from its start. */
struct rows {
	uint64_t magic;
	struct baseline services[ABI_MAX_SERVICES];
	struct baseline backends[ABI_MAX_BACKENDS];
};

struct baselines {
	char path[256];
	int file; /* -1: none */
	struct rows rows;
};

uint32_t baselines_limit(enum stats_kind kind)
{
	return kind == STATS_SERVICE ? ABI_MAX_SERVICES : ABI_MAX_BACKENDS;
}

/* One that is not written to any more would tell another life of things that are no longer so. */
static void give_up(struct baselines *baselines, int error)
{
	log_warning("%s cannot be written: %s; counters of a backend or service that takes the "
		    "place of another will go on from that one's after a restart",
		    baselines->path, strerror(error));
	if (baselines->file >= 0)
		close(baselines->file);
	unlink(baselines->path);
	baselines->file = -1;
}

static void write_at(struct baselines *baselines, const void *bytes, size_t length, size_t offset)
{
	if (baselines->file < 0)
		return;

	ssize_t written = pwrite(baselines->file, bytes, length, (off_t)offset);

	if (written != (ssize_t)length)
		give_up(baselines, written < 0 ? errno : ENOSPC);
}

/* What is there, or an empty one; it may be shorter than the rows, which are 0 from there. */
static void load(struct baselines *baselines)
{
	ssize_t length = pread(baselines->file, &baselines->rows, sizeof(baselines->rows), 0);

	if (length >= (ssize_t)sizeof(uint64_t) && baselines->rows.magic == BASELINES_MAGIC)
		return;
	memset(&baselines->rows, 0, sizeof(baselines->rows));
	baselines->rows.magic = BASELINES_MAGIC;
	if (ftruncate(baselines->file, 0) < 0)
		give_up(baselines, errno);
	else
		write_at(baselines, &baselines->rows.magic, sizeof(uint64_t), 0);
}

struct baselines *baselines_open(const char *run_dir)
{
	struct baselines *baselines = calloc(1, sizeof(*baselines));

	if (baselines == NULL)
		return NULL;
	snprintf(baselines->path, sizeof(baselines->path), "%s/baselines", run_dir);
	baselines->file = open(baselines->path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (baselines->file < 0)
		give_up(baselines, errno);
	else
		load(baselines);
	return baselines;
}

void baselines_close(struct baselines *baselines)
{
	if (baselines == NULL)
		return;
	if (baselines->file >= 0)
		close(baselines->file);
	free(baselines);
}

static size_t offset_of(enum stats_kind kind, uint32_t index)
{
	return (kind == STATS_SERVICE ? offsetof(struct rows, services)
				      : offsetof(struct rows, backends)) +
	       index * sizeof(struct baseline);
}

const struct baseline *baselines_get(const struct baselines *baselines, enum stats_kind kind,
				     uint32_t index)
{
	return kind == STATS_SERVICE ? &baselines->rows.services[index]
				     : &baselines->rows.backends[index];
}

void baselines_set(struct baselines *baselines, enum stats_kind kind, uint32_t index,
		   const struct baseline *baseline)
{
	*(kind == STATS_SERVICE ? &baselines->rows.services[index]
				: &baselines->rows.backends[index]) = *baseline;
	write_at(baselines, baseline, sizeof(*baseline), offset_of(kind, index));
}
