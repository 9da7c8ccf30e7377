# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors

"""Waiting for a condition with a deadline: the only way tests wait for another program."""

import contextlib
import os
import time


class Late(Exception):
    """A condition that did not come true in time."""


def wait_for(condition, what, seconds=10.0, every=0.02):
    """Returns the first true value of condition(); raises Late with what it waited for.

    An OSError in condition() counts as "not yet": the thing asked is not up.
    """
    deadline = time.monotonic() + seconds
    trouble = None
    while True:
        try:
            value = condition()
            if value:
                return value
            trouble = None
        except OSError as error:
            trouble = error
        if time.monotonic() > deadline:
            raise Late(f"waited {seconds:g} s for: {what}" + (f" ({trouble})" if trouble else ""))
        time.sleep(every)


@contextlib.contextmanager
def promptly():
    """What is timed in the block is not late because of us: we go before all that is not real-time. To be
    left before anything is waited for."""
    real_time = os.SCHED_RR | os.SCHED_RESET_ON_FORK
    with contextlib.suppress(PermissionError):
        os.sched_setscheduler(0, real_time, os.sched_param(1))
    try:
        yield
    finally:
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))


def pass_time(seconds, alive=()):
    """Lets a span of a scenario pass; ends early, loudly, when a process of alive has ended."""
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        for process in alive:
            if process.ended():
                raise Late(f"{process.name} ended before its time: {process.tail()}")
        time.sleep(min(left, 0.05))
