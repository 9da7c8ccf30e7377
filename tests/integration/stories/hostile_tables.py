# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors
"""Rubbish in the place of the tables, under load: refused, counted, and nobody notices.

    client ---- wan [headrace] lan ---- switch ---- b1 b2 b3

The control plane is stopped meanwhile, and killed later: it would mend its file.
"""

import os
import random
import signal
import time

from lab import check, check_law, serve_http, two_arms, wait_for
from lab import shared_memory as abi
from lab.clients import start_http_load
from lab.shared_memory import Status, Tables

MUTATIONS = 10000


class Judge:
    """Does something to the tables and sees to it that it is refused, and for that reason."""

    def __init__(self, headrace):
        self.dataplane = headrace.dataplane
        self.status = Status(headrace)
        self.taken = self.status.taken
        self.refused = 0
        self.refusals = 0  # before what is to be refused

    def expect(self, part):
        """Waits for one more refusal; `part` is in its sentence."""
        before, end = self.refusals, time.monotonic() + 5
        while (now := self.status.refusals) == before:
            check(not self.dataplane.ended(), f"the dataplane ended: {self.dataplane.tail()}")
            check(time.monotonic() < end, f"not refused within 5 s: {part}")
        self.refused += now - before
        wait_for(lambda: part in self.status.refusal, f'"{part}" as the reason', 5)
        check(self.status.taken == self.taken, f"generation {self.status.taken} was taken: {part}")

    def of(self, spoil, part):
        """spoil() is followed by a refusal for this reason."""
        self.refusals = self.status.refusals
        spoil()
        self.expect(part)


def replace(headrace, data, size=None):
    """Another file takes the place of the tables, by rename."""
    aside = headrace.run_dir / "aside"
    aside.write_bytes(data)
    if size is not None:
        os.truncate(aside, size)
    aside.rename(headrace.run_dir / "tables")


def foreign_files(headrace, judge):
    """In place: rubbish, another magic, other versions; by rename: short ones, a pipe."""
    tables = Tables(headrace)
    rubbish = random.Random(1)
    head = tables.good[:128]
    judge.of(lambda: tables.write(0, rubbish.randbytes(tables.end)), "not a tables file: magic is ")
    tables.write(64, bytes(tables.end - 64))
    judge.of(lambda: tables.write(0, rubbish.randbytes(8) + head[8:]), "not a tables file")
    judge.of(lambda: tables.write(0, head[:8] + (7).to_bytes(4, "little") + head[12:]), "ABI version 7")
    judge.of(lambda: tables.write(0, head[:8] + bytes(4) + head[12:]),
             "the control plane is too old, start its newer version")
    judge.of(lambda: tables.write(0, head[:64] + (9**9).to_bytes(8, "little")),
             "the checksum of the root is wrong")
    judge.of(lambda: replace(headrace, b"short"), "the file is cut short: 5 bytes")
    judge.of(lambda: replace(headrace, tables.good[:5000]), "the file is 5000 bytes and says ")
    judge.of(lambda: replace(headrace, rubbish.randbytes(200000)), "not a tables file")
    pipe = headrace.run_dir / "aside"
    os.mkfifo(pipe)
    judge.of(lambda: pipe.rename(headrace.run_dir / "tables"), "the file is cut short: 0 bytes")
    tables.close()
    return tables


def out_of_range(tables):
    """Each index, offset and length of the generation, with where it is and its first wrong value:
    ("object", (position, offset, width), first) or ("ref" or "root", (position, field), first)."""
    counts = {kind: sum(ref[0] == kind for ref in tables.refs) for kind in range(1, 9)}
    found = []
    for position, (kind, _, _, _, length, _) in enumerate(tables.refs):
        inner = {
            abi.SETTINGS: [(16, 4, 2), (20, 4, 3)],
            abi.SERVICE: [(68, 4, counts[abi.RING]), (104, 4, 2), (76, 1, 5), (77, 1, 3), (78, 1, 3),
                          (108, 4, 1), (112, 4, 1)],
            abi.BACKEND: [(88, 4, counts[abi.NEXT_HOP]), (82, 1, 5), (83, 1, 4), (96, 4, 16)],
            abi.RING: [(0, 4, (length - 24) // 2 + 1),
                       *((24 + 2 * slot, 2, counts[abi.BACKEND]) for slot in range(8))],
            abi.NEXT_HOP: [(22, 2, 4095), (24, 2, 2), (32, 4, 2)],
            abi.LOCAL_POOL: [(72, 4, 2)],
            abi.ROUTES: [(0, 4, (length - 8) // 24 + 1), (24, 1, 129), (26, 2, 2),
                         (28, 4, counts[abi.NEXT_HOP])],
            abi.HOST_ADDRESSES: [(0, 4, (length - 8) // 16 + 1)],
        }[kind]
        found += [("object", (position, offset, width), first) for offset, width, first in inner]
        found += [("ref", (position, field), first) for field, first in (
            (1, 16384), (2, 1 << 60), (3, tables.size - length + 1), (4, 1 << 22))]
    found += [("root", (None, field), first) for field, first in (
        (2, tables.size), (3, tables.size // 40))]
    return found


def mutations(headrace, judge):
    """Each of them in turn, again and again with other values, all sums right; how many kinds."""
    tables = Tables(headrace)
    check(tables.good[:8] == abi.MAGIC_TABLES.to_bytes(8, "little"), "these are no tables")
    places, chance = out_of_range(tables), random.Random(2)
    for done in range(MUTATIONS):
        what, (position, *rest), first = places[done % len(places)]
        largest = (1 << 8 * (rest[1] if what == "object" else 8)) - 2
        if what == "ref" and rest[0] == 1:
            largest = (1 << 32) - 2
        value = min(largest, chance.choice((first, first + 1, largest, largest // 2 + 1, first * 2)))
        if value < first:
            value = first
        change = (position, rest[0], value.to_bytes(rest[1], "little")) if what == "object" else \
            (position, rest[0], value)
        judge.refusals = judge.status.refusals
        if what == "object":
            tables.publish(change_object=change)
        elif what == "ref":
            tables.publish(change_ref=change)
        else:
            tables.publish(change_root=change[1:])
        judge.expect("")
        if what == "object":
            tables.mend(change)
    tables.close()
    return len(places)


def cut_in_place(headrace, judge):
    """The open file loses its end, or all of it."""
    path = headrace.run_dir / "tables"
    judge.of(lambda: os.truncate(path, 5000), "the file is 5000 bytes and says ")
    judge.of(lambda: os.truncate(path, 0), "the file is cut short: 0 bytes")


def written_over(headrace, judge):
    """The head turns to rubbish under the eyes of the control plane: mended, without a change."""
    for length in (8, 128, 4096):
        taken = judge.status.taken
        tables = Tables(headrace)
        tables.write(0, b"\xe7" * length)
        tables.close()
        wait_for(lambda taken=taken: judge.status.taken > taken, "the tables to be mended", 5)
        judge.taken = judge.status.taken


def goes_on(headrace, judge, what):
    """A change of the configuration reaches the dataplane again."""
    weight = 100 + judge.refused % 50
    headrace.change("PATCH", "/v1/pools/web/backends/b1", {"weight": weight})
    wait_for(headrace.running, f"a good generation to be taken {what}")
    judge.taken = judge.status.taken


def story(lab):
    """Torn, short, foreign, hostile tables: 0 requests fail; then a good one is taken."""
    world = two_arms(lab)
    serve_http(world.backends, log_requests=False)
    headrace = world.headrace(world.service("web", "dnat"), world.service(
        "full", "full-nat", world.service_addresses[1]))
    headrace.config["defaults"] = {"maglev_size": 251}
    headrace.write_config()
    headrace.start()
    loads = [start_http_load(world.client, address, rate=200, connections=20, timeout=5,
                             per_connection=each)
             for address in world.service_addresses[:2] for each in (1, 1000)]
    for load in loads:
        load.more(20)
    wait_for(headrace.running, "the generation that knows the client's MAC")
    judge = Judge(headrace)

    headrace.controlplane.signal(signal.SIGSTOP)
    kinds = mutations(headrace, judge)
    foreign_files(headrace, judge)
    headrace.controlplane.signal(signal.SIGCONT)
    goes_on(headrace, judge, "after the control plane went on")
    written_over(headrace, judge)

    headrace.controlplane.kill()
    cut_in_place(headrace, judge)
    headrace.start_controlplane()
    headrace.wait_ready()
    judge.taken = judge.status.taken
    goes_on(headrace, judge, "after the control plane was started anew")

    for load in loads:
        load.more(100)
    results = [load.stop() for load in loads]
    for result in results:
        check(result["failed"] == 0, f"{result}")
    generation = headrace.status()["generation"]
    check(generation["refusals"] == judge.status.refusals and generation["refusal"],
          f"the API does not tell: {generation}")
    check(judge.status.refusals >= judge.refused >= MUTATIONS + 11, f"{judge.refused} refusals were seen")
    for word in ("AddressSanitizer", "runtime error"):
        check(word not in headrace.dataplane.errors(), f"{word} in {headrace.dataplane.log}")
    check_law(headrace)
    lab.notes.append(f"{MUTATIONS} mutations of {kinds} numbers and {judge.refused - MUTATIONS} foreign files "
                     f"refused; {sum(result['done'] for result in results)} requests, 0 failed")
