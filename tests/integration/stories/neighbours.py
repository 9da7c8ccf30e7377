# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors
"""Neighbours that somebody entered by hand stay as they were entered.

    client ---- wan [headrace] lan ---- switch ---- b1 b2 b3
"""

from lab import check, two_arms, wait_for
from lab.addressing import LAN


def state_of(world, address):
    """How Linux knows this neighbour: "PERMANENT", ..."""
    words = world.balancer.run("ip", "neigh", "show", address, "dev", "lan", "nud", "all").split()
    return words[-1] if words else "none"


def run_with(lab, family):
    """b1 is entered for good, b2 as one whom nobody need ask; b3 Linux finds."""
    world = two_arms(lab, family=family)
    addresses = [LAN[family].format(11 + number) for number in range(3)]
    for address, backend, state in zip(addresses, world.backends, ("permanent", "noarp")):
        world.balancer.ip(f"neigh replace {address} lladdr {backend.mac('eth0')} dev lan nud {state}")
    headrace = world.headrace(world.service("web", "dnat", health_check={"type": "none"}))
    headrace.start(backends_up=3)
    wait_for(lambda: state_of(world, addresses[2]) in ("REACHABLE", "STALE", "DELAY"), "b3 to be found")
    states = [state_of(world, address) for address in addresses]
    check(states[:2] == ["PERMANENT", "NOARP"], f"Linux has them as {states}")
    headrace.wait_next_hops()
    macs = [backend["next_hop"]["mac"] for _, backend in sorted(headrace.backends().items())]
    check(macs == [backend.mac("eth0") for backend in world.backends], f"{macs}")
    check(headrace.stop() == (0, 0), "a clean stop did not end with 0")


def story_static(lab):
    """Over IPv4."""
    run_with(lab, 4)


def story_static_ipv6(lab):
    """Over IPv6."""
    run_with(lab, 6)
