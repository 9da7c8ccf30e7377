# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors

"""Is anything left? Looks where Headrace and the lab leave things, without asking either."""

import ctypes
import errno
import json
import os
import platform
import re
from pathlib import Path

from .processes import run

SYS_BPF = {"x86_64": 321, "aarch64": 280}.get(platform.machine())
BPF_PROG_GET_FD_BY_ID = 13


def xdp_programs(namespace):
    """Ids of the XDP programs on the interfaces of a namespace."""
    links = json.loads(namespace.run("ip", "-j", "-d", "link", "show"))
    return {link["xdp"]["prog"]["id"] for link in links if link.get("xdp", {}).get("prog")}


def program_exists(identifier):
    """Does the kernel still hold a BPF program of this id?"""
    libc = ctypes.CDLL(None, use_errno=True)
    attributes = (ctypes.c_uint32 * 32)(identifier)
    fd = libc.syscall(SYS_BPF, BPF_PROG_GET_FD_BY_ID, attributes, ctypes.sizeof(attributes))
    if fd >= 0:
        os.close(fd)
        return True
    return ctypes.get_errno() != errno.ENOENT


def _entries(folder):
    return {str(path) for path in Path(folder).iterdir()} if Path(folder).is_dir() else set()


def shared_places():
    """What lies where both we and others leave things; compared before and after."""
    places = _entries("/run/dpdk") | _entries("/run/headrace")
    for mount in Path("/proc/mounts").read_text(encoding="utf-8").splitlines():
        if mount.split()[2] == "hugetlbfs":
            places |= _entries(mount.split()[1])
    places |= {"nftables: " + line for line in run(["nft", "list", "tables"]).splitlines()
               if "headrace" in line}
    return places


def of_run(pid):
    """Sentences about what is named after a run: namespaces, its directory, programs at work in it."""
    directory = f"/run/hr{pid}"
    left = [f"namespace {path.name}" for path in Path("/run/netns").glob(f"hr{pid}-*")]
    left += [f"directory {path}" for path in (directory,) if Path(path).exists()]
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if any(re.search(rb"%s\b" % directory.encode(), word) for word in words):
            left.append(f"process {process.name} ({words[0].decode(errors='replace')})")
    return left


def find(programs, before):
    """Sentences about what this process left: of_run(), its XDP programs, shared_places() before."""
    return of_run(os.getpid()) + [
        f"XDP program {identifier}" for identifier in programs if program_exists(identifier)] + \
        sorted(shared_places() - before)
