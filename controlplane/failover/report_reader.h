/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/*
 * What headrace-vrrp says of itself (controlplane/vrrp/report.h), read without asking it. Nothing
 * of it is believed unchecked: texts end, states and families are ones that there are.
 */
#pragma once

#include "controlplane/stats/mapped_file.h"
#include "controlplane/vrrp/report.h"

struct report_reader {
	struct mapped_file file;
	char lock_path[256];
};

void report_reader_open(struct report_reader *reader, const char *run_dir);
void report_reader_close(struct report_reader *reader);

/* Of the last headrace-vrrp, alive or dead; NULL: none, or none that we understand. Good until the
 * next call. */
const struct report *report_reader_look(struct report_reader *reader);

/* Whether the program that wrote it lives. */
bool report_reader_is_alive(const struct report_reader *reader, const struct report *report);

/*
 * The row of a number as it was at one moment. False: there is none of this name, or it is being
 * written whenever it is looked at, by somebody who died in the middle.
 */
bool report_copy_group(const struct report *report, uint32_t number, const char *name,
		       struct report_group *row);

/* The instance of a row that was copied; NULL: it is not among those reported. */
const struct report_instance *report_find_instance(const struct report_group *row, uint32_t id,
						   uint32_t family, const char *interface);

/* "init", "backup", "active", "fault". */
const char *report_state_text(uint32_t state);

/* "length", "ttl", ...: what was wrong with packets that were not taken. */
const char *report_fault_text(uint32_t fault);
