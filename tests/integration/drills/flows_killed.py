# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors
"""A process that works on flows is killed 1,000 times at any instant, and 1,000 times at any
instruction; 10,000 spoiled files are taken over.
"""

import subprocess

from lab import check

DEADLINE = 1800


def story(lab):
    """Nothing that was at rest is lost, nothing is owned twice, nothing crashes."""
    for program, count in (("flow_killed", lab.rounds), ("flow_spoiled", 10 * lab.rounds)):
        done = subprocess.run([lab.build / f"tests/unit/core/test_core_{program}", str(count)],
                              capture_output=True, text=True, check=False)
        lab.notes.extend(line for line in done.stdout.splitlines() if line.startswith(f"{count} "))
        check(done.returncode == 0, f"{program}: {done.stdout}{done.stderr}")
