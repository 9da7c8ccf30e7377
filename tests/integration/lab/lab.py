# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors

"""The lab: everything one test made, gone when it is closed, whatever happened."""

import os
import shutil
from pathlib import Path

from . import leftovers
from .processes import CommandFailed, Process, run
from .waiting import Late


ROUNDS = 1000


class Failure(Exception):
    """What a test found wrong."""


class Skip(Exception):
    """What this machine cannot do; the test says what."""


def check(condition, message):
    """Fails the test with a sentence unless the condition holds."""
    if not condition:
        raise Failure(message)


class Lab:
    """Owner of a test's namespaces, programs and files.

    defer() takes what undoes a thing as it is made; close() does all of it in
    reverse order, and goes on when one step fails.
    """

    def __init__(self, build_directory, keep=False, workers=1, ports="af_xdp", rounds=ROUNDS):
        self.build = Path(build_directory).resolve()
        self.keep = keep
        self.workers = workers  # of dataplanes whose configuration does not say
        self.ports = ports      # what those of worlds are: af_xdp or memif
        self.rounds = rounds    # of drills that do a thing 1,000 times
        self.directory = Path(f"/run/hr{os.getpid()}")
        self.processes = []
        self.notes = []  # figures worth a line in the report
        self._undo = []
        if not leftovers.NAMESPACES.exists():
            self.defer(leftovers.remove_namespace_folder)
        self.directory.mkdir(mode=0o755)
        self.defer(lambda: leftovers.remove_directory(self.directory))
        # Shared memory belongs in memory, also where /run is a disk.
        run(["mount", "-t", "tmpfs", "-o", "mode=0755", "headrace-lab", self.directory])
        self.logs = self.directory / "logs"
        self.logs.mkdir()

    def defer(self, undo):
        """Takes a function that undoes what was just done."""
        self._undo.append(undo)

    def spawn(self, name, argv, namespace=None):
        """Starts a program that is killed with the lab (unless the lab is kept)."""
        process = Process(name, argv, namespace, self.logs, self.keep)
        self.processes.append(process)
        self.defer(process.kill)
        return process

    def tool(self, name):
        """A program that was built for the tests."""
        return self.build / "tests/integration/tools" / name

    def program(self, name):
        """A program of Headrace, wherever the build put it."""
        for folder in ("dataplane", "controlplane", "controlplane/cli", "controlplane/vrrp"):
            if (self.build / folder / name).is_file():
                return self.build / folder / name
        raise CommandFailed(f"{name} is not in {self.build}: build first (./bootstrap build)")

    def save_logs(self, folder):
        """Copies logs, captures and configurations where they outlive the lab."""
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(self.directory, folder, ignore=lambda directory, names: [
            name for name in names if not _worth_keeping(Path(directory) / name)])

    def close(self):
        """Undoes everything; returns the sentences of what went wrong in it."""
        troubles = []
        while self._undo:
            try:
                self._undo.pop()()
            except (CommandFailed, Late, OSError) as error:
                troubles.append(str(error))
        return troubles


def _worth_keeping(path):
    if path.is_dir():
        return True
    return path.is_file() and path.suffix in (".log", ".out", ".pcap", ".json", ".conf", ".txt")
