# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors

"""Waiting for a condition with a deadline: the only way tests wait for another program."""

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


def pass_time(seconds, alive=()):
    """Lets a span of a scenario pass; ends early, loudly, when a process of alive has ended."""
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        for process in alive:
            if process.ended():
                raise Late(f"{process.name} ended before its time: {process.tail()}")
        time.sleep(min(left, 0.05))
