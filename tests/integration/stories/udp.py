# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors
"""Datagrams of 1 to 1400 bytes through each mode, each answered by the right socket.

    client ---- wan [headrace] lan ---- switch ---- b1 b2 b3 (UDP echo)     dnat, full-nat
    client, b1 b2 b3 ---- switch ---- lan [headrace]                        full-nat on one port
"""

from lab import FarEnds, check, check_law, one_arm, serve_udp, two_arms, udp_load

COUNT = 10000
SOCKETS = 50


def echo(world, forwarding):
    """The payload tells socket and number, so that a mix-up or an old answer is seen."""
    serve_udp(world.backends)
    headrace = world.headrace(world.service("echo", forwarding, port=53, protocol="udp",
                                            backend_port=5353))
    far_ends = FarEnds(world)
    headrace.start()
    headrace.wait_next_hops()  # the start does not wait for them for long, and a datagram is not sent again
    result = udp_load(world.client, world.vip, 53, count=COUNT, sockets=SOCKETS, smallest=1,
                      largest=1400)
    check(result["answered"] == COUNT, f"not all were answered: {result}")
    check(result["lost"] == result["wrong"] == result["refused"] == 0, f"{result}")
    started = [backend["flows_started"] for backend in headrace.backends().values()]
    check(sum(started) == SOCKETS and all(started), f"flows by backend: {started}")
    verdicts = check_law(headrace, far_ends)
    check(verdicts["to-backend"] == verdicts["to-client"] == COUNT, f"{verdicts}")


def story_dnat(lab):
    """Two ports, dnat."""
    echo(two_arms(lab), "dnat")


def story_full_nat(lab):
    """Two ports, full-nat."""
    echo(two_arms(lab), "full-nat")


def story_one_arm(lab):
    """One port, full-nat."""
    echo(one_arm(lab), "full-nat")


def story_dnat_ipv6(lab):
    """Two ports, dnat, over IPv6."""
    echo(two_arms(lab, family=6), "dnat")


def story_full_nat_ipv6(lab):
    """Two ports, full-nat, over IPv6."""
    echo(two_arms(lab, family=6), "full-nat")


def story_one_arm_ipv6(lab):
    """One port, full-nat, over IPv6."""
    echo(one_arm(lab, family=6), "full-nat")
