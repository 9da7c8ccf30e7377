/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "dataplane/tables_reader.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* How often the file is looked for under its name. */
#define LOOK_INTERVAL_MS 10

void tables_reader_open(struct tables_reader *reader, const char *directory)
{
	*reader = (struct tables_reader){.directory = directory, .file = -1};
}

void tables_reader_close(struct tables_reader *reader)
{
	if (reader->directory != NULL && reader->file >= 0)
		close(reader->file);
	reader->file = -1;
}

static void refresh_size(struct tables_reader *reader)
{
	struct stat stat;

	if (fstat(reader->file, &stat) == 0)
		reader->size = (uint64_t)stat.st_size;
}

/* One that stays open keeps its inode: another file cannot have the same number. */
static void replace(struct tables_reader *reader, int file)
{
	struct stat stat;

	if (fstat(file, &stat) != 0) {
		close(file);
		return;
	}
	tables_reader_close(reader);
	reader->file = file;
	reader->device = stat.st_dev;
	reader->inode = stat.st_ino;
	reader->has_settled = false;
}

/* Opens what is in the file's place now, unless it is what we have. A pipe must not make us wait.
 */
static void look(struct tables_reader *reader)
{
	char path[PATH_MAX];
	struct stat stat_now;
	int file;

	snprintf(path, sizeof(path), "%s/" ABI_FILE_TABLES, reader->directory);
	if (stat(path, &stat_now) == 0 && (reader->file < 0 || stat_now.st_ino != reader->inode ||
					   stat_now.st_dev != reader->device)) {
		file = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
		if (file >= 0)
			replace(reader, file);
	}
	if (reader->file >= 0)
		refresh_size(reader);
}

/* As far as there are bytes; zeros from there. */
static void read_head(int file, struct tables_head *head)
{
	ssize_t length = pread(file, head, sizeof(*head), 0);

	if (length < 0)
		length = 0;
	memset((uint8_t *)head + length, 0, sizeof(*head) - (size_t)length);
}

bool tables_reader_has_news(struct tables_reader *reader, uint64_t now_ms)
{
	if (reader->file < 0 || now_ms - reader->looked_ms >= LOOK_INTERVAL_MS) {
		reader->looked_ms = now_ms;
		look(reader);
	}
	if (reader->file < 0)
		return false;
	read_head(reader->file, &reader->seen);
	if (reader->has_settled && reader->size == reader->settled_size &&
	    memcmp(&reader->seen, &reader->settled, sizeof(reader->seen)) == 0)
		return false;
	refresh_size(reader);
	return true;
}

static bool read_at(void *context, uint64_t offset, void *to, size_t length)
{
	const struct tables_reader *reader = context;

	return pread(reader->file, to, length, (off_t)offset) == (ssize_t)length;
}

struct tables_source tables_reader_source(struct tables_reader *reader)
{
	return (struct tables_source){read_at, reader, reader->size};
}

void tables_reader_settle(struct tables_reader *reader)
{
	reader->settled = reader->seen;
	reader->settled_size = reader->size;
	reader->has_settled = true;
}
