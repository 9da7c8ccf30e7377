# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors

"""What a run leaves behind when it is killed, found by its name and taken away.

Namespaces are hr<pid>-<name>, files lie in /run/hr<pid>. A run whose process
lives is left alone; so is a topology somebody keeps, until told otherwise.
"""

import contextlib
import os
import re
import shutil
import signal
from pathlib import Path

from .processes import exists, run
from .waiting import wait_for

NAMESPACES = Path("/run/netns")
RUN = Path("/run")
KEPT = "kept"  # file in /run/hr<pid> of a topology that is to stay


def find_runs():
    """Process ids of all runs that have anything on this machine."""
    names = [p.name for p in NAMESPACES.iterdir()] if NAMESPACES.is_dir() else []
    names += [p.name + "-" for p in RUN.iterdir()]
    return sorted({int(m.group(1)) for m in (re.match(r"hr(\d+)-", name) for name in names) if m})


def is_kept(pid):
    """Does somebody keep this topology?"""
    return (RUN / f"hr{pid}" / KEPT).exists()


def remove_run(pid):
    """Ends the programs of a run and takes its namespaces and files away."""
    prefix = f"hr{pid}-"
    names = [p.name for p in NAMESPACES.iterdir() if p.name.startswith(prefix)] \
        if NAMESPACES.is_dir() else []
    inside = [int(word) for name in names
              for word in run(["ip", "netns", "pids", name], allow_failure=True).split()]
    for process in inside:
        try:
            os.kill(process, signal.SIGKILL)
        except ProcessLookupError:
            pass
    wait_for(lambda: not any(exists(p) for p in inside), f"programs of run {pid} to end")
    for name in names:
        run(["ip", "netns", "del", name], allow_failure=True)
    remove_directory(RUN / f"hr{pid}")


def remove_namespace_folder():
    """/run/netns, which the first "ip netns add" of a machine makes, unless others use it now."""
    if NAMESPACES.is_dir() and not any(NAMESPACES.iterdir()):
        # Mounted once or twice, upon itself: by name, since the device tells nothing.
        mounts = Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines()
        for _ in [line for line in mounts if line.split()[1] == str(NAMESPACES)]:
            run(["umount", NAMESPACES])
        NAMESPACES.rmdir()


@contextlib.contextmanager
def namespace_folder():
    """/run/netns is there for the block, so that of runs that begin and end in it none takes it away."""
    if NAMESPACES.exists():
        yield
        return
    name = f"hr{os.getpid()}-first"
    run(["ip", "netns", "add", name])
    run(["ip", "netns", "del", name])
    try:
        yield
    finally:
        remove_namespace_folder()


def remove_huge_files(path):
    """Takes away what programs whose run directories lie in `path` left in huge pages."""
    prefix = f"headrace{path}/".replace("/", "-")
    for line in Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines():
        _, mount, kind, *_ = line.split()
        if kind == "hugetlbfs":
            for file in Path(mount).glob(f"{prefix}*"):
                file.unlink()


def unmount(path):
    """Unmounts what is mounted there. Its memory is given back by the kernel some time after the
    program that had it mapped ended."""
    def unmounted():
        run(["umount", path], allow_failure=True)
        return not os.path.ismount(path)
    if os.path.ismount(path):
        wait_for(unmounted, f"{path} to be free", 10)


def remove_directory(path):
    """Takes a run's files away, the tmpfs they lie on and what is mounted in it first."""
    remove_huge_files(path)
    mounts = Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines()
    for mount in reversed([line.split()[1] for line in mounts]):
        if Path(mount).is_relative_to(path):
            unmount(mount)
    shutil.rmtree(path, ignore_errors=True)


def remove_dead_runs():
    """Takes away what runs that died have left behind; returns their process ids."""
    dead = [pid for pid in find_runs() if not exists(pid) and not is_kept(pid)]
    for pid in dead:
        remove_run(pid)
    return dead


def remove_kept_runs():
    """Ends every topology that somebody kept; returns the process ids of their makers."""
    kept = [pid for pid in find_runs() if is_kept(pid)]
    for pid in kept:
        remove_run(pid)
    return kept
