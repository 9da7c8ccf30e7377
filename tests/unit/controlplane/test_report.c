/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* headrace-vrrp's report: what of it is believed, and whether its writer lives. */
#include "controlplane/clock.h"
#include "controlplane/failover/report_reader.h"
#include "tests/unit/controlplane/check.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

/* A report with an active group "main" of number 3, as headrace-vrrp writes it; freed by the
 * caller.
 */
static struct report *make_report(void)
{
	struct report *report = calloc(1, sizeof(*report));
	struct report_group *group = &report->groups[3];

	report->file = (struct abi_file){.magic = REPORT_MAGIC,
					 .abi_version = ABI_VERSION,
					 .writer_pid = (uint32_t)getpid(),
					 .size = sizeof(*report),
					 .instance = 77};
	report->heartbeat = clock_now_ns();
	strcpy(group->name, "main");
	strcpy(group->reason, "nobody else was heard");
	group->version = 2;
	group->state = REPORT_ACTIVE;
	group->priority = 150;
	for (uint8_t i = 0; i < 2; i++) {
		group->instances[i] = (struct report_instance){
			.id = 51, .family = i == 0 ? 4 : 6, .in_use = 1, .adverts_sent = 7u + i};
		strcpy(group->instances[i].interface, "wan");
	}
	return report;
}

static void a_row_is_read_by_number_and_name(void **state)
{
	struct report *report = make_report();
	struct report_group row;

	(void)state;
	assert_true(report_copy_group(report, 3, "main", &row));
	assert_int_equal(row.state, REPORT_ACTIVE);
	assert_int_equal(row.priority, 150);
	assert_string_equal(row.reason, "nobody else was heard");
	assert_false(report_copy_group(report, 3, "other", &row)); /* the number was another's */
	assert_false(report_copy_group(report, 2, "main", &row));
	assert_false(report_copy_group(report, 0, "main", &row));
	assert_false(report_copy_group(report, ABI_MAX_GROUPS + 1, "main", &row));
	free(report);
}

static void instances_are_found_by_what_they_are(void **state)
{
	struct report *report = make_report();
	struct report_group row;

	(void)state;
	assert_true(report_copy_group(report, 3, "main", &row));
	assert_int_equal(report_find_instance(&row, 51, 4, "wan")->adverts_sent, 7);
	assert_int_equal(report_find_instance(&row, 51, 6, "wan")->adverts_sent, 8);
	assert_null(report_find_instance(&row, 52, 4, "wan"));
	assert_null(report_find_instance(&row, 51, 4, "lan"));
	report->groups[3].instances[0].in_use = 0;
	assert_true(report_copy_group(report, 3, "main", &row));
	assert_null(report_find_instance(&row, 51, 4, "wan"));
	free(report);
}

static void what_is_being_written_is_not_believed(void **state)
{
	struct report *report = make_report();
	struct report_group row;

	(void)state;
	report->groups[3].version = 3;
	assert_false(report_copy_group(report, 3, "main", &row));
	report->groups[3].version = 4;
	assert_true(report_copy_group(report, 3, "main", &row));
	free(report);
}

static void spoiled_rows_are_mended(void **state)
{
	struct report *report = make_report();
	struct report_group *group = &report->groups[3];
	struct report_group row;

	(void)state;
	memset(group->reason, 'r', sizeof(group->reason));
	memset(group->instances[0].interface, 'w', sizeof(group->instances[0].interface));
	group->instances[1].family = 5;
	assert_true(report_copy_group(report, 3, "main", &row));
	assert_int_equal(strlen(row.reason), sizeof(row.reason) - 1);
	assert_non_null(report_find_instance(&row, 51, 4, "wwwwwwwwwwwwwww"));
	assert_null(report_find_instance(&row, 51, 5, "wan"));
	group->state = 17;
	assert_false(report_copy_group(report, 3, "main", &row));
	group->state = REPORT_NONE;
	assert_false(report_copy_group(report, 3, "main", &row));
	group->state = REPORT_FAULT;
	memset(group->name, 'n', sizeof(group->name));
	assert_false(report_copy_group(report, 3, "main", &row));
	free(report);
}

static void states_and_faults_have_names(void **state)
{
	(void)state;
	assert_string_equal(report_state_text(REPORT_INIT), "init");
	assert_string_equal(report_state_text(REPORT_BACKUP), "backup");
	assert_string_equal(report_state_text(REPORT_ACTIVE), "active");
	assert_string_equal(report_state_text(REPORT_FAULT), "fault");
	assert_string_equal(report_state_text(99), "init");
	for (uint32_t i = 0; i < REPORT_FAULT_COUNT; i++)
		assert_non_null(report_fault_text(i));
	assert_string_equal(report_fault_text(REPORT_OWN_PRIORITY), "own_priority");
	assert_string_equal(report_fault_text(REPORT_FAULT_COUNT), "?");
}

static void write_file(const char *folder, const char *name, const void *bytes, size_t size)
{
	char path[256];
	int descriptor;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	unlink(path);
	descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	assert_true(descriptor >= 0);
	assert_int_equal(write(descriptor, bytes, size), size);
	close(descriptor);
}

static void only_a_report_is_one(void **state)
{
	struct report *report = make_report();
	char folder[] = "/tmp/headrace-report-XXXXXX", path[300];
	struct report_reader reader;

	(void)state;
	assert_non_null(mkdtemp(folder));
	report_reader_open(&reader, folder);
	assert_null(report_reader_look(&reader));
	write_file(folder, REPORT_FILE, report, sizeof(*report) - 1);
	assert_null(report_reader_look(&reader));
	write_file(folder, REPORT_FILE, report, sizeof(*report));
	assert_non_null(report_reader_look(&reader));
	report->file.magic++;
	write_file(folder, REPORT_FILE, report, sizeof(*report));
	assert_null(report_reader_look(&reader));
	report_reader_close(&reader);
	snprintf(path, sizeof(path), "%s/" REPORT_FILE, folder);
	unlink(path);
	assert_int_equal(rmdir(folder), 0);
	free(report);
}

/* By its heartbeat; of one that hangs, by its lock; of one that has died, by nothing. */
static void life_is_told_by_heartbeat_and_lock(void **state)
{
	struct report *report = make_report();
	char folder[] = "/tmp/headrace-report-XXXXXX", path[300];
	struct report_reader reader;
	int lock;

	(void)state;
	assert_non_null(mkdtemp(folder));
	report_reader_open(&reader, folder);
	assert_true(report_reader_is_alive(&reader, report));
	report->heartbeat = 1;
	assert_false(report_reader_is_alive(&reader, report));
	snprintf(path, sizeof(path), "%s/" ABI_LOCK_VRRP, folder);
	lock = open(path, O_RDWR | O_CREAT, 0600);
	assert_int_equal(flock(lock, LOCK_EX), 0);
	assert_true(report_reader_is_alive(&reader, report));
	report->file.writer_pid = 0;
	assert_false(report_reader_is_alive(&reader, report));
	close(lock);
	unlink(path);
	assert_int_equal(rmdir(folder), 0);
	free(report);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_row_is_read_by_number_and_name),
		cmocka_unit_test(instances_are_found_by_what_they_are),
		cmocka_unit_test(what_is_being_written_is_not_believed),
		cmocka_unit_test(spoiled_rows_are_mended),
		cmocka_unit_test(states_and_faults_have_names),
		cmocka_unit_test(only_a_report_is_one),
		cmocka_unit_test(life_is_told_by_heartbeat_and_lock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
