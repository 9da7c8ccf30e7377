#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors

"""Runs the test suites and counts every test: ./bootstrap test.

Standard library only. The last line is "N passed, N failed" (", N skipped").
"""

import argparse
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
SANITIZERS = {"ASAN_OPTIONS": "detect_leaks=1",
              "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1"}
OTHERS_LEAKS = {"LSAN_OPTIONS": f"suppressions={HERE / 'leaks.supp'}:print_suppressions=0"}
# Stories that the programs built with sanitizers play as well: every path, little load.
SANITIZED_STORIES = ["both_families.ports", "clients", "flipped", "hostile_tables", "http_dnat",
                     "http_full_nat", "packets", "reload", "steering", "taken_over.workers", "udp.full_nat", "vectors",
                     "vrrp.stopped", "vrrp_bad_input.counted", "vrrp_groups"]
# And with several workers: the packets of both modes and families, and what is killed.
WORKERS_STORIES = {2: ["backend_killed.nginx_full_nat_ipv6", "dataplane_killed.ipv6", "flows.flush", "http_dnat",
                       "http_full_nat", "packets", "spread.equal", "taken_over.ipv6"],
                   3: ["both_families.ports", "http_full_nat", "packets", "udp.dnat"]}
# With workers behind cards that hash (lab/cards.py); the stories card.* are among all.
CARD_STORIES = {2: ["http_dnat.ipv6", "packets", "taken_over.ipv6"],
                3: ["http_full_nat.ipv6", "udp.one_arm", "taken_over.workers"]}


class Count:
    """Tests passed, failed and skipped."""

    def __init__(self, passed=0, failed=0, skipped=0):
        self.passed, self.failed, self.skipped = passed, failed, skipped

    def __iadd__(self, other):
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped
        return self

    def __str__(self):
        skipped = f", {self.skipped} skipped" if self.skipped else ""
        return f"{self.passed} passed, {self.failed} failed{skipped}"


def count_cmocka(result):
    """The test cases of one meson test, as CMocka told them; one when it told none."""
    text = result.get("stdout", "") + result.get("stderr", "")
    count = Count(len(re.findall(r"^\[       OK \]", text, re.M)),
                  len(set(re.findall(r"^\[  FAILED  \] (\S+)$", text, re.M))),
                  len(set(re.findall(r"^\[  SKIPPED \] (\S+)$", text, re.M))))
    if result["result"] == "OK":
        return count if count.passed + count.skipped else Count(passed=1)
    if result["result"] == "SKIP":
        return Count(skipped=1)
    count.failed = max(count.failed, 1)  # one that crashed told of nothing
    return count


def name_skipped(result):
    """The cases that were skipped, or what the program said of why all were."""
    text = result.get("stdout", "") + result.get("stderr", "")
    cases = re.findall(r"^\[  SKIPPED \] (\S+)$", text, re.M)
    return list(dict.fromkeys(cases)) or text.strip().splitlines()[-1:]


def run_unit(build, environment=None):
    """meson test; a line a program."""
    log = build / "meson-logs/testlog.json"
    log.unlink(missing_ok=True)
    done = subprocess.run(["meson", "test", "-C", build, "--no-rebuild", "--print-errorlogs",
                           "--timeout-multiplier", "4" if environment else "1"],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
                          stdin=subprocess.DEVNULL, env={**os.environ, **(environment or {})})
    total = Count()
    if not log.exists():
        print(done.stdout)
        return Count(failed=1 if done.returncode else 0)
    for line in log.read_text(encoding="utf-8").splitlines():
        result = json.loads(line)
        count = count_cmocka(result)
        total += count
        name = result["name"].rpartition(" / ")[2]
        print(f"{'FAIL' if count.failed else 'ok':4}  {name} ({result['duration']:.1f} s): {count}")
        for skipped in name_skipped(result) if count.skipped else ():
            print(f"skip  {skipped}")
        if count.failed:
            print(result.get("stdout", "") + result.get("stderr", ""))
    if done.returncode and not total.failed:
        print(done.stdout)
        total.failed += 1
    return total


def run_counted(argv, environment=None):
    """A program whose last line is "N passed, N failed[, N skipped]"."""
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, stdin=subprocess.DEVNULL,
                          env={**os.environ, **(environment or {})}) as child:
        last = ""
        try:
            for line in child.stdout:
                print(line, end="", flush=True)
                last = line
        except KeyboardInterrupt:
            child.terminate()
            raise
    counted = re.match(r"(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$", last.strip())
    if not counted:
        return Count(failed=1)
    count = Count(*(int(number or 0) for number in counted.groups()))
    if child.returncode and not count.failed:
        count.failed = 1
    return count


def run_stories(build, names, environment=None):
    """The integration tests, all or some, with the programs of a build."""
    return run_counted([sys.executable, HERE / "integration/run.py", "--build", build, *names],
                       environment)


def run_integration(arguments):
    """The stories asked for; of all, some once more with several workers, and over cards."""
    count = run_stories(arguments.build, ["--workers", str(arguments.workers), "--ports", arguments.ports,
                                          *arguments.names])
    if arguments.names:
        return count
    for ports, stories in (("af_xdp", WORKERS_STORIES), ("memif", CARD_STORIES)):
        for workers, names in stories.items():
            count += run_stories(arguments.build, ["--workers", str(workers), "--ports", ports, *names])
    return count


def run_sanitized(build):
    """Unit tests, then some stories."""
    count = run_unit(build, SANITIZERS)
    count += run_stories(build, SANITIZED_STORIES, {**SANITIZERS, **OTHERS_LEAKS})
    return count


def suites(arguments):
    """Name, and what runs it, of each suite, quick ones first."""
    return {
        "lint": lambda: run_counted([sys.executable, HERE / "lint.py", "--build", arguments.build]),
        "unit": lambda: run_unit(arguments.build),
        "sanitize": lambda: run_sanitized(arguments.sanitize),
        "integration": lambda: run_integration(arguments),
    }


def main():
    """Runs the suites asked for; the exit status is 0 when nothing failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("suite", nargs="?", default="all")
    parser.add_argument("names", nargs="*", help="stories of the integration suite")
    parser.add_argument("--workers", type=int, default=1, help="of dataplanes in these stories")
    parser.add_argument("--ports", default="af_xdp", help="of worlds in these stories: af_xdp or memif")
    parser.add_argument("--build", type=Path, required=True)
    parser.add_argument("--sanitize", type=Path, required=True)
    arguments = parser.parse_args()
    sys.stdout.reconfigure(line_buffering=True)
    total = Count()
    for name, run in suites(arguments).items():
        if arguments.suite not in ("all", name):
            continue
        print(f"\n{name}")
        began = time.monotonic()
        count = run()
        total += count
        print(f"{name}: {count} ({time.monotonic() - began:.0f} s)")
    print(f"\n{total}")
    return 1 if total.failed or not total.passed else 0


if __name__ == "__main__":
    sys.exit(main())
