# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors
"""What an idle dataplane costs, with idle: sleep. Figures only: a busy machine proves nothing.

    client ---- wan [headrace] lan ---- switch ---- b1
"""

import time

from lab import serve_http, two_arms, udp_load
from lab.servers import UdpServer
from lab.waiting import pass_time

ALONE = "it measures what an idle dataplane takes of a core, and how late a datagram is"

SECONDS = 4


def story(lab):
    """Processor time over some seconds of nothing but health checks, and the latency of one packet."""
    world = two_arms(lab, backends=1)
    serve_http(world.backends)
    UdpServer(world.backends[0], world.backends[0].address, 5353)
    web, echo = world.service_addresses[:2]
    headrace = world.headrace(
        world.service("web", "dnat", web),
        world.service("echo", "dnat", echo, port=53, protocol="udp", backend_port=5353))
    headrace.start()
    used, began = headrace.dataplane.cpu_seconds(), time.monotonic()
    pass_time(SECONDS, alive=[headrace.dataplane])
    share = (headrace.dataplane.cpu_seconds() - used) / (time.monotonic() - began)
    lab.notes.append(f"idle dataplane: {share:.1%} of a core")
    result = udp_load(world.client, echo, 53, count=300, sockets=1, rate=100, timeout=2)
    lab.notes.append(f"slowest of 300 single datagrams there and back: {result['slowest'] * 1e3:.1f} ms")
