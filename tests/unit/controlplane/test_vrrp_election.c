/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* Who serves a group: RFC 9568, 6.4, and what Headrace adds to it. */
#include "controlplane/vrrp/election.h"
#include "tests/unit/controlplane/check.h"

#include <errno.h>
#include <string.h>

#define MS     UINT64_C(1000000)
#define SECOND (1000 * MS)
#define BEGIN  (1000 * SECOND)

static struct election election;
static uint64_t now;

static struct election_rules rules_of(uint32_t priority, uint32_t paths)
{
	struct election_rules rules = {
		.priority = priority, .version = 3, .preempt = true, .path_count = paths};

	for (uint32_t i = 0; i < paths; i++)
		rules.intervals[i] = 100 * MS;
	return rules;
}

static void begin(const struct election_rules *rules)
{
	now = BEGIN;
	election_init(&election, rules);
	assert_int_equal(election_start(&election, now).reason, ELECTION_STARTED);
	assert_int_equal(election.state, ELECTION_BACKUP);
}

/* Lets time pass; the adverts that are due are sent. Returns the first step that changed the state,
 * at its moment. */
static struct election_step pass(uint64_t span)
{
	struct election_step step = {0};
	uint64_t end = now + span;

	while (election_deadline(&election) <= end) {
		if (election_deadline(&election) > now)
			now = election_deadline(&election);
		step = election_tick(&election, now);
		if (step.actions & ELECTION_ADVERT)
			election_renewed(&election, election_lease(&election, now));
		if (step.reason != ELECTION_NO_REASON)
			return step;
	}
	now = end;
	return step;
}

static struct election_step hear_on(uint32_t path, uint32_t priority, bool is_greater)
{
	struct election_heard heard = {
		.path = path, .priority = priority, .interval = 100 * MS, .is_greater = is_greater};

	return election_hear(&election, &heard, now);
}

static struct election_step hear(uint32_t priority)
{
	return hear_on(0, priority, false);
}

static void become_active(void)
{
	struct election_step step = pass(10 * SECOND);

	assert_int_equal(election.state, ELECTION_ACTIVE);
	assert_int_equal(step.actions, ELECTION_ADVERT | ELECTION_TAKE);
}

/* Three intervals, and a skew that is longer for lower priorities. */
static void silence_makes_active(void **state)
{
	static const struct {
		uint32_t priority, version;
		uint64_t interval, after;
	} rows[] = {
		{1, 3, 100 * MS, 300 * MS + 255 * 100 * MS / 256},
		{150, 3, 100 * MS, 300 * MS + 106 * 100 * MS / 256},
		{254, 3, 10 * MS, 30 * MS + 2 * 10 * MS / 256},
		{100, 2, 1 * SECOND, 3 * SECOND + 156 * SECOND / 256},
		{100, 2, 5 * SECOND,
		 15 * SECOND + 156 * SECOND / 256}, /* RFC 3768: a part of 1 s */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct election_rules rules = rules_of(rows[i].priority, 1);

		rules.version = rows[i].version;
		rules.intervals[0] = rows[i].interval;
		begin(&rules);
		assert_int_equal(pass(20 * SECOND).reason, ELECTION_SILENCE);
		assert_int_equal(now, BEGIN + rows[i].after);
	}
}

static void a_higher_or_equal_one_is_left_alone(void **state)
{
	struct election_rules rules = rules_of(100, 1);

	(void)state;
	begin(&rules);
	for (int i = 0; i < 100; i++) {
		hear(i % 2 == 0 ? 100 : 200);
		assert_int_equal(pass(300 * MS).reason, ELECTION_NO_REASON);
	}
	assert_int_equal(election.state, ELECTION_BACKUP);
}

/* The active node's interval counts, not ours. */
static void its_interval_is_learned(void **state)
{
	struct election_rules rules = rules_of(100, 1);
	struct election_heard heard = {.priority = 200, .interval = SECOND};

	(void)state;
	begin(&rules);
	election_hear(&election, &heard, now);
	assert_int_equal(pass(10 * SECOND).reason, ELECTION_SILENCE);
	assert_int_equal(now, BEGIN + 3 * SECOND + 156 * SECOND / 256);
}

static void a_lower_one_is_preempted_at_once(void **state)
{
	struct election_rules rules = rules_of(100, 1);

	(void)state;
	begin(&rules);
	hear(99);
	assert_int_equal(pass(0).reason, ELECTION_PREEMPTS);
	assert_int_equal(now, BEGIN);
}

static void or_after_the_delay(void **state)
{
	struct election_rules rules = rules_of(100, 1);

	(void)state;
	rules.preempt_delay = SECOND;
	begin(&rules);
	for (int i = 0; i < 10; i++) {
		hear(99);
		assert_int_equal(pass(99 * MS).reason, ELECTION_NO_REASON);
	}
	hear(99);
	assert_int_equal(pass(99 * MS).reason, ELECTION_PREEMPTS);
	assert_int_equal(now, BEGIN + SECOND);
}

static void or_never(void **state)
{
	struct election_rules rules = rules_of(100, 1);

	(void)state;
	rules.preempt = false;
	begin(&rules);
	for (int i = 0; i < 100; i++) {
		hear(1);
		assert_int_equal(pass(100 * MS).reason, ELECTION_NO_REASON);
	}
	assert_int_equal(pass(SECOND).reason, ELECTION_SILENCE);
}

/* A lower one on one path is no reason as long as a higher one is heard on another. */
static void a_higher_one_on_another_path_holds_back(void **state)
{
	struct election_rules rules = rules_of(100, 2);

	(void)state;
	begin(&rules);
	hear_on(1, 200, false);
	hear_on(0, 50, false);
	assert_int_equal(pass(100 * MS).reason, ELECTION_NO_REASON);
	assert_int_equal(election.state, ELECTION_BACKUP);
}

/* While the active node is heard, a lower one beside it is no reason to preempt, nor is its
 * good-bye one to take over; the active node's own word is. */
/* Of three nodes the second has taken over from the first, as soon as that was silent long enough.
 */
static void one_that_took_over_is_heard_by_a_third(void **state)
{
	struct election_heard second = {.priority = 150, .interval = 100 * MS, .source = {2}};
	struct election_rules rules = rules_of(100, 1);

	(void)state;
	begin(&rules);
	hear(200);
	pass(300 * MS + 106 * 100 * MS / 256);
	for (int i = 0; i < 10; i++) {
		election_hear(&election, &second, now);
		assert_int_equal(pass(100 * MS).reason, ELECTION_NO_REASON);
	}
	assert_int_equal(election_active_priority(&election, now), 150);
}

static void a_lesser_one_beside_it_is_not_heard(void **state)
{
	struct election_rules rules = rules_of(100, 1);
	struct election_heard stranger = {.priority = 1, .interval = 100 * MS, .source = {1}};

	(void)state;
	rules.is_pair = true;
	begin(&rules);
	for (int i = 0; i < 10; i++) {
		hear(200);
		stranger.priority = i % 2;
		election_hear(&election, &stranger, now);
		assert_int_equal(pass(100 * MS).reason, ELECTION_NO_REASON);
	}
	hear(50); /* the active node itself: its priority was lowered */
	assert_int_equal(pass(0).reason, ELECTION_PREEMPTS);

	begin(&rules);
	hear(200);
	pass(200 * MS);
	election_hear(&election, &stranger,
		      now); /* the active one's time is not made longer by it */
	assert_int_equal(pass(SECOND).reason, ELECTION_SILENCE);
	assert_int_equal(now, BEGIN + 300 * MS + 156 * 100 * MS / 256);
}

static void one_path_that_hears_is_enough(void **state)
{
	struct election_rules rules = rules_of(100, 2);

	(void)state;
	begin(&rules);
	for (int i = 0; i < 20; i++) {
		hear_on(1, 200, false);
		assert_int_equal(pass(200 * MS).reason, ELECTION_NO_REASON);
	}
	assert_int_equal(pass(SECOND).reason, ELECTION_SILENCE);
}

static void a_good_bye_is_answered_after_the_skew(void **state)
{
	struct election_rules rules = rules_of(100, 1);

	(void)state;
	begin(&rules);
	hear(200);
	hear(0);
	assert_int_equal(pass(SECOND).reason, ELECTION_GIVEN_UP);
	assert_int_equal(now, BEGIN + 156 * 100 * MS / 256);
}

static void of_a_pair_at_once(void **state)
{
	struct election_rules rules = rules_of(100, 2);

	(void)state;
	rules.is_pair = true;
	begin(&rules);
	hear_on(0, 200, false);
	hear_on(1, 200, false);
	hear_on(0, 0, false); /* the other path's is on its way */
	assert_int_equal(election.state, ELECTION_BACKUP);
	assert_int_equal(pass(0).reason, ELECTION_GIVEN_UP);
	hear_on(1, 0, false);
	assert_int_equal(pass(10 * MS).reason, ELECTION_NO_REASON);
	assert_int_equal(election.state, ELECTION_ACTIVE);
}

/* What lay in the queue while we were stopped: the good-bye was not the last word. */
static void a_good_bye_taken_back_is_none(void **state)
{
	struct election_rules rules = rules_of(100, 1);

	(void)state;
	rules.is_pair = true;
	begin(&rules);
	hear(0);
	hear(200);
	assert_int_equal(pass(100 * MS).reason, ELECTION_NO_REASON);
}

static void the_active_one_yields_to_a_higher_one(void **state)
{
	struct election_rules rules = rules_of(100, 1);
	struct election_step step;

	(void)state;
	begin(&rules);
	become_active();
	step = hear(101);
	assert_int_equal(step.reason, ELECTION_HIGHER);
	assert_int_equal(step.actions, ELECTION_END_LEASE | ELECTION_LAST_ADVERT | ELECTION_DROP);
	assert_int_equal(election.state, ELECTION_BACKUP);
	assert_int_equal(pass(300 * MS).reason, ELECTION_NO_REASON);
}

static void of_equals_the_greater_address_stays(void **state)
{
	struct election_rules rules = rules_of(100, 1);

	(void)state;
	begin(&rules);
	become_active();
	assert_int_equal(hear_on(0, 100, false).reason, ELECTION_NO_REASON);
	assert_int_equal(hear_on(0, 100, true).reason, ELECTION_TIE);
}

/* On the second path the rival may have the greater address while ours is it on the first. */
static void of_several_paths_the_first_decides(void **state)
{
	struct election_rules rules = rules_of(100, 2);

	(void)state;
	begin(&rules);
	become_active();
	for (int i = 0; i < 10; i++) {
		assert_int_equal(hear_on(1, 100, true).reason, ELECTION_NO_REASON);
		assert_int_equal(hear_on(0, 100, false).reason, ELECTION_NO_REASON);
	}
	/* The first path is cut. */
	assert_int_equal(hear_on(1, 100, true).reason, ELECTION_NO_REASON);
	assert_int_equal(hear_on(1, 100, true).reason, ELECTION_NO_REASON);
	assert_int_equal(hear_on(1, 100, true).reason, ELECTION_TIE);
}

static void a_rival_is_answered_at_once_and_told(void **state)
{
	struct election_rules rules = rules_of(100, 1);
	struct election_step step;
	unsigned adverts = 0;

	(void)state;
	begin(&rules);
	become_active();
	pass(50 * MS);
	hear(99);
	assert_true(election_deadline(&election) <= now);
	step = election_tick(&election, now);
	assert_int_equal(step.actions, ELECTION_ADVERT | ELECTION_ANNOUNCE);
	assert_int_equal(election.advert_at, now + 100 * MS);
	/* A flood of them is not answered by one. */
	for (int i = 0; i < 1000; i++) {
		now += MS / 10;
		hear(i % 2 == 0 ? 99 : 0);
		step = election_tick(&election, now);
		adverts += (step.actions & ELECTION_ADVERT) != 0;
		if (step.actions & ELECTION_ADVERT)
			election_renewed(&election, election_lease(&election, now));
	}
	assert_int_equal(election.state, ELECTION_ACTIVE);
	assert_in_range(adverts, 3, 4);
}

static void adverts_keep_their_step(void **state)
{
	struct election_rules rules = rules_of(100, 1);
	uint64_t first;

	(void)state;
	begin(&rules);
	become_active();
	first = election.advert_at;
	now = first + 30 * MS; /* a late turn */
	assert_int_equal(election_tick(&election, now).actions, ELECTION_ADVERT);
	assert_int_equal(election.advert_at, first + 100 * MS);
	now = first + 550 * MS; /* a very late one: those missed are not made up for */
	assert_int_equal(election_tick(&election, now).actions, ELECTION_ADVERT);
	assert_int_equal(election.advert_at, now + 100 * MS);
}

/* However low its priority, the next one takes over later than our lease is out. */
static void the_lease_ends_before_others_take_over(void **state)
{
	(void)state;
	for (uint32_t priority = 1; priority < 255; priority++) {
		struct election_rules rules = rules_of(priority, 1);

		begin(&rules);
		assert_int_equal(election_lease(&election, now), now + 275 * MS);
		hear(254);
		assert_true(election.paths[0].down_at >= now + 300 * MS);
	}
}

/* The shortest interval of the group counts. */
static void of_several_intervals_the_shortest_counts(void **state)
{
	struct election_rules rules = rules_of(100, 2);

	(void)state;
	rules.intervals[0] = SECOND;
	begin(&rules);
	assert_int_equal(election_lease(&election, now), now + 275 * MS);
	become_active();
	assert_int_equal(election.advert_at, now + 100 * MS);
}

/* It was stopped: the lease ran out. Whoever is there meanwhile goes on serving. */
static void a_late_one_yields_to_any_rival(void **state)
{
	struct election_rules rules = rules_of(200, 1);
	struct election_step step;

	(void)state;
	begin(&rules);
	become_active();
	now += SECOND;
	step = hear(1);
	assert_int_equal(step.reason, ELECTION_LATE);
	assert_int_equal(step.actions, ELECTION_END_LEASE | ELECTION_DROP);
	assert_int_equal(election.late, 1);
	/* More of what lay in its queue changes nothing; what is heard after an interval does. */
	hear(1);
	assert_int_equal(pass(90 * MS).reason, ELECTION_NO_REASON);
	hear(1);
	assert_int_equal(pass(20 * MS).reason, ELECTION_PREEMPTS);
}

static void a_late_one_alone_goes_on(void **state)
{
	struct election_rules rules = rules_of(200, 1);

	(void)state;
	begin(&rules);
	become_active();
	now += SECOND;
	hear(0); /* no rival: it says good-bye */
	assert_int_equal(election_tick(&election, now).actions,
			 ELECTION_ADVERT | ELECTION_ANNOUNCE);
	assert_int_equal(election.state, ELECTION_ACTIVE);
	assert_int_equal(election.late, 1);
}

static void what_cannot_serve_does_not(void **state)
{
	struct election_rules rules = rules_of(200, 1);
	struct election_step step;

	(void)state;
	begin(&rules);
	become_active();
	step = election_fail(&election);
	assert_int_equal(step.actions, ELECTION_END_LEASE | ELECTION_ZERO | ELECTION_DROP);
	assert_int_equal(step.reason, ELECTION_FAULTY);
	assert_int_equal(election_fail(&election).reason, ELECTION_NO_REASON);
	assert_int_equal(hear(1).reason, ELECTION_NO_REASON);
	assert_int_equal(pass(10 * SECOND).reason, ELECTION_NO_REASON);
	assert_int_equal(election_take(&election, now, &step), -ENETDOWN);
	assert_int_equal(election_start(&election, now).reason, ELECTION_MENDED);
	assert_int_equal(pass(299 * MS).reason, ELECTION_NO_REASON);
	assert_int_equal(pass(SECOND).reason, ELECTION_SILENCE);
}

static void a_released_one_waits_for_the_other_to_be_gone(void **state)
{
	struct election_rules rules = rules_of(200, 1);
	struct election_step step;

	(void)state;
	begin(&rules);
	become_active();
	step = election_release(&election, now);
	assert_int_equal(step.actions, ELECTION_END_LEASE | ELECTION_ZERO | ELECTION_DROP);
	assert_int_equal(step.reason, ELECTION_RELEASED);
	assert_int_equal(election_priority(&election), 1);
	for (int i = 0; i < 100; i++) {
		hear(100);
		assert_int_equal(pass(100 * MS).reason, ELECTION_NO_REASON);
	}
	assert_int_equal(pass(SECOND).reason, ELECTION_SILENCE);
	assert_int_equal(hear(2).reason, ELECTION_HIGHER);

	assert_int_equal(election_take(&election, now, &step), 0);
	assert_int_equal(step.reason, ELECTION_TOLD);
	assert_int_equal(step.actions, ELECTION_ADVERT | ELECTION_TAKE);
	assert_int_equal(election_priority(&election), 200);
}

static void take_needs_the_higher_priority(void **state)
{
	struct election_rules rules = rules_of(100, 1);
	struct election_step step;

	(void)state;
	rules.preempt = false;
	begin(&rules);
	hear(100);
	assert_int_equal(election_take(&election, now, &step), -EPERM);
	assert_int_equal(election_active_priority(&election, now), 100);
	hear(99);
	assert_int_equal(election_take(&election, now, &step), 0);
	assert_int_equal(election.state, ELECTION_ACTIVE);
	assert_int_equal(election_take(&election, now, &step), 0);
	assert_int_equal(step.reason, ELECTION_NO_REASON);
}

static void a_stop_says_good_bye(void **state)
{
	struct election_rules rules = rules_of(100, 1);

	(void)state;
	begin(&rules);
	assert_int_equal(election_stop(&election).actions, 0);
	begin(&rules);
	become_active();
	assert_int_equal(election_stop(&election).actions,
			 ELECTION_END_LEASE | ELECTION_ZERO | ELECTION_DROP);
	assert_int_equal(election.state, ELECTION_INIT);
	assert_true(election_deadline(&election) == ELECTION_NEVER);
}

/* Services without backends lower the active node's priority: the others hear of it at once. */
static void a_change_of_priority_is_told(void **state)
{
	struct election_rules rules = rules_of(200, 1);
	const uint32_t was[] = {0};

	(void)state;
	begin(&rules);
	become_active();
	pass(40 * MS);
	rules.priority = 50;
	election_change(&election, &rules, was, now);
	assert_int_equal(election.state, ELECTION_ACTIVE);
	assert_int_equal(election_tick(&election, now).actions, ELECTION_ADVERT);
	assert_int_equal(hear(100).reason, ELECTION_HIGHER);

	rules.priority = 200;
	election_change(&election, &rules, was, now);
	now += 100 * MS; /* one more is waited for */
	assert_int_equal(pass(0).reason, ELECTION_PREEMPTS);
}

static void paths_are_kept_in_a_change(void **state)
{
	struct election_rules rules = rules_of(100, 2);
	const uint32_t was[] = {UINT32_MAX, 1};

	(void)state;
	begin(&rules);
	pass(200 * MS);
	hear_on(1, 200, false);
	rules.path_count = 2;
	rules.intervals[0] = 50 * MS;
	election_change(&election, &rules, was, now);
	assert_int_equal(election.paths[1].heard_priority, 200);
	assert_int_equal(election.paths[0].heard_at, 0);
	assert_int_equal(pass(300 * MS).reason, ELECTION_NO_REASON);
	assert_int_equal(pass(SECOND).reason, ELECTION_SILENCE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(silence_makes_active),
		cmocka_unit_test(a_higher_or_equal_one_is_left_alone),
		cmocka_unit_test(its_interval_is_learned),
		cmocka_unit_test(a_lower_one_is_preempted_at_once),
		cmocka_unit_test(or_after_the_delay),
		cmocka_unit_test(or_never),
		cmocka_unit_test(a_higher_one_on_another_path_holds_back),
		cmocka_unit_test(a_lesser_one_beside_it_is_not_heard),
		cmocka_unit_test(one_that_took_over_is_heard_by_a_third),
		cmocka_unit_test(one_path_that_hears_is_enough),
		cmocka_unit_test(a_good_bye_is_answered_after_the_skew),
		cmocka_unit_test(of_a_pair_at_once),
		cmocka_unit_test(a_good_bye_taken_back_is_none),
		cmocka_unit_test(the_active_one_yields_to_a_higher_one),
		cmocka_unit_test(of_equals_the_greater_address_stays),
		cmocka_unit_test(of_several_paths_the_first_decides),
		cmocka_unit_test(a_rival_is_answered_at_once_and_told),
		cmocka_unit_test(adverts_keep_their_step),
		cmocka_unit_test(the_lease_ends_before_others_take_over),
		cmocka_unit_test(of_several_intervals_the_shortest_counts),
		cmocka_unit_test(a_late_one_yields_to_any_rival),
		cmocka_unit_test(a_late_one_alone_goes_on),
		cmocka_unit_test(what_cannot_serve_does_not),
		cmocka_unit_test(a_released_one_waits_for_the_other_to_be_gone),
		cmocka_unit_test(take_needs_the_higher_priority),
		cmocka_unit_test(a_stop_says_good_bye),
		cmocka_unit_test(a_change_of_priority_is_told),
		cmocka_unit_test(paths_are_kept_in_a_change),
	};

	return cmocka_run_group_tests_name("vrrp election", tests, NULL, NULL);
}
