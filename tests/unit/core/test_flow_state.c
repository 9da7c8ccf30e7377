/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* The states of a TCP flow, as packets of both sides move it. */
#include "dataplane/core/flow_state.h"
#include "tests/unit/core/check.h"
#include "tests/unit/core/frames.h"

#define HALF   ABI_FLOW_TCP_HALF_OPEN
#define OPEN   ABI_FLOW_TCP_ESTABLISHED
#define CLOSED ABI_FLOW_TCP_CLOSING
#define C      ABI_FLOW_FROM_CLIENT
#define B      ABI_FLOW_FROM_BACKEND

struct step {
	enum abi_flow_direction from;
	uint8_t flags;
	uint8_t state; /* after it; 0: the story is over */
};

struct story {
	const char *name;
	struct step steps[8];
};

static const struct story stories[] = {
	{"opened, closed by both",
	 {{B, SYN | ACK, HALF},
	  {C, ACK, OPEN},
	  {C, PSH | ACK, OPEN},
	  {B, ACK, OPEN},
	  {C, FIN | ACK, OPEN},
	  {B, ACK, OPEN},
	  {B, FIN | ACK, CLOSED},
	  {C, ACK, CLOSED}}},
	{"refused by the backend", {{B, RST | ACK, CLOSED}}},
	{"given up by the client", {{C, RST, CLOSED}}},
	{"SYN again", {{C, SYN, HALF}, {B, SYN | ACK, HALF}, {C, SYN, HALF}, {C, ACK, OPEN}}},
	{"no answer, no connection", {{C, ACK, HALF}, {C, PSH | ACK, HALF}}},
	{"data with the third packet", {{B, SYN | ACK, HALF}, {C, PSH | ACK, OPEN}}},
	{"reset while open", {{B, SYN | ACK, HALF}, {C, ACK, OPEN}, {B, RST, CLOSED}}},
	{"FIN twice from one side is not both",
	 {{B, SYN | ACK, HALF}, {C, ACK, OPEN}, {C, FIN | ACK, OPEN}, {C, FIN | ACK, OPEN}}},
	{"FINs before the third packet",
	 {{B, SYN | ACK, HALF}, {B, FIN | ACK, HALF}, {C, FIN | ACK, CLOSED}}},
};

static void tell(const struct story *story)
{
	struct abi_flow flow = {.state = HALF, .protocol = 6};

	for (unsigned i = 0; i < 8 && story->steps[i].state != 0; i++) {
		const struct step *step = &story->steps[i];
		uint8_t before = flow.state;
		bool rearm = flow_state_advance(&flow, step->from, step->flags);
		if (flow.state != step->state)
			fail_msg("%s: step %u gives state %u", story->name, i, flow.state);
		/* Closed: shorter. Established: it leaves the wheel of the half-open. */
		assert_int_equal(rearm, flow.state != before);
	}
}

static void tcp_stories(void **state)
{
	(void)state;
	for (unsigned i = 0; i < sizeof(stories) / sizeof(stories[0]); i++)
		tell(&stories[i]);
}

static void what_opens(void **state)
{
	(void)state;
	assert_true(flow_state_is_opening(SYN));
	assert_true(flow_state_is_opening(SYN | PSH));
	assert_false(flow_state_is_opening(SYN | ACK));
	assert_false(flow_state_is_opening(SYN | RST));
	assert_false(flow_state_is_opening(ACK));
	assert_false(flow_state_is_opening(0));
}

static void timeouts_by_state(void **state)
{
	const struct service_rule service = {.timeouts = {2, 101, 11, 1001, 151}};
	struct abi_flow flow = {.protocol = 6};

	(void)state;
	flow.state = HALF;
	assert_int_equal(flow_state_timeout(&flow, &service), 2);
	flow.state = OPEN;
	assert_int_equal(flow_state_timeout(&flow, &service), 101);
	flow.state = CLOSED;
	assert_int_equal(flow_state_timeout(&flow, &service), 11);
	flow.state = ABI_FLOW_UDP;
	assert_int_equal(flow_state_timeout(&flow, &service), 1001);
	flow.flags = ABI_FLOW_ANSWERED;
	assert_int_equal(flow_state_timeout(&flow, &service), 151);
	flow.flags = ABI_FLOW_ANSWERED | ABI_FLOW_STREAM;
	assert_int_equal(flow_state_timeout(&flow, &service), 1001);
	flow.flags = ABI_FLOW_STREAM;
	assert_int_equal(flow_state_timeout(&flow, &service), 1001);
}

/* Packets behind the first question, and the flags they leave; a new timer only where it is
 * shorter. */
static void udp_stories(void **state)
{
	const struct {
		const char *name;
		enum abi_flow_direction from[4];
		uint8_t flags[4];
		unsigned count;
	} rows[] = {
		{"one answer", {B}, {ABI_FLOW_ANSWERED}, 1},
		{"two answers",
		 {B, B},
		 {ABI_FLOW_ANSWERED, ABI_FLOW_ANSWERED | ABI_FLOW_STREAM},
		 2},
		{"another question",
		 {B, C},
		 {ABI_FLOW_ANSWERED, ABI_FLOW_ANSWERED | ABI_FLOW_STREAM},
		 2},
		{"asked twice, answered then",
		 {C, B, C},
		 {ABI_FLOW_STREAM, ABI_FLOW_STREAM | ABI_FLOW_ANSWERED,
		  ABI_FLOW_STREAM | ABI_FLOW_ANSWERED},
		 3},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct abi_flow flow = {.state = ABI_FLOW_UDP, .protocol = 17};

		for (unsigned step = 0; step < rows[i].count; step++) {
			bool rearm = flow_state_advance(&flow, rows[i].from[step], 0);

			if (flow.flags != rows[i].flags[step] || flow.state != ABI_FLOW_UDP)
				fail_msg("%s: step %u gives flags %x", rows[i].name, step,
					 flow.flags);
			assert_int_equal(rearm, flow.flags == ABI_FLOW_ANSWERED);
		}
	}
}

static void direct_connections(void **state)
{
	struct abi_flow flow = {.state = ABI_FLOW_DIRECT, .protocol = 6};
	uint32_t unanswered = flow_state_timeout(&flow, NULL);

	(void)state;
	flow_state_advance(&flow, B, SYN | ACK);
	uint32_t open = flow_state_timeout(&flow, NULL);
	assert_true(open > 7000u * 1000 / 64);
	assert_true(unanswered < open / 10);
	assert_true(flow_state_advance(&flow, B, RST));
	assert_int_equal(flow.state, ABI_FLOW_DIRECT);
	assert_int_equal(flow_state_timeout(&flow, NULL), unanswered);
	/* The same ends connect again. */
	flow_state_advance(&flow, C, SYN);
	flow_state_advance(&flow, B, SYN | ACK);
	assert_int_equal(flow_state_timeout(&flow, NULL), open);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tcp_stories),        cmocka_unit_test(what_opens),
		cmocka_unit_test(timeouts_by_state),  cmocka_unit_test(udp_stories),
		cmocka_unit_test(direct_connections),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
