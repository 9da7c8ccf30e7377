# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors
"""kill -9 and clean stop of the dataplane under load, again and again, with Linux forwarding packets.

    client ---- wan [headrace, Linux: ip_forward=1] lan ---- switch ---- b1 b2 b3
    HTTP to 198.51.100.10 (dnat) and .11 (full-nat); nginx on 198.51.100.1:2222 is the balancer's own

What Linux itself sends has a TTL of 64; what Headrace translates comes from a
hop further away. While no dataplane runs, Linux must send no reset and no
ICMP error, and must let no backend's packet out untranslated.
"""

import time

from lab import Capture, check, curl, http_load, serve_http, two_arms, wait_for
from lab.addressing import BALANCER, LAN, WAN, end, prefix
from lab.captures import ICMP_ERRORS, OF_LINUX, RESETS, describe
from lab.clients import start_http_load
from lab.servers import HttpServer
from lab.waiting import pass_time

LOUD = f"({OF_LINUX} and ({RESETS} or {ICMP_ERRORS}))"


def to_client(world):
    """What Linux must not send to the client: a backend's own packets, and its own answers."""
    return f"src net {prefix(LAN, world.family)} or (dst host {world.client.address} and {LOUD})"


def to_backends(world):
    """What Linux must not send to a backend."""
    return f"((src host {world.local_address} or src net {prefix(WAN, world.family)}) and {LOUD}) or " \
        f"(src host {world.lan_address} and {ICMP_ERRORS})"


def finish(headrace, turn):
    """kill -9 and clean stop in turn; every other time kill -9 of the control plane as well."""
    if turn % 2 == 0:
        headrace.dataplane.kill()
    else:
        check(headrace.dataplane.stop() == 0, "a clean stop of the dataplane did not end with 0")
    if turn % 4 >= 2:
        headrace.controlplane.kill()


def works(world, vip):
    """Do new connections work? When they were begun."""
    result = http_load(world.client, vip, requests=8, connections=8, timeout=0.3)
    return result["started"] if result["failed"] == 0 else None


def kill_and_start(world, rounds):
    """The captures on both sides stay empty; new connections work within 2 s of each start."""
    own = WAN[world.family].format(BALANCER)
    serve_http(world.backends, log_requests=False)
    HttpServer(world.balancer, own, 2222).start()
    plain, full, *_ = world.service_addresses
    headrace = world.headrace(world.service("plain", "dnat", plain),
                              world.service("full", "full-nat", full))
    headrace.start()
    captures = [Capture(world.client, "eth0", to_client(world), "to-client")]
    captures += [Capture(backend, "eth0", to_backends(world), f"to-{backend.name}")
                 for backend in world.backends]
    loads = [start_http_load(world.client, vip, rate=200, connections=100, timeout=0.5,
                             per_connection=per_connection)
             for vip in (plain, full) for per_connection in (1, 100)]
    slowest = waited = 0
    for turn in range(rounds):
        pass_time(0.3, alive=[load.process for load in loads])
        finish(headrace, turn)
        pass_time(0.3)
        check("served by" in curl(world.client, f"http://{end(own, 2222)}/"), "own port is silent")
        if headrace.controlplane.ended():
            headrace.start_controlplane()
            pass_time(0.2)
        started = time.monotonic()
        headrace.start_dataplane()
        worked = [wait_for(lambda vip=vip: works(world, vip), f"new connections to {vip} to work", 10)
                  for vip in (plain, full)]
        # What a busy machine keeps it from running is not its own.
        waited = max(waited, headrace.dataplane.waited())
        slowest = max(slowest, worked[-1] - started - headrace.dataplane.waited())
    results = [load.stop() for load in loads]
    done = [result["done"] for result in results]
    check(min(done) > 25 * rounds, f"there was hardly a load: {done}")
    for capture in captures:
        frames = capture.stop()
        check(not frames, f"{capture.process.name}: {len(frames)} packets, the first: "
                          f"{describe(frames[0]) if frames else ''}")
    check(slowest < 2, f"new connections worked only {slowest:.2f} s after a start")
    world.lab.notes.append(f"{rounds} ends and starts; new connections after {slowest:.2f} s at most, "
                           f"less the {waited:.2f} s at most that it waited for a processor")


def story(lab):
    """20 times over IPv4."""
    kill_and_start(two_arms(lab), 20)


def story_ipv6(lab):
    """Over IPv6: each way to end, alone and with the control plane's."""
    kill_and_start(two_arms(lab, family=6), 4)
