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
	/* RFC 9293, 3.5. */
	{"SYN again", {{C, SYN, HALF}, {B, SYN | ACK, HALF}, {C, SYN, HALF}, {C, ACK, OPEN}}},
	{"opened by both at once",
	 {{B, SYN, HALF}, {B, SYN | ACK, HALF}, {C, SYN | ACK, OPEN}, {B, ACK, OPEN}}},
	{"no answer, no connection", {{C, ACK, HALF}, {C, PSH | ACK, HALF}}},
	{"data with the third packet", {{B, SYN | ACK, HALF}, {C, PSH | ACK, OPEN}}},
	/* RFC 9293, 3.6: one side has nothing more to say, the other has. */
	{"half-closed by the client",
	 {{B, SYN | ACK, HALF},
	  {C, ACK, OPEN},
	  {C, FIN | ACK, OPEN},
	  {B, PSH | ACK, OPEN},
	  {C, ACK, OPEN},
	  {B, FIN | ACK, CLOSED},
	  {C, ACK, CLOSED}}},
	{"half-closed by the backend",
	 {{B, SYN | ACK, HALF},
	  {C, ACK, OPEN},
	  {B, FIN | ACK, OPEN},
	  {C, PSH | ACK, OPEN},
	  {B, ACK, OPEN},
	  {C, FIN | ACK, CLOSED},
	  {B, ACK, CLOSED}}},
	{"closed by both at once",
	 {{B, SYN | ACK, HALF},
	  {C, ACK, OPEN},
	  {C, FIN | ACK, OPEN},
	  {B, FIN | ACK, CLOSED},
	  {C, ACK, CLOSED},
	  {B, ACK, CLOSED}}},
	{"FIN twice from one side is not both",
	 {{B, SYN | ACK, HALF}, {C, ACK, OPEN}, {C, FIN | ACK, OPEN}, {C, FIN | ACK, OPEN}}},
	{"FINs before the third packet",
	 {{B, SYN | ACK, HALF}, {B, FIN | ACK, HALF}, {C, FIN | ACK, CLOSED}}},
	{"closed by both: what was sent again opens nothing",
	 {{B, SYN | ACK, HALF},
	  {C, ACK, OPEN},
	  {B, FIN | ACK, OPEN},
	  {C, FIN | ACK, CLOSED},
	  {C, PSH | ACK, CLOSED},
	  {B, RST, CLOSED},
	  {C, FIN | ACK, CLOSED}}},
	/* RFC 5961, RFC 6146, 3.5.2.2. */
	{"reset, and none of it: the client goes on",
	 {{B, SYN | ACK, HALF}, {C, ACK, OPEN}, {C, RST, CLOSED}, {C, PSH | ACK, OPEN}}},
	{"reset, and none of it: the backend goes on",
	 {{B, SYN | ACK, HALF}, {C, ACK, OPEN}, {B, RST, CLOSED}, {B, ACK, OPEN}}},
	{"resets by the dozen",
	 {{B, SYN | ACK, HALF},
	  {C, ACK, OPEN},
	  {C, RST, CLOSED},
	  {C, RST | ACK, CLOSED},
	  {B, RST, CLOSED},
	  {B, ACK, OPEN},
	  {C, RST | FIN | SYN, CLOSED},
	  {C, ACK, OPEN}}},
	{"reset and half-closed",
	 {{B, SYN | ACK, HALF},
	  {C, ACK, OPEN},
	  {C, FIN | ACK, OPEN},
	  {C, RST, CLOSED},
	  {B, PSH | ACK, OPEN},
	  {B, FIN | ACK, CLOSED}}},
	{"reset before it was open",
	 {{C, RST, CLOSED}, {B, SYN | ACK, HALF}, {C, RST, CLOSED}, {C, ACK, OPEN}}},
	{"a reset is no answer", {{B, RST | ACK, CLOSED}, {C, ACK, HALF}}},
	{"a SYN does not speak against a reset, its answer does",
	 {{B, SYN | ACK, HALF},
	  {C, ACK, OPEN},
	  {C, RST, CLOSED},
	  {C, SYN, CLOSED},
	  {B, ACK, OPEN},
	  {C, SYN, OPEN}}},
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

/* Half-closed, both sides may be silent as long as before. */
static void what_counts_as_closed(void **state)
{
	const struct service_rule service = {.timeouts = {2, 101, 11, 1001, 151}};
	struct abi_flow flow = {.state = OPEN, .protocol = 6, .flags = ABI_FLOW_ANSWERED};

	(void)state;
	flow_state_advance(&flow, C, FIN | ACK);
	assert_int_equal(flow_state_timeout(&flow, &service), 101);
	flow_state_advance(&flow, C, RST);
	assert_int_equal(flow_state_timeout(&flow, &service), 11);
	assert_true(flow_state_is_in_doubt(&flow));
	flow_state_advance(&flow, B, ACK);
	assert_int_equal(flow_state_timeout(&flow, &service), 101);
	assert_int_equal(flow.flags, ABI_FLOW_ANSWERED | ABI_FLOW_CLIENT_FIN);
	assert_false(flow_state_is_in_doubt(&flow));
}

/* Only the backend agrees to a new connection. */
static void what_ends_a_doubt(void **state)
{
	struct abi_flow flow = {.state = OPEN, .protocol = 6, .flags = ABI_FLOW_ANSWERED};

	(void)state;
	assert_false(flow_state_ends_doubt(&flow, B, SYN | ACK));
	flow_state_advance(&flow, C, RST);
	assert_true(flow_state_ends_doubt(&flow, B, SYN | ACK));
	assert_false(flow_state_ends_doubt(&flow, C, SYN | ACK));
	assert_false(flow_state_ends_doubt(&flow, C, SYN));
	assert_false(flow_state_ends_doubt(&flow, B, SYN));
	assert_false(flow_state_ends_doubt(&flow, B, ACK));
	assert_false(flow_state_ends_doubt(&flow, B, SYN | ACK | RST));
	/* Of what was not open there is none. */
	flow = (struct abi_flow){.state = HALF, .protocol = 6};
	flow_state_advance(&flow, C, RST);
	assert_false(flow_state_ends_doubt(&flow, B, SYN | ACK));
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
	/* A reset that neither end believes, there too. */
	flow_state_advance(&flow, C, ACK);
	assert_int_equal(flow_state_timeout(&flow, NULL), open);
	flow_state_advance(&flow, B, RST);
	/* The same ends connect again. */
	flow_state_advance(&flow, C, SYN);
	flow_state_advance(&flow, B, SYN | ACK);
	assert_int_equal(flow_state_timeout(&flow, NULL), open);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tcp_stories),        cmocka_unit_test(what_opens),
		cmocka_unit_test(what_ends_a_doubt),  cmocka_unit_test(what_counts_as_closed),
		cmocka_unit_test(timeouts_by_state),  cmocka_unit_test(udp_stories),
		cmocka_unit_test(direct_connections),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
