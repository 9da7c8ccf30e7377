# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors
"""A backend dies under load and comes back: its nginx is killed, or its cable is pulled.

    client ---- wan [headrace] lan ---- switch ---- b1 b2 b3
                                                  ^ pulled  ^ kill -9

Connections that began before the health checks can have noticed (fall x
interval + timeout) may fail. Later ones may not.
"""

import time

from lab import check, serve_http, two_arms
from lab.clients import start_http_load
from lab.waiting import pass_time
from lab.worlds import TIME_TO_NOTICE


def die_and_return(world, forwarding, kill, revive):
    """kill(world, servers) and revive(world, servers) do it to b1."""
    servers = serve_http(world.backends)
    headrace = world.headrace(world.service("web", forwarding))
    headrace.start()
    fresh = start_http_load(world.client, world.vip, rate=400, connections=200, timeout=3,
                            progress=0.1, name="fresh")
    kept = start_http_load(world.client, world.vip, rate=400, connections=12, timeout=3,
                           per_connection=1000000, name="kept")
    pass_time(1, alive=[fresh.process, kept.process])

    killed = time.monotonic()
    kill(world, servers)
    dead = time.monotonic()
    headrace.wait_state("web/b1", "down")
    noticed = time.monotonic() - killed
    pass_time(2)
    revive(world, servers)
    headrace.wait_state("web/b1", "up")
    returned = time.monotonic()
    pass_time(2)
    results = {"fresh": fresh.stop(), "kept": kept.stop()}

    for name, result in results.items():
        wrong = [f for f in result["failures"] if not killed <= f["failed"]]
        check(not wrong, f"{name}: failed while nothing was broken: {wrong[:3]}")
        late = [f for f in result["failures"] if f["begun"] > dead + TIME_TO_NOTICE]
        check(not late, f"{name}: {len(late)} failed that began when it had to be noticed: {late[:3]}")
    check(results["kept"]["done"] > 1000 and results["fresh"]["done"] > 1000, "there was no load")
    shares = [report["backends"] for report in fresh.progress() if report["time"] > returned]
    share = sum(s.get("b1", 0) for s in shares) / max(1, sum(sum(s.values()) for s in shares))
    check(0.15 < share < 0.5, f"b1, back again, answers {share:.0%} and not about a third")
    world.lab.notes.append(f"noticed after {noticed:.2f} s; failed: {results['fresh']['failed']} new, "
                     f"{results['kept']['failed']} kept; then b1 had {share:.0%}")


def kill_nginx(world, forwarding):
    """kill -9 of nginx, and a new start."""
    die_and_return(world, forwarding, lambda world, servers: servers["b1"].kill(),
                   lambda world, servers: servers["b1"].start())


def pull_cable(world, forwarding):
    """The cable, out and in again."""
    die_and_return(world, forwarding, lambda world, servers: world.set_plug(world.backends[0], False),
                   lambda world, servers: world.set_plug(world.backends[0], True))


def story_nginx_dnat(lab):
    """nginx, dnat."""
    kill_nginx(two_arms(lab), "dnat")


def story_nginx_full_nat(lab):
    """nginx, full-nat."""
    kill_nginx(two_arms(lab), "full-nat")


def story_cable_dnat(lab):
    """The cable, dnat."""
    pull_cable(two_arms(lab), "dnat")


def story_cable_full_nat(lab):
    """The cable, full-nat."""
    pull_cable(two_arms(lab), "full-nat")


def story_nginx_full_nat_ipv6(lab):
    """nginx, full-nat, over IPv6."""
    kill_nginx(two_arms(lab, family=6), "full-nat")


def story_cable_dnat_ipv6(lab):
    """The cable, dnat, over IPv6."""
    pull_cable(two_arms(lab, family=6), "dnat")
