# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors
"""New flows are spread over the backends by their weights.

    client, 60,000 addresses and ports ---- wan [headrace] lan ---- switch ---- b1 b2 b3

The addresses are drawn from a fixed seed; Linux would not give them to a
socket, so a raw socket sends the datagrams. Nobody answers.
"""

import random

from lab import check, check_law, two_arms, wait_for
from lab.clients import send_from

PAIRS = 60000


def draw_source(drawn, family):
    """An address and a port of some client's."""
    if family == 6:
        address = f"2001:db8:{drawn.randrange(1, 200):x}00:{drawn.randrange(65536):x}::{drawn.randrange(1, 65536):x}"
    else:
        address = f"10.{drawn.randrange(1, 200)}.{drawn.randrange(256)}.{drawn.randrange(1, 255)}"
    return address, drawn.randrange(1024, 65536)


def shares(world, weights):
    """Share of the flows each backend got, in the order of the weights."""
    for backend in world.backends:  # no ICMP for the port nobody listens on
        backend.nft("table inet quiet { chain c { type filter hook input priority 0; "
                    "udp dport 5353 drop; }; }")
    headrace = world.headrace(world.service("spread", "dnat", port=53, protocol="udp",
                                            backend_port=5353, weights=weights))
    headrace.start()
    drawn = random.Random(2026)
    pairs = set()
    while len(pairs) < PAIRS:
        pairs.add(draw_source(drawn, world.family))
    pairs = sorted(pairs)
    for at in range(0, PAIRS, 500):  # no more than rings and sockets hold
        send_from(world.client, pairs[at:at + 500], (world.vip, 53))
        wait_for(lambda due=at + 500: headrace.status()["verdicts"]["to-backend"] >= due,
                 f"{at + 500} datagrams to be forwarded")
    backends = headrace.backends()
    started = [backends[f"spread/{backend.name}"]["flows_started"] for backend in world.backends]
    check(sum(started) == PAIRS, f"{sum(started)} flows of {PAIRS}")
    check_law(headrace)
    world.lab.notes.append("shares: " + ", ".join(f"{count / PAIRS:.2%}" for count in started))
    return [count / PAIRS for count in started]


def spread_equally(world):
    """Three equal ones: within 2 % of a third each."""
    got = shares(world, [100, 100, 100])
    check(all(abs(share * 3 - 1) < 0.02 for share in got), f"equal weights: {got}")


def story_equal(lab):
    """Over IPv4."""
    spread_equally(two_arms(lab))


def story_equal_ipv6(lab):
    """Over IPv6."""
    spread_equally(two_arms(lab, family=6))


def spread_by_weights(world):
    """1:2:7: within 2 points of 10, 20 and 70 %."""
    got = shares(world, [10, 20, 70])
    check(all(abs(share - wanted) < 0.02 for share, wanted in zip(got, (0.1, 0.2, 0.7))),
          f"weights 1:2:7: {got}")


def story_weights(lab):
    """Over IPv4."""
    spread_by_weights(two_arms(lab))


def story_weights_ipv6(lab):
    """Over IPv6."""
    spread_by_weights(two_arms(lab, family=6))
