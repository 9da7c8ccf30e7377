#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors

"""Runs the fuzz targets, one after the other: ./bootstrap fuzz.

    run.py --build DIR [--seconds N] [--keep] [TARGET ...]

Each begins with the inputs in tests/fuzz/corpus/TARGET and with those it found
in earlier runs (DIR/corpus/TARGET). --keep replaces the first by the fewest of both that
reach every edge the two reach. What made a target fail is left in DIR/found.

After "steering", whose program is compiled for this machine, that is compared with the kernel's
(as root); "bitflips" is no target of libFuzzer's, but a number of packets. The last line is
"N passed, N failed" (", N skipped").
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
LONGEST = {"parse": 400, "engine": 1500, "icmp": 200, "fragments": 1500, "steering": 400,  # bytes of an input
           "vrrp": 600}
OPTIONS = ["-print_final_stats=1", "-len_control=0", "-entropic=0", "-timeout=20",
           "-rss_limit_mb=4096", "-print_funcs=0"]
COMPARED = ["compare_steering", "--count", "100000"]
BITFLIPS = ["bitflips", "--packets", "1000000"]
SKIPPED = 77
ENVIRONMENT = {**os.environ, "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1"}


class Target:
    """One of them: its program and its folders."""

    def __init__(self, build, name):
        self.name = name
        self.program = build / "tests/fuzz" / f"fuzz_{name}"
        self.kept = HERE / "corpus" / name
        self.own = build / "corpus" / name
        self.found = build / "found"

    def run(self, seconds):
        """Fuzzes; shows libFuzzer's line now and then. True when nothing was found."""
        self.own.mkdir(parents=True, exist_ok=True)
        self.found.mkdir(exist_ok=True)
        log = []
        argv = [self.program, *OPTIONS, f"-max_total_time={seconds}",
                f"-max_len={LONGEST[self.name]}",
                f"-artifact_prefix={self.found}/{self.name}-", self.own, self.kept]
        with subprocess.Popen(argv, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True,
                              errors="replace", env=ENVIRONMENT) as child:
            for line in child.stderr:
                log.append(line)
                if "pulse" in line:
                    print(f"  {line.strip()}", flush=True)
        self.report("".join(log), child.returncode)
        return child.returncode == 0

    def report(self, log, status):
        """One line, or all there is to know when something was found."""
        def last(pattern):
            return (re.findall(pattern, log) or ["0"])[-1]
        print(f"{self.name}: {int(last(r'executed_units: *([0-9]+)')):,} executions, "
              f"{int(last(r'average_exec_per_sec: *([0-9]+)')):,} a second; "
              f"{last(r'cov: ([0-9]+)')} of {last(r'Loaded 1 modules +.([0-9]+) inline')} edges; "
              f"{'nothing found' if status == 0 else 'FOUND'}", flush=True)
        if status != 0:
            print("".join(line + "\n" for line in log.splitlines()[-80:] if "pulse" not in line))
            for path in re.findall(r"Test unit written to (\S+)", log):
                print(f"again by: {self.program} {path}")

    def keep(self):
        """The fewest inputs that reach every edge."""
        with tempfile.TemporaryDirectory() as fewest:
            subprocess.run([self.program, "-set_cover_merge=1", "-use_counters=0",
                            f"-max_len={LONGEST[self.name]}", fewest, self.kept, self.own],
                           stderr=subprocess.DEVNULL, env=ENVIRONMENT, check=True)
            shutil.rmtree(self.kept)
            self.kept.mkdir()
            for path in Path(fewest).iterdir():
                shutil.copy(path, self.kept / f"{path.name[:12]}.bin")


def run_counted(build, argv):
    """A program that says how much it did in its last line; its exit status."""
    done = subprocess.run([build / "tests/fuzz" / argv[0], *argv[1:]], stdin=subprocess.DEVNULL, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, errors="replace",
                          env=ENVIRONMENT, check=False)
    lines = done.stdout.splitlines()
    print("\n".join(lines[-1:] if done.returncode in (0, SKIPPED) else lines), flush=True)
    return done.returncode


def run_target(target, arguments):
    """Fuzzes, and what belongs to it; the exit statuses."""
    print(f"{target.name}: {arguments.seconds} s", flush=True)
    statuses = [0 if target.run(arguments.seconds) else 1]
    if target.name == "steering":
        statuses.append(run_counted(arguments.build, [*COMPARED, target.kept, target.own]))
    if arguments.keep:
        target.keep()
    return statuses


def main():
    """The targets asked for; the exit status is 0 when none found anything."""
    names = [*LONGEST, BITFLIPS[0]]
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=", ".join(names))
    parser.add_argument("--build", type=Path, required=True)
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument("--keep", action="store_true")
    arguments = parser.parse_args()
    unknown = set(arguments.targets) - set(names)
    if unknown:
        parser.error(f"no target \"{unknown.pop()}\": {', '.join(names)}")
    statuses = []
    for name in arguments.targets or names:
        if name in LONGEST:
            statuses += run_target(Target(arguments.build, name), arguments)
        else:
            statuses.append(run_counted(arguments.build, BITFLIPS))
    passed, skipped = statuses.count(0), statuses.count(SKIPPED)
    failed = len(statuses) - passed - skipped
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
