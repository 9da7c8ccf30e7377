# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors
"""Ten million flows of each family: made, used and expired by the engine alone.

What they take, that nothing is left of them, and how long the longest poll was; the
last is for a person to judge, as whatever else runs on the machine lengthens it.
"""

import subprocess

from lab import check

DEADLINE = 900


def story(lab):
    """Memory as promised, each flow goes on, nothing is left."""
    for family in (4, 6):
        done = subprocess.run([lab.build / "tests/bench/flows_drill", "10000000", str(family)],
                              capture_output=True, text=True, check=False)
        lab.notes.extend(line.strip() for line in done.stdout.splitlines())
        check(done.returncode == 0, f"IPv{family}: {done.stdout}{done.stderr}")
