# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors

"""Loads on several services, shown as they go."""

import time

from .lab import check
from .waiting import wait_for


class Watch:
    """Loads on several services, shown as one line."""

    def __init__(self, screen, loads):
        self.screen, self.loads = screen, loads
        self.reports = {service: [] for service in loads}
        self.began = time.monotonic()
        self.latest = {}

    def collect(self):
        """Reads what the loads have reported."""
        for service, pair in self.loads.items():
            for position, load in enumerate(pair):
                for report in load.progress():
                    self.reports[service].append((report["time"], position, report))
                    self.latest[service, position] = report

    def line(self):
        """Totals, and who has answered in the last moments."""
        recent, since = {}, time.monotonic() - 0.7
        for reports in self.reports.values():
            for when, _, report in reports:
                for name, count in report["backends"].items() if when > since else ():
                    recent[name] = recent.get(name, 0) + count
        everyone = max(1, sum(recent.values()))
        shares = "  ".join(f"{name} {count / everyone:3.0%}" for name, count in sorted(recent.items()))
        done = sum(report["done"] for report in self.latest.values())
        failed = sum(report["failed"] for report in self.latest.values())
        return (f"   {time.monotonic() - self.began:4.1f} s  {done:7,} answered  {failed:4} failed   "
                f"answering now: {shares}")

    def look(self):
        """Shows how it is going; the loads must not have ended."""
        self.collect()
        for pair in self.loads.values():
            for load in pair:
                check(not load.process.ended(), f"{load.process.name} ended: {load.process.tail()}")
        self.screen.live(self.line())

    def run(self, seconds):
        """Lets it go on for a while."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.look()
            time.sleep(0.1)

    def note(self, seconds):
        """Lets it go on for a while and leaves the last line standing."""
        self.run(seconds)
        self.screen.say(self.line())

    def until(self, condition, what):
        """Lets it go on until something is so; returns what condition() says."""
        def look_and_ask():
            self.look()
            return condition()
        return wait_for(look_and_ask, what, 20)

    def share_since(self, service, backend, moment, position=0):
        """A backend's share of the answers to a load since a moment; the first load of a pair is
        the one on new connections."""
        self.collect()
        counts = [report["backends"] for when, at, report in self.reports[service]
                  if at == position and when > moment + 0.3]
        return sum(c.get(backend, 0) for c in counts) / max(1, sum(sum(c.values()) for c in counts))
