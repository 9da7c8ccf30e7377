# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors
"""The control plane stands still for 30 s under load, and goes on as if nothing had been.

    client ---- wan [headrace] lan ---- switch ---- b1 b2   HTTP, under load
                                               '--- b3      40 servers that only checks ask
"""

import re
import signal
import time

from lab import check, check_law, scripted, serve_http, two_arms, wait_for
from lab.clients import start_http_load
from lab.waiting import pass_time

ALONE = "it counts the checks that come within 50 ms"

SECONDS = 30
COUNT = 40
INTERVAL = 0.5
LATE = 0.25  # what a busy machine may add to a moment

# One failed check is enough to be down: not one may be counted that failed for our absence.
CHECK = {"type": "http", "interval": "500ms", "timeout": "450ms", "rise": 1, "fall": 1}
WINDOW = 0.05  # seconds, for counting checks that come at once


def most_at_once(servers, since, until):
    """The largest number of checks that all servers together saw within one WINDOW."""
    times = sorted(moment for server in servers for moment in server.times(since) if moment < until)
    return max((sum(start <= moment < start + WINDOW for moment in times) for start in times), default=0)


def pause(headrace, servers, working):
    """SIGSTOP, and SIGCONT after a while; returns both moments."""
    wait_for(lambda: sum(server.open_connections for server in servers) >= 4,
             "some checks to be under way", every=0.001)
    headrace.controlplane.signal(signal.SIGSTOP)
    stopped = time.monotonic()
    pass_time(SECONDS, alive=working + [headrace.dataplane])
    went_on = time.monotonic()
    headrace.controlplane.signal(signal.SIGCONT)
    return stopped, went_on


def checks_go_on(servers, stopped, went_on):
    """Nobody is asked while it stands, and afterwards each at its moment, not all at once."""
    wait_for(lambda: all(len(server.times(went_on)) >= 4 for server in servers), "more checks")
    usual = most_at_once(servers, stopped - 3, stopped)
    after = most_at_once(servers, went_on, went_on + 3)
    check(usual < COUNT / 3 and after <= usual + 3,
          f"{after} checks came within {WINDOW * 1e3:.0f} ms, before it were {usual} at most")
    for server in servers:
        between = [moment for moment in server.times(stopped + LATE) if moment < went_on]
        check(not between, f"{server.port} was asked {len(between)} times meanwhile")
        first = server.times(went_on)[0] - went_on
        check(first < INTERVAL * 33 / 32 + LATE, f"{server.port} was asked only after {first:.3f} s")
        gaps = server.gaps(went_on)[:3]
        check(min(gaps) > INTERVAL * 31 / 32 - LATE and max(gaps) < INTERVAL * 33 / 32 + LATE,
              f"{server.port} was asked at {gaps}")
    return usual, after


def story(lab):
    """SIGSTOP with checks under way, SIGCONT: 0 failed, no burst, no change, one line in the log."""
    world = two_arms(lab)
    b1, b2, b3 = world.backends
    serve_http([b1, b2], log_requests=False)
    farm = scripted.Servers(lab)
    # Half of them take their time, so that checks are under way at any moment.
    servers = [farm.add(b3, 9000 + number, usual=scripted.well(after=0.2 * (number % 2)))
               for number in range(COUNT)]
    plain, full, probed, _ = world.service_addresses
    world.backends = [b1, b2]
    headrace = world.headrace(
        world.service("plain", "dnat", plain), world.service("full", "full-nat", full),
        world.service("probed", "full-nat", probed, health_check=CHECK, backends=[
            {"name": f"s{server.port}", "address": b3.address, "port": server.port}
            for server in servers]))
    headrace.start()
    loads = [start_http_load(world.client, vip, rate=200, connections=50, timeout=5,
                             per_connection=per_connection)
             for vip in (plain, full) for per_connection in (1, 1000)]
    working = [load.process for load in loads]
    pass_time(3, alive=working)
    log, generation = headrace.controlplane.errors(), headrace.status()["generation"]

    stopped, went_on = pause(headrace, servers, working)
    usual, after = checks_go_on(servers, stopped, went_on)
    for result in [load.stop() for load in loads]:
        check(result["failed"] == 0 and result["done"] > 100 * SECONDS, f"{result}")
    said = headrace.controlplane.errors()[len(log):]
    check(not re.search(r"backend \S+ is (UP|DOWN)", said), f"a state changed: {said}")
    check(len(re.findall(r"did not run for 3\d\.\d s", said)) == 1 and said.count("\n") == 1,
          f"the log says: {said}")
    for name, backend in headrace.backends().items():
        check(backend["state"] == "up" and backend["since"] > SECONDS, f"{name}: {backend}")
        check(backend["check_duration_ms"] < 450, f"{name}: {backend}")
    check(headrace.status()["generation"] == generation,
          f"published meanwhile: {generation}, then {headrace.status()['generation']}")
    check_law(headrace)
    lab.notes.append(f"checks within {WINDOW * 1e3:.0f} ms: at most {usual} before, {after} after")
