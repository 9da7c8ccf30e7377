# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors
"""Health checks tell why: nothing listens, nobody answers, the wrong status, nobody asked.

    client ---- wan [headrace] lan ---- switch ---- b1 b2 b3
                                                    ^ killed  ^ cable pulled, b2
"""

from lab import check, curl, serve_http, two_arms

QUICK = {"interval": "200ms", "timeout": "150ms", "rise": 2, "fall": 3}


def reasons(headrace, pool):
    """{backend: (state, reason)} of one pool."""
    return {name.split("/")[1]: (backend["state"], backend["reason"])
            for name, backend in headrace.backends().items() if name.startswith(pool + "/")}


def story(lab):
    """TCP connect, HTTP status and none, side by side on the same three servers."""
    world = two_arms(lab)
    servers = serve_http(world.backends)
    tcp, http, none, _ = world.service_addresses
    headrace = world.headrace(
        world.service("tcp", "full-nat", tcp, health_check={"type": "tcp", **QUICK}),
        world.service("http", "full-nat", http,
                      health_check={"type": "http", "path": "/no-such-page", **QUICK}),
        world.service("none", "full-nat", none, health_check={"type": "none"}))
    headrace.start(backends_up=6)

    check({state for state, _ in reasons(headrace, "tcp").values()} == {"up"}, "tcp is not up")
    for state, reason in reasons(headrace, "http").values():
        check(state == "down" and "404" in reason, f"a page that is not there: {state}, {reason}")

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
