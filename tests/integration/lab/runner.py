# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors

"""Runs the stories one after the other, each with a deadline and a lab of its own.

A story is a function story(lab), or several story_NAME(lab), of a module in stories/. Those that
take long, or whose figures are for people to judge, are in drills/.

A line a story: ok, FAIL or skip, and its seconds. What a failed one left (logs,
captures, configurations) is kept in a folder that is named. The last line is
"N passed, N failed, N skipped".
"""

import argparse
import importlib
import signal
import sys
import time
import traceback
from pathlib import Path

from . import leftovers
from .lab import ROUNDS, Failure, Lab, Skip

HERE = Path(__file__).resolve().parent.parent
DEADLINE = 180  # seconds; a story may set its own


class OutOfTime(Exception):
    """A story that ran into its deadline."""


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


def on_alarm(_number, _frame):
    """SIGALRM: the deadline."""
    raise OutOfTime()


def on_end(_number, _frame):
    """SIGTERM: as Ctrl-C, so that everything is cleaned up."""
    raise KeyboardInterrupt()


def run_story(name, module, story, arguments):
    """Runs one; returns ("ok" | "FAIL" | "skip", sentence, notes)."""
    verdict, sentence = "ok", ""
    lab = Lab(arguments.build, workers=arguments.workers, ports=arguments.ports, rounds=arguments.rounds)
    deadline = getattr(module, "DEADLINE", DEADLINE)
    try:
        signal.alarm(deadline)
        story(lab)
    except Skip as skip:
        verdict, sentence = "skip", str(skip)
    except OutOfTime:
        verdict, sentence = "FAIL", f"did not end within {deadline} s"
    except Exception as error:  # whatever it is, the story failed and the next one follows
        place = traceback.extract_tb(error.__traceback__)
        here = next((f for f in reversed(place) if f"/{arguments.folder}/" in f.filename), place[-1])
        kind = "" if isinstance(error, Failure) else f"{type(error).__name__}: "
        verdict, sentence = "FAIL", f"{Path(here.filename).name}:{here.lineno}: {kind}{error}"
    finally:
        signal.alarm(0)
        troubles = end_lab(lab, arguments.failures / name if verdict == "FAIL" else None)
    if troubles and verdict == "ok":
        verdict, sentence = "FAIL", "clean-up: " + "; ".join(troubles)
    return verdict, sentence, lab.notes


def end_lab(lab, folder):
    """Saves what explains a failure and takes the lab down; no signal may cut that short."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        if folder:
            lab.save_logs(folder)
        return lab.close()
    finally:
        catch_signals()


def catch_signals():
    """Ctrl-C, SIGTERM and deadlines become exceptions."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, on_end)
    signal.signal(signal.SIGALRM, on_alarm)


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
    parser.add_argument("--list", action="store_true", help="list the stories")
    arguments = parser.parse_args(argv)
    arguments.failures = arguments.failures or arguments.build / "failures"
    return arguments


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
    counts = {"ok": 0, "FAIL": 0, "skip": 0}
    for name, (module, story) in stories.items():
        began = time.monotonic()
        try:
            verdict, sentence, notes = run_story(name, module, story, arguments)
        except KeyboardInterrupt:
            print("interrupted", file=sys.stderr)
            return 130
        counts[verdict] += 1
        several = f" with {arguments.workers} workers" if arguments.workers > 1 else ""
        several += f" over {arguments.ports}" if arguments.ports != "af_xdp" else ""
        print(f"{verdict:4}  {name}{several} ({time.monotonic() - began:.1f} s)" +
              (f": {sentence}" if sentence else ""), flush=True)
        for note in notes:
            print(f"      {note}", flush=True)
        if verdict == "FAIL":
            print(f"      logs and captures: {arguments.failures / name}", flush=True)
    print(f"{counts['ok']} passed, {counts['FAIL']} failed, {counts['skip']} skipped")
    return 1 if counts["FAIL"] else 0
