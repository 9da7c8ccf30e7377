# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors

"""Runs the stories, several at once, each with a deadline and a lab of its own.

A story is a function story(lab), or several story_NAME(lab), of a module in stories/. Those that
take long, or whose figures are for people to judge, are in drills/. A module whose stories want
the machine to themselves says why: ALONE = "it ...". These are played last, one by one.

A line a story: ok, FAIL or skip, and its seconds. What a failed one left (logs,
captures, configurations) is kept in a folder that is named. The last line is
"N passed, N failed, N skipped".
"""

import argparse
import importlib
import os
import sys
from pathlib import Path

from . import checksums, leftovers
from .lab import ROUNDS
from .playing import catch_signals, play

HERE = Path(__file__).resolve().parent.parent
MOST_AT_ONCE = 4  # each has some ten programs, and threads that are woken all the time


def find_stories(folder, filters):
    """The stories whose names contain one of the filters, or all: {name: (module, function)}."""
    found = {}
    for path in sorted((HERE / folder).glob("[a-z]*.py")):
        module = importlib.import_module(f"{folder}.{path.stem}")
        for function in [value for key, value in vars(module).items() if key.startswith("story")]:
            found[path.stem + function.__name__.removeprefix("story").replace("_", ".", 1)] = \
                module, function
    return {name: story for name, story in found.items()
            if not filters or any(word in name for word in filters)}


def parse(argv):
    """The command line."""
    parser = argparse.ArgumentParser(prog="run.py", description=__doc__)
    parser.add_argument("stories", nargs="*", help="run only those whose names contain one of these")
    parser.add_argument("--build", default="build", type=Path, help="build directory")
    parser.add_argument("--failures", type=Path, help="where failed stories' logs are kept")
    parser.add_argument("--folder", default="stories", choices=("stories", "drills"))
    parser.add_argument("--workers", default=1, type=int,
                        help="how many workers the dataplanes have where a story does not say")
    parser.add_argument("--rounds", default=ROUNDS, type=int,
                        help="of drills that do a thing 1,000 times, or with 1,000,000 flows: fewer "
                             "show that they run")
    parser.add_argument("--ports", default="af_xdp", choices=("af_xdp", "memif"),
                        help="of worlds: interfaces, or memif behind cards that hash (lab/cards.py)")
    parser.add_argument("--at-once", type=int, help="how many stories, of those that may (as there are CPUs)")
    parser.add_argument("--list", action="store_true", help="list the stories")
    arguments = parser.parse_args(argv)
    arguments.failures = arguments.failures or arguments.build / "failures"
    arguments.at_once = arguments.at_once or min(len(os.sched_getaffinity(0)), MOST_AT_ONCE)
    return arguments


class Report:
    """Says how each story ended, and counts."""

    def __init__(self, arguments):
        self.failures = arguments.failures
        self.several = f" with {arguments.workers} workers" if arguments.workers > 1 else ""
        self.several += f" over {arguments.ports}" if arguments.ports != "af_xdp" else ""
        self.counts = {"ok": 0, "FAIL": 0, "skip": 0}
        self.tally = checksums.Tally()

    def __call__(self, name, verdict, sentence, notes, captured, seconds):
        self.counts[verdict] += 1
        self.tally.add(captured)
        print(f"{verdict:4}  {name}{self.several} ({seconds:.1f} s)" +
              (f": {sentence}" if sentence else ""), flush=True)
        for note in notes:
            print(f"      {note}", flush=True)
        if verdict == "FAIL":
            print(f"      logs and captures: {self.failures / name}", flush=True)


def main(argv=None):
    """Runs what was asked for; returns the exit status."""
    arguments = parse(argv)
    stories = find_stories(arguments.folder, arguments.stories)
    if arguments.list:
        print("\n".join(stories))
        return 0
    if not stories:
        print(f"no story is named like {' or '.join(arguments.stories)}", file=sys.stderr)
        return 2
    leftovers.remove_dead_runs()
    catch_signals()
    report = Report(arguments)
    alone = {name for name, (module, _) in stories.items()
             if arguments.folder == "drills" or hasattr(module, "ALONE")}
    try:
        with leftovers.namespace_folder():
            for names, at_once in ((stories.keys() - alone, arguments.at_once), (alone, 1)):
                play({name: stories[name] for name in stories if name in names}, at_once,
                     arguments, report)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    counts, tally = report.counts, report.tally
    print(tally if tally.has_tshark else "no tshark: checksums in captures were not looked at")
    print(f"{counts['ok']} passed, {counts['FAIL']} failed, {counts['skip']} skipped")
    return 1 if counts["FAIL"] else 0
