# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors
"""A change is on disk before it is answered, and whole whenever the control plane dies.

    client ---- wan [headrace] lan ---- switch ---- b1    (nothing serves on b1)

strace tells the order of the steps, kills the control plane as it begins each
of them, has a step fail, or makes it last while somebody edits the file.
"""

import json
import re
import shutil
import threading

from lab import Skip, check, two_arms, wait_for

# What strace watches; the send of the answer has different names by version of the library.
STEPS = ("write", "fsync", "renameat", "fsync")
WATCHED = "write,fsync,fdatasync,rename,renameat,renameat2,sendto,sendmsg,writev"
PATH = "/v1/pools/web/backends/b1"


class Strace:
    """strace at work on the control plane from its making to stop()."""

    count = 0

    def __init__(self, headrace, *options):
        Strace.count += 1
        self.log = headrace.lab.logs / f"strace-{Strace.count}.txt"
        self.process = headrace.lab.spawn(f"strace-{Strace.count}", [
            "strace", "-y", "-s", "200", "-o", self.log, *options, "-p", headrace.controlplane.pid])
        wait_for(lambda: "attached" in self.process.errors(), "strace to attach")

    def stop(self):
        """Detaches; returns the lines."""
        self.process.stop()
        return self.log.read_text(encoding="utf-8", errors="replace").splitlines()


def weight_in(text):
    """The weight of b1 in a document that is whole, or raises."""
    return json.loads(text)["services"][0]["backends"][0]["weight"]


def order(headrace):
    """write, fsync, rename, fsync of the directory, and then the answer: in this order, each well."""
    trace = Strace(headrace, "-e", f"trace={WATCHED}")
    headrace.change("PATCH", PATH, {"weight": 11})
    lines = trace.stop()
    name, folder = headrace.config_file.name, headrace.config_file.parent
    wanted = (rf'write\(\d+<{folder}/{name}\.new>, .* = [1-9]\d*$',
              rf'fsync\(\d+<{folder}/{name}\.new>\) += 0$',
              rf'renameat2?\(\d+<{folder}>, "{name}\.new", \d+<{folder}>, "{name}".* = 0$',
              rf'fsync\(\d+<{folder}>\) += 0$',
              r'\w+\(.*"?HTTP/1\.1 200')
    at = -1
    for pattern in wanted:
        found = [i for i, line in enumerate(lines) if re.match(pattern, line)]
        check(len(found) == 1, f"{pattern}: {len(found)} times in {lines}")
        check(found[0] > at, f"{pattern} comes too early in {lines}")
        at = found[0]


def killed(headrace, call, when, weight):
    """Dies as it begins this step: the file is the old or the new one, and is what runs next."""
    old = headrace.config_file.read_text(encoding="utf-8")
    trace = Strace(headrace, "-e", f"trace={WATCHED}", "-e",
                   f"inject={call}:signal=KILL:when={when}")
    try:
        headrace.request("PATCH", PATH, {"weight": weight})
        check(False, f"it answered, and was to die at {call} {when}")
    except OSError:
        pass
    wait_for(headrace.controlplane.ended, "the control plane to die")
    trace.stop()
    new = headrace.config_file.read_text(encoding="utf-8")
    renamed = (call, when) == ("fsync", 2)
    check(weight_in(new) == weight if renamed else new == old,
          f"killed at {call} {when}, the file says {new}")
    headrace.start_controlplane()
    wait_for(headrace.running, "the next control plane")
    check(headrace.backends()["web/b1"]["weight"] == weight_in(new), "another document runs")
    return weight_in(new)


def failing(headrace, call, when, fault, status):
    """A step fails: refused, and document, file, revision and what runs are what they were."""
    before = headrace.get("/v1/config"), headrace.config_file.read_bytes(), \
        headrace.status()["revision"]
    trace = Strace(headrace, "-e", f"trace={WATCHED}", "-e",
                   f"inject={call}:error={fault}:when={when}")
    answer = headrace.request("PATCH", PATH, {"weight": 99})
    trace.stop()
    check(answer.status == status and str(headrace.config_file) in answer.body["detail"],
          f"{call} fails with {fault}: {answer}")
    check(before == (headrace.get("/v1/config"), headrace.config_file.read_bytes(),
                     headrace.status()["revision"]), f"{call} failed with {fault}: not as before")
    check(not headrace.config_file.with_name(headrace.config_file.name + ".new").exists(),
          "what was begun lies there")


def unsynced(headrace):
    """The directory cannot be synced: saved, running and said so; the next change is as ever."""
    trace = Strace(headrace, "-e", f"trace={WATCHED}", "-e", "inject=fsync:error=EIO:when=2")
    answer = headrace.request("PATCH", PATH, {"weight": 31})
    trace.stop()
    check(answer.status == 200 and str(headrace.config_file) in answer.body.get("warning", ""),
          f"nothing tells that the directory is not synced: {answer}")
    check(weight_in(headrace.config_file.read_text(encoding="utf-8")) == 31
          == headrace.backends()["web/b1"]["weight"], "the file and what runs are not the same")
    check("warning" not in headrace.change("PATCH", PATH, {"weight": 32}).body, "still a warning")


def edited_meanwhile(headrace, when):
    """An editor saves while fsync number `when` takes its time: the edit is there, and in the way."""
    written = headrace.config_file.with_name(headrace.config_file.name + ".new") if when == 1 \
        else headrace.config_file
    before = headrace.status()["revision"]
    inode = headrace.config_file.stat().st_ino
    trace = Strace(headrace, "-e", f"trace={WATCHED}", "-e",
                   f"inject=fsync:delay_enter=2000000:when={when}")
    answers = []
    change = threading.Thread(
        target=lambda: answers.append(headrace.request("PATCH", PATH, {"weight": 40 + when})))
    change.start()
    wait_for(lambda: written.exists() and written.stat().st_ino != inode, "the file to be written")
    edited = json.loads(headrace.config_file.read_text(encoding="utf-8"))
    edited["services"][0]["backends"][0]["weight"] = 50
    headrace.config_file.write_text(json.dumps(edited), encoding="utf-8")
    change.join()
    trace.stop()
    check(answers[0].status == (409 if when == 1 else 200), f"edited at fsync {when}: {answers}")
    check(headrace.status()["revision"] == before + (when == 2), "revisions are counted wrong")
    answer = headrace.request("PATCH", PATH, {"weight": 60})
    check(answer.status == 409 and weight_in(headrace.config_file.read_text(encoding="utf-8")) == 50,
          f"the edit is lost: {answer}")
    headrace.change("PATCH", PATH + "?force=true", {"weight": 61})


def story(lab):
    """The order, a death, a failure, an edit at each step; then changes are made as ever."""
    if shutil.which("strace") is None:
        raise Skip("there is no strace")
    world = two_arms(lab, backends=1)
    headrace = world.headrace(world.service("web", "dnat"))
    headrace.start(backends_up=0)
    order(headrace)
    weight = 11
    for number, call in enumerate(STEPS):
        weight = killed(headrace, call, STEPS[:number + 1].count(call), 20 + number)
        check(weight == (20 + number if number == 3 else 11), f"{weight} after {call}")
    for call, fault, status in (("write", "ENOSPC", 507), ("fsync", "EDQUOT", 507),
                                ("fsync", "EIO", 500), ("renameat", "EROFS", 500)):
        failing(headrace, call, 1, fault, status)
    unsynced(headrace)
    for when in (1, 2):
        edited_meanwhile(headrace, when)
    headrace.change("PATCH", PATH, {"weight": 12})
    check(weight_in(headrace.config_file.read_text(encoding="utf-8")) == 12, "not saved")
