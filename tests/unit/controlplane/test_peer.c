/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* What of the other node's answers is an alarm. */
#include "controlplane/failover/peer_answer.h"
#include "tests/unit/controlplane/check.h"

#include <stdio.h>
#include <string.h>

#define STATUS(id, etag)                                                                          \
	"{\"node\": {\"id\": " id ", \"name\": \"b\"}, \"revision\": 9, \"shared_etag\": \"" etag \
	"\"}"

struct answer_case {
	long status;
	const char *body;
	enum peer_alarm alarm;
	bool same;
	const char *words; /* in the sentence */
};

static const struct answer_case cases[] = {
	{200, STATUS("1", "same"), PEER_WELL, true, ""},
	{200, STATUS("1", "other"), PEER_DIFFERENT, false, "revision 9 there, 7 here"},
	{200, STATUS("0", "same"), PEER_SAME_NODE, true, "it is node 0"},
	{200, STATUS("0", "other"), PEER_SAME_NODE, false, "it is node 0"},
	{401, "{}", PEER_UNREACHABLE, false, "refuses this node (401)"},
	{403, "{}", PEER_UNREACHABLE, false, "refuses this node (403)"},
	{503, STATUS("1", "same"), PEER_UNREACHABLE, false, "status 503"},
	{200, "", PEER_UNREACHABLE, false, "is no node"},
	{200, "<html>", PEER_UNREACHABLE, false, "is no node"},
	{200, "[1]", PEER_UNREACHABLE, false, "is no node"},
	{200, "{\"node\": {\"id\": 1, \"name\": \"b\"}}", PEER_UNREACHABLE, false, "is no node"},
	{200, "{\"shared_etag\": \"same\"}", PEER_UNREACHABLE, false, "is no node"},
};

static void answers(void **state)
{
	const struct peer_self self = {.node_id = 0, .shared_etag = "same", .revision = 7};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct answer_case *one = &cases[i];
		struct peer_view view = {
			.api = "192.0.2.2:7117", .alarm = PEER_DIFFERENT, .sentence = "old"};

		peer_judge(&view, &self, one->status, one->body, strlen(one->body));
		if (view.alarm != one->alarm || view.is_same != one->same ||
		    strstr(view.sentence, one->words) == NULL)
			fail_msg("case %zu: alarm %d, same %d: %s", i, view.alarm, view.is_same,
				 view.sentence);
		assert_int_equal(view.sentence[0] == '\0', view.alarm == PEER_WELL);
	}
}

/* What was known of it stays, but that it is the same. */
static void silence(void **state)
{
	struct peer_view view = {
		.api = "192.0.2.2:7117", .node = "b", .revision = 9, .is_same = true};

	(void)state;
	peer_judge_silence(&view, "Timeout was reached");
	assert_int_equal(view.alarm, PEER_UNREACHABLE);
	assert_false(view.is_same);
	assert_string_equal(view.node, "b");
	assert_int_equal(view.revision, 9);
	assert_string_equal(view.sentence, "the peer's API at 192.0.2.2:7117 cannot be reached: "
					   "Timeout was reached");
}

static void long_names_are_cut(void **state)
{
	const struct peer_self self = {.node_id = 0, .shared_etag = "same"};
	struct peer_view view = {.api = "192.0.2.2:7117"};
	char body[512];

	(void)state;
	snprintf(body, sizeof(body),
		 "{\"node\": {\"id\": 1, \"name\": \"%0200d\"}, \"shared_etag\": \"x\"}", 1);
	peer_judge(&view, &self, 200, body, strlen(body));
	assert_int_equal(strlen(view.node), CONFIG_NAME_SIZE - 1);
	assert_int_equal(view.alarm, PEER_DIFFERENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers),
		cmocka_unit_test(silence),
		cmocka_unit_test(long_names_are_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
