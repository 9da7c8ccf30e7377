/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 the Headrace authors */

/* Who polls which queue and who sends by it; when a port is believed to deliver to owners. */
#include "dataplane/delivery.h"
#include "dataplane/queues.h"
#include "tests/unit/core/check.h"

#define MOST 9

/* Every queue is polled by one worker, and used to send by that one only; everybody can send. */
static void check_port(unsigned port, unsigned queues, unsigned workers)
{
	for (unsigned worker = 0; worker < workers; worker++) {
		struct queue_sender sender = queue_sender(port, queues, worker, workers);

		assert_true(sender.worker < workers && sender.queue < queues);
		assert_int_equal(queue_receiver(port, queues, sender.queue, workers),
				 sender.worker);
		/* Who has a queue gives nothing away. */
		for (unsigned queue = 0; queue < queues; queue++)
			if (queue_receiver(port, queues, queue, workers) == worker)
				assert_int_equal(sender.worker, worker);
	}
	for (unsigned queue = 0; queue < queues; queue++)
		assert_true(queue_receiver(port, queues, queue, workers) < workers);
}

static void test_queues(void **state)
{
	(void)state;
	for (unsigned port = 0; port < MOST; port++)
		for (unsigned queues = 1; queues < MOST; queues++)
			for (unsigned workers = 1; workers < MOST; workers++)
				check_port(port, queues, workers);
}

/* As many ports of one queue as workers: each has one. */
static void test_ports_are_spread(void **state)
{
	(void)state;
	for (unsigned workers = 1; workers < MOST; workers++)
		for (unsigned port = 0; port < workers; port++)
			assert_int_equal(queue_receiver(port, 1, 0, workers), port);
}

static void test_delivery(void **state)
{
	struct delivery delivery = {.to_owners = true};

	(void)state;
	delivery_judge(&delivery, DELIVERY_LEAST - 1, DELIVERY_LEAST - 1);
	assert_true(delivery.to_owners); /* too few to judge by */
	delivery_judge(&delivery, DELIVERY_LEAST, DELIVERY_LEAST / 8 + 1);
	assert_false(delivery.to_owners);
	delivery_judge(&delivery, 2 * DELIVERY_LEAST, DELIVERY_LEAST / 4);
	assert_false(delivery.to_owners); /* an eighth is between the bounds */
	delivery_judge(&delivery, 3 * DELIVERY_LEAST, DELIVERY_LEAST / 4 + DELIVERY_LEAST / 32);
	assert_true(delivery.to_owners);
	delivery_judge(&delivery, 4 * DELIVERY_LEAST, DELIVERY_LEAST / 4 + DELIVERY_LEAST / 8);
	assert_true(delivery.to_owners);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_queues),
		cmocka_unit_test(test_ports_are_spread),
		cmocka_unit_test(test_delivery),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
