/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

#include "controlplane/failover/report_reader.h"

#include "controlplane/clock.h"
#include "controlplane/stats/liveness.h"

#include <stdio.h>
#include <string.h>

/* Its writer takes a microsecond for a row, and is the machine's first to run. */
#define TRIES 1000

#define INSTANCES (sizeof(((struct report_group *)0)->instances) / sizeof(struct report_instance))

void report_reader_open(struct report_reader *reader, const char *run_dir)
{
	mapped_file_init(&reader->file, run_dir, REPORT_FILE, REPORT_MAGIC, sizeof(struct report));
	snprintf(reader->lock_path, sizeof(reader->lock_path), "%s/" ABI_LOCK_VRRP, run_dir);
}

void report_reader_close(struct report_reader *reader)
{
	mapped_file_close(&reader->file);
}

const struct report *report_reader_look(struct report_reader *reader)
{
	return mapped_file_refresh(&reader->file) ? reader->file.data : NULL;
}

/* The lock is only asked for while its holder lives: one that starts might miss it. */
bool report_reader_is_alive(const struct report_reader *reader, const struct report *report)
{
	return liveness_check(reader->lock_path, report->file.writer_pid,
			      __atomic_load_n(&report->heartbeat, __ATOMIC_RELAXED),
			      clock_now_ns());
}

/* False: it was being written. */
static bool copy_whole(const struct report_group *from, struct report_group *to)
{
	uint32_t before = __atomic_load_n(&from->version, __ATOMIC_ACQUIRE);

	memcpy(to, from, sizeof(*to));
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return (before & 1) == 0 && __atomic_load_n(&from->version, __ATOMIC_RELAXED) == before;
}

static void mend_instance(struct report_instance *instance)
{
	instance->interface[sizeof(instance->interface) - 1] = '\0';
	if (instance->family != 4 && instance->family != 6)
		instance->in_use = 0;
}

static void mend(struct report_group *row)
{
	row->name[sizeof(row->name) - 1] = '\0';
	row->reason[sizeof(row->reason) - 1] = '\0';
	if (row->state > REPORT_FAULT)
		row->state = REPORT_NONE;
	for (size_t i = 0; i < INSTANCES; i++)
		mend_instance(&row->instances[i]);
}

bool report_copy_group(const struct report *report, uint32_t number, const char *name,
		       struct report_group *row)
{
	if (number == 0 || number > ABI_MAX_GROUPS)
		return false;
	for (int i = 0; i < TRIES; i++) {
		if (!copy_whole(&report->groups[number], row))
			continue;
		mend(row);
		return row->state != REPORT_NONE && strcmp(row->name, name) == 0;
	}
	return false;
}

const struct report_instance *report_find_instance(const struct report_group *row, uint32_t id,
						   uint32_t family, const char *interface)
{
	for (size_t i = 0; i < INSTANCES; i++) {
		const struct report_instance *instance = &row->instances[i];

		if (instance->in_use && instance->id == id && instance->family == family &&
		    strcmp(instance->interface, interface) == 0)
			return instance;
	}
	return NULL;
}

const char *report_state_text(uint32_t state)
{
	switch (state) {
	case REPORT_BACKUP:
		return "backup";
	case REPORT_ACTIVE:
		return "active";
	case REPORT_FAULT:
		return "fault";
	default:
		return "init";
	}
}

const char *report_fault_text(uint32_t fault)
{
	static const char *const texts[REPORT_FAULT_COUNT] = {
		[REPORT_BAD_LENGTH] = "length",
		[REPORT_BAD_TTL] = "ttl",
		[REPORT_BAD_CHECKSUM] = "checksum",
		[REPORT_BAD_VERSION] = "version",
		[REPORT_BAD_TYPE] = "type",
		[REPORT_BAD_VRID] = "vrid",
		[REPORT_BAD_INTERVAL] = "interval",
		[REPORT_BAD_AUTH] = "authentication",
		[REPORT_BAD_ADDRESSES] = "addresses",
		[REPORT_BAD_PEER] = "peer",
		[REPORT_OWN_PRIORITY] = "own_priority",
	};

	return fault < REPORT_FAULT_COUNT ? texts[fault] : "?";
}
