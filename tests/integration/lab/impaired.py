# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors

"""A hop that is a bad wire: it drops, reorders and duplicates, and counts what it did."""

import json
import signal

from .lab import check
from .topology import Namespace, link
from .waiting import wait_for


class Hop(Namespace):
    """A namespace in the middle of a link, seen by nobody; see tools/impair.c for its settings."""

    def __init__(self, lab, name="hop"):
        super().__init__(lab, name)
        self.process = None

    def join(self, namespace, interface):
        """Its first interface goes to one of a namespace; the other one is called "other"."""
        link(namespace, interface, self, "one")

    def start(self, **settings):
        """Lets frames pass: drop=5 (percent), reverse_fragments=True, seed=7, ..."""
        options = [word for name, value in settings.items() if value
                   for word in [f"--{name.replace('_', '-')}", value][:1 if value is True else 2]]
        self.process = self.spawn(f"impair-{len(self.lab.processes)}",
                                  [self.lab.tool("impair"), *options, "one", "other"])
        wait_for(lambda: "ready" in self.process.output(), "the impairing hop to be ready")

    def counts(self):
        """What it did so far, in sum of both directions ("there", "back": of each)."""
        said = self._reports()
        self.process.signal(signal.SIGUSR1)
        return _summed(wait_for(lambda: self._reports()[len(said):], "the hop to report")[0])

    def stop(self):
        """Ends it; what it did. Raises unless each frame is accounted for."""
        self.process.signal(signal.SIGTERM)
        wait_for(self.process.ended, "the hop to end")
        counts = _summed(self._reports()[-1])
        check(counts["missed"] == 0, f"the hop itself missed frames: {counts}")
        check(counts["received"] + counts["duplicated"] + counts["fragments_duplicated"] ==
              counts["sent"] + counts["dropped"] + counts["waiting"],
              f"the hop does not account for every frame: {counts}")
        return counts

    def _reports(self):
        return self.process.output().splitlines()[1:]


def _summed(line):
    lanes = json.loads(line)
    return {**{name: sum(lane[name] for lane in lanes.values()) for name in lanes["there"]}, **lanes}
