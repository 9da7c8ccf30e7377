# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors
"""A client that has said all and listens on: half-closed is established, however long it takes.

    client ---- wan [headrace] lan ---- switch ---- b1
    the record of a closed connection is kept half a second; the answer takes six times as long
"""

import socket
import time

from lab import check, check_law, two_arms, wait_for
from lab.addressing import socket_family
from lab.scripted import Servers, measure

PORT = 7000
PIECES, PAUSE = 3, 1.0  # of the answer, each after so many seconds


def close_one_half(world, forwarding):
    """The question's end is a FIN, the answer comes after it."""
    servers = Servers(world.lab)
    for backend in world.backends:
        servers.add(backend, PORT, usual=measure(PIECES, PAUSE))
    headrace = world.headrace(world.service(
        "count", forwarding, port=PORT, backend_port=PORT, health_check={"type": "none"},
        timeouts={"tcp_closing": "500ms"}))
    headrace.start()
    headrace.wait_next_hops()
    with world.client.socket(socket_family(world.vip), socket.SOCK_STREAM) as own:
        own.settimeout(10)
        own.connect((world.vip, PORT))
        own.sendall(bytes(100000))
        own.shutdown(socket.SHUT_WR)
        began, text = time.monotonic(), b""
        while part := own.recv(100):
            text += part
        check(text == b"100000\n" * PIECES, f"the answer was {text}")
        check(time.monotonic() - began > PIECES * PAUSE * 0.9, "the answer came too soon to show anything")
    service = headrace.services()["count"]
    check((service["flows_started"], service["drops"]) == (1, 0), f"{service}")
    wait_for(lambda: headrace.services()["count"]["flows"] == 0, "the closed flow to end", 3)
    check_law(headrace)


def story_dnat(lab):
    """dnat."""
    close_one_half(two_arms(lab, backends=1), "dnat")


def story_full_nat_ipv6(lab):
    """full-nat, over IPv6."""
    close_one_half(two_arms(lab, backends=1, family=6), "full-nat")
