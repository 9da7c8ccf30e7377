# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors
"""Forty servers, every second one goes down: twenty changes, each once, each with its reason.

    client ---- wan [headrace] lan ---- switch ---- b1, at 10.0.0.101 to .140
"""

import re
import time

from lab import check, scripted, two_arms, wait_for

COUNT = 40
PORT = 8080
CHECK = {"type": "http", "path": "/healthz", "interval": "400ms", "timeout": "300ms",
         "rise": 2, "fall": 3}

# Ways to be down, one after the other; what is told; the shortest and longest check in ms.
WAYS = [
    ("shut", None, "connection refused", 0, 250),
    ("silent", scripted.silent, "no answer within 300 ms", 299, 450),
    ("wrong", scripted.well(status=500), "HTTP status 500", 0, 250),
    ("reset", scripted.reset, "connection reset", 0, 250),
]
LINE = re.compile(r"backend forty/(\S+) is (UP|DOWN), reason: (.*), after (\d+) (?:good|failed) checks?; "
                  r"(\d+) of 40 up in pool forty")


def changes(headrace, since=0):
    """The log's lines of changes after so many: [(backend, verdict, reason, checks, up)]."""
    return LINE.findall(headrace.controlplane.errors())[since:]


def wait_for_checks(servers, more):
    """Waits until each server has been asked so many times more."""
    wanted = {server: len(server.seen) + more for server in servers}
    wait_for(lambda: all(len(server.seen) >= count for server, count in wanted.items()),
             f"{more} more checks of {len(wanted)} servers")


def states(headrace):
    """{backend: what GET /v1/pools says of it}"""
    return {name.partition("/")[2]: backend for name, backend in headrace.backends().items()}


def wait_for_durations(headrace):
    """The last check of each took as long as its way makes it; one that a busy machine held up is followed by others."""
    def unlike():
        bounds = [WAYS[number // 2 % len(WAYS)][3:] if number % 2 else (0, 250) for number in range(COUNT)]
        return [backend for backend, (least, most) in zip(states(headrace).values(), bounds)
                if not 0 < backend["check_duration_ms"] or
                not least <= backend["check_duration_ms"] < most]
    wait_for(lambda: not unlike(), f"the durations of checks; not so: {unlike()}")


def check_view(headrace, names, went_down):
    """State, reason and last change of each are visible, and right."""
    elapsed = time.monotonic() - went_down
    for number, (name, backend) in enumerate(states(headrace).items()):
        check(name == names[number], "another order")
        if number % 2 == 0:
            check((backend["state"], backend["reason"]) == ("up", "HTTP status 200"), f"{backend}")
            check(backend["since"] > elapsed, f"a change of one that stays: {backend}")
        else:
            reason = WAYS[number // 2 % len(WAYS)][2]
            check((backend["state"], backend["reason"]) == ("down", reason), f"{backend}")
            check(0 < backend["since"] < elapsed, f"{elapsed:.3f} s ago: {backend}")


def story(lab):
    """Down, and after a while up again: a line of the log for each change and not one more."""
    world = two_arms(lab, backends=1)
    b1 = world.backends[0]
    addresses = [f"10.0.0.{101 + number}" for number in range(COUNT)]
    b1.ip(*(f"addr add {address}/24 dev eth0" for address in addresses))
    farm = scripted.Servers(lab)
    servers = [farm.add(b1, PORT, address) for address in addresses]
    names = [f"s{number:02}" for number in range(COUNT)]
    headrace = world.headrace(world.service("forty", "full-nat", health_check=CHECK, backends=[
        {"name": name, "address": address, "port": PORT}
        for name, address in zip(names, addresses)]))
    headrace.start(backends_up=COUNT)
    first = len(changes(headrace))
    check(first == COUNT, f"{first} lines for the first {COUNT} checks")

    went_down = time.monotonic()
    for number in range(1, COUNT, 2):
        _, usual, *_ = WAYS[number // 2 % len(WAYS)]
        if usual is None:
            servers[number].shut()
        else:
            servers[number].usual = usual
    wait_for(lambda: [b["state"] for b in states(headrace).values()].count("down") == COUNT // 2
             and headrace.running(), "every second one to be down")
    took = time.monotonic() - went_down
    wait_for_checks(servers[::2], 6)
    lines = changes(headrace, first)
    check(sorted(line[0] for line in lines) == names[1::2], f"{len(lines)} lines: {lines}")
    check({(line[1], line[3]) for line in lines} == {("DOWN", "3")}, f"{lines}")
    check([int(line[4]) for line in lines] == list(range(39, 19, -1)), f"{lines}")
    for name, _, reason, *_ in lines:
        check(reason == WAYS[int(name[1:]) // 2 % len(WAYS)][2], f"{name}: {reason}")
    check_view(headrace, names, went_down)
    wait_for_durations(headrace)
    check(headrace.services()["forty"]["backends_up"] == COUNT // 2, "backends_up of the service")

    for number in range(1, COUNT, 2):
        if WAYS[number // 2 % len(WAYS)][1] is None:
            servers[number].open()
        servers[number].usual = scripted.well()
    headrace.wait_ready(COUNT)
    wait_for_checks(servers, 4)
    lines = changes(headrace, first + COUNT // 2)
    check(sorted(line[0] for line in lines) == names[1::2], f"{len(lines)} lines: {lines}")
    check({line[1:4] for line in lines} == {("UP", "HTTP status 200", "2")}, f"{lines}")
    lab.notes.append(f"20 changes in {took:.1f} s, and 20 back")
