# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors

"""The machine's own wall clock goes an hour forth and back, which disturbs all else that runs."""

import time

from lab import check, wait_for
from lab.vrrp import Site
from lab.waiting import pass_time

HOUR = 3600


def story(lab):
    """Nothing moves, at adverts of 10 ms."""
    first, second = nodes = Site(lab).pair(interval=10)
    first.start().becomes("active")
    second.start()
    wait_for(lambda: second.report.instance()["received"] > 2, "the second to hear the first")
    before = [node.report.group() for node in nodes]
    for hours in (1, -1):
        time.clock_settime(time.CLOCK_REALTIME, time.time() + HOUR * hours)
        try:
            pass_time(0.5, alive=[node.process for node in nodes])
        except BaseException:
            if hours > 0:
                time.clock_settime(time.CLOCK_REALTIME, time.time() - HOUR)
            raise
    check([node.report.group() for node in nodes] == before, "something moved")
