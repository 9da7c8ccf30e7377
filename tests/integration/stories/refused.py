# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors
"""A service that has no backend left: its clients are told at once, or, with `drop`, nothing.

Linux's own sockets are the judges: they take a reset or an ICMP error only when it is right.
"""

import socket
import time

from lab import check, check_law, two_arms
from lab.addressing import socket_family

AT_ONCE = 1.0  # a SYN is sent again after one second


def services(world):
    """TCP and UDP, told and not; no backend may be used."""
    rows = []
    for number, forwarding in enumerate(("dnat", "full-nat")):
        for protocol, port in (("tcp", 80), ("udp", 53)):
            for when_down in ("reset", "drop"):
                row = world.service(f"{forwarding}-{protocol}-{when_down}", forwarding,
                                    world.service_addresses[number],
                                    port + (when_down == "drop"), protocol, when_down=when_down,
                                    health_check={"type": "none"})
                for backend in row["backends"]:
                    backend["admin"] = "maint"
                rows.append(row)
    return rows


def connect(world, address, port):
    """What becomes of a connection within a second, and after how long."""
    began = time.monotonic()
    with world.client.socket(socket_family(address), socket.SOCK_STREAM) as end:
        end.settimeout(AT_ONCE)
        try:
            end.connect((address, port))
            outcome = "connected"
        except ConnectionRefusedError:
            outcome = "refused"
        except TimeoutError:
            outcome = "silence"
    return outcome, time.monotonic() - began


def ask(world, address, port):
    """The same of a datagram."""
    with world.client.socket(socket_family(address), socket.SOCK_DGRAM) as end:
        end.settimeout(AT_ONCE)
        end.connect((address, port))
        end.send(b"question")
        try:
            end.recv(100)
            return "answered"
        except ConnectionRefusedError:
            return "refused"
        except TimeoutError:
            return "silence"


def refuse(world):
    """Every client of `reset` is refused at once, every one of `drop` waits."""
    headrace = world.headrace(*services(world))
    headrace.start(backends_up=0)
    for address in world.service_addresses[:2]:
        for _ in range(20):
            outcome, after = connect(world, address, 80)
            check(outcome == "refused" and after < AT_ONCE / 2, f"{outcome} after {after:.2f} s")
        check(connect(world, address, 81)[0] == "silence", "drop said something")
        check(ask(world, address, 53) == "refused", "no ICMP error came")
        check(ask(world, address, 54) == "silence", "drop said something")
    accounts = headrace.status()["accounts"]
    verdicts = check_law(headrace)
    check(accounts["generated"] == verdicts["no-backend-told"] == 42, f"{accounts}, {verdicts}")
    check(verdicts["no-backend"] >= 4, f"{verdicts}")


def story(lab):
    """Over IPv4."""
    refuse(two_arms(lab))


def story_ipv6(lab):
    """Over IPv6."""
    refuse(two_arms(lab, family=6))
