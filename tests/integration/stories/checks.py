# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors
"""Health checks tell why: nothing listens, nobody answers, the wrong status, nobody asked.

    client ---- wan [headrace] lan ---- switch ---- b1 b2 b3
                                                    ^ killed  ^ cable pulled, b2

And where the control plane itself has no sockets to ask with, it tells nothing of anybody.
"""

import resource

from lab import check, curl, serve_http, two_arms, wait_for
from lab.waiting import pass_time

QUICK = {"interval": "200ms", "timeout": "150ms", "rise": 2, "fall": 3}


def reasons(headrace, pool):
    """{backend: (state, reason)} of one pool."""
    return {name.split("/")[1]: (backend["state"], backend["reason"])
            for name, backend in headrace.backends().items() if name.startswith(pool + "/")}


def start_with_few_files(headrace):
    """It raises the limit that it was started with."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
    try:
        headrace.start(backends_up=9)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    limits = resource.prlimit(headrace.controlplane.child.pid, resource.RLIMIT_NOFILE)
    check(limits == (hard, hard), f"its limit of files is {limits}")


def no_sockets(headrace):
    """Not one file more may be opened, for longer than it takes to go down: nobody does."""
    pid = headrace.controlplane.child.pid
    limits = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (3, limits[1]))
    pass_time(1.5, alive=[headrace.controlplane])
    resource.prlimit(pid, resource.RLIMIT_NOFILE, limits)
    wait_for(headrace.running, "it to answer again")
    for pool in ("tcp", "page"):
        states = {state for state, _ in reasons(headrace, pool).values()}
        check(states == {"up"}, f"{pool}: {reasons(headrace, pool)}")
    log = headrace.controlplane.errors()
    check("backend tcp/" not in log.partition("cannot be checked: too many open files")[2] and
          log.count("cannot be checked: too many open files") == 1, f"the log says: {log}")


def story(lab):
    """TCP connect, HTTP statuses and none, side by side on the same three servers."""
    world = two_arms(lab)
    servers = serve_http(world.backends)
    tcp, http, none, page = world.service_addresses
    headrace = world.headrace(
        world.service("tcp", "full-nat", tcp, health_check={"type": "tcp", **QUICK}),
        world.service("http", "full-nat", http,
                      health_check={"type": "http", "path": "/no-such-page", **QUICK}),
        world.service("page", "full-nat", page,
                      health_check={"type": "http", "path": "/healthz", **QUICK}),
        world.service("none", "full-nat", none, health_check={"type": "none"}))
    start_with_few_files(headrace)

    check({state for state, _ in reasons(headrace, "tcp").values()} == {"up"}, "tcp is not up")
    for state, reason in reasons(headrace, "http").values():
        check(state == "down" and "404" in reason, f"a page that is not there: {state}, {reason}")
    no_sockets(headrace)

    servers["b1"].kill()
    headrace.wait_state("tcp/b1", "down")
    world.set_plug(world.backends[1], False)
    headrace.wait_state("tcp/b2", "down")
    found = reasons(headrace, "tcp")
    check("refused" in found["b1"][1], f"nothing listens: {found['b1']}")
    check(found["b2"][1] == "no answer within 150 ms", f"nobody answers: {found['b2']}")
    check({state for state, _ in reasons(headrace, "none").values()} == {"up"}, "none was checked")
    for _ in range(20):
        check("served by b3" in curl(world.client, f"http://{tcp}/"), "not the one that is up")

    servers["b1"].start()
    world.set_plug(world.backends[1], True)
    headrace.wait_state("tcp/b1", "up")
    headrace.wait_state("tcp/b2", "up")
    log = headrace.controlplane.errors()
    for line in ("backend tcp/b1 is DOWN, reason: connection refused, after 3 failed checks",
                 "backend tcp/b1 is UP"):
        check(line in log, f"the log does not say: {line}")
