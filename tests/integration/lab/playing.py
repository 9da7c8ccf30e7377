# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors

"""One story, played in a process of its own: with a deadline, a lab, and nothing left afterwards.

The lab is named after that process, so that several stories can be played at once.
"""

import ctypes
import multiprocessing
import multiprocessing.connection
import os
import signal
import time
import traceback
from pathlib import Path

from . import checksums, left_behind, leftovers
from .lab import Failure, Lab, Skip, check
from .processes import CommandFailed
from .waiting import Late

FORK = multiprocessing.get_context("fork")
DEADLINE = 180  # seconds; a story may set its own
PR_SET_PDEATHSIG = 1


class OutOfTime(Exception):
    """A story that ran into its deadline."""


def on_alarm(_number, _frame):
    """SIGALRM: the deadline."""
    raise OutOfTime()


def on_end(_number, _frame):
    """SIGTERM: as Ctrl-C, so that everything is cleaned up."""
    raise KeyboardInterrupt()


def catch_signals():
    """Ctrl-C, SIGTERM and deadlines become exceptions."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, on_end)
    signal.signal(signal.SIGALRM, on_alarm)


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


def run_story(name, module, story, arguments):
    """Runs one; returns ("ok" | "FAIL" | "skip", sentence, notes, the checksums in its captures)."""
    verdict, sentence = "ok", ""
    lab = Lab(arguments.build, workers=arguments.workers, ports=arguments.ports, rounds=arguments.rounds)
    tally = checksums.Tally()
    deadline = getattr(module, "DEADLINE", DEADLINE)
    try:
        signal.alarm(deadline)
        story(lab)
        tally = checksums.judge(name, lab.logs)
        check(not tally.bad, f"{len(tally.bad)} wrong checksums; {'; '.join(tally.bad[:3])}")
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
    return verdict, sentence, lab.notes, tally


def _play(name, module, story, arguments, answer):
    """The process: ends as by SIGTERM when the runner dies. Ctrl-C reaches the runner alone."""
    catch_signals()
    os.setsid()
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    try:
        answer.send(run_story(name, module, story, arguments))
    except KeyboardInterrupt:
        pass


class Player:
    """A story that is being played."""

    def __init__(self, name, module, story, arguments):
        self.name = name
        self.began = time.monotonic()
        self.answer, theirs = FORK.Pipe(duplex=False)
        self.process = FORK.Process(target=_play, args=(name, module, story, arguments, theirs))
        self.process.start()
        theirs.close()

    def end(self):
        """Waits for its end; returns what run_story() did, and its seconds.

        Nothing that is named after the process may be left, whatever the story says itself.
        """
        try:
            verdict, sentence, notes, tally = self.answer.recv()
        except EOFError:
            verdict, sentence, notes, tally = "FAIL", "its process ended before its time", [], checksums.Tally()
        self.process.join()
        left = left_behind.of_run(self.process.pid)
        if left:
            verdict, sentence = "FAIL", f"{sentence or verdict}; left behind: {', '.join(left)}"
            try:
                leftovers.remove_run(self.process.pid)
            except (CommandFailed, Late) as trouble:
                sentence += f"; {trouble}"
        return verdict, sentence, notes, tally, time.monotonic() - self.began

    def stop(self):
        """Ends it before its time; it cleans up."""
        self.process.terminate()
        self.process.join()


def play(stories, at_once, arguments, report):
    """Plays {name: (module, function)}, so many at once; report() takes name and end() of each."""
    waiting, playing = list(stories.items()), []
    try:
        while waiting or playing:
            while waiting and len(playing) < at_once:
                name, (module, story) = waiting.pop(0)
                playing.append(Player(name, module, story, arguments))
            ended = multiprocessing.connection.wait([player.answer for player in playing])
            for player in [player for player in playing if player.answer in ended]:
                report(player.name, *player.end())
                playing.remove(player)
    finally:
        for player in playing:
            player.stop()
