# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors

"""Processes in namespaces: started, watched and killed by their own id; their output is kept."""

import os
import signal
import subprocess
from pathlib import Path


class CommandFailed(Exception):
    """A command that was run for its effect and said no."""


def run(argv, stdin=None, timeout=60, allow_failure=False):
    """Runs a command to its end and returns its standard output."""
    done = subprocess.run([str(word) for word in argv], input=stdin, timeout=timeout, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False,
                          stdin=subprocess.DEVNULL if stdin is None else None)
    if done.returncode != 0 and not allow_failure:
        raise CommandFailed(f"{' '.join(map(str, argv))}: exit {done.returncode}: "
                            f"{(done.stderr or done.stdout).strip()}")
    return done.stdout


def enter(namespace):
    """What to put before a command that is to run in a namespace.

    Not "ip netns exec": it mounts, which fails in a root that is no mount point (a chroot).
    """
    return ["nsenter", f"--net=/run/netns/{namespace}", "--"]


def exists(pid):
    """Does a process of this id live (a zombie does not)?"""
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in "ZX"


class Process:
    """A program in a namespace. It leads a group of its own, so that its children die with it.

    Unless it is to be kept, the kernel kills it when we die, whatever we die of.
    """

    def __init__(self, name, argv, namespace=None, directory=".", keep=False):
        self.name = name
        self.log = Path(directory) / f"{name}.log"
        self.out = Path(directory) / f"{name}.out"
        prefix = [] if namespace is None else enter(namespace)
        if not keep:
            prefix += ["setpriv", "--pdeathsig", "KILL"]
        with open(self.out, "ab") as out, open(self.log, "ab") as log:
            self.child = subprocess.Popen(prefix + [str(word) for word in argv],
                                          stdin=subprocess.DEVNULL, stdout=out, stderr=log,
                                          start_new_session=True)
        self.pid = self.child.pid

    def ended(self):
        """True when the program is no more."""
        return self.child.poll() is not None

    def program(self):
        """The file that it runs."""
        return Path(os.readlink(f"/proc/{self.pid}/exe"))

    def signal(self, number):
        """Signals the program itself."""
        if not self.ended():
            os.kill(self.pid, number)

    def kill(self):
        """kill -9 of the program and its children, at once."""
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.child.wait()

    def stop(self, seconds=10):
        """Asks the program to end; returns its exit status. One that does not is killed."""
        self.signal(signal.SIGTERM)
        try:
            return self.child.wait(seconds)
        except subprocess.TimeoutExpired:
            return None
        finally:
            self.kill()

    def wait(self, seconds):
        """Waits for the program to end by itself; returns its standard output."""
        try:
            self.child.wait(seconds)
        except subprocess.TimeoutExpired as late:
            raise CommandFailed(f"{self.name} did not end within {seconds} s") from late
        return self.output()

    def output(self):
        """What it has printed so far."""
        return self.out.read_text(encoding="utf-8", errors="replace")

    def errors(self):
        """What it has said on standard error so far."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    def tail(self, lines=6):
        """The last lines it said, for a message."""
        said = self.errors().splitlines() or self.output().splitlines()
        return " | ".join(line[:300] for line in said[-lines:])

    def waited(self):
        """Seconds for which its first thread could have run, and others had the processors."""
        return int(Path(f"/proc/{self.pid}/schedstat").read_text(encoding="ascii").split()[1]) / 1e9

    def cpu_seconds(self):
        """Processor time used so far, all threads."""
        fields = Path(f"/proc/{self.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
