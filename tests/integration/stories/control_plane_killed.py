# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors
"""kill -9 of the control plane under load: nothing that forwards may notice.

    client ---- wan [headrace] lan ---- switch ---- b1 b2 b3
    HTTP to 198.51.100.10 (dnat) and .11 (full-nat), datagrams to 198.51.100.12

Nothing fails, is lost or reset, and it adopts what it finds when it returns.
"""

from lab import Capture, check, check_law, serve_http, serve_udp, two_arms
from lab.captures import ICMP_ERRORS, RESETS
from lab.clients import start_http_load, start_udp_load
from lab.waiting import pass_time


def go_without(world, seconds):
    """So many seconds without it, and its return."""
    serve_http(world.backends, log_requests=False)
    serve_udp(world.backends)
    plain, full, echo, _ = world.service_addresses
    headrace = world.headrace(
        world.service("plain", "dnat", plain), world.service("full", "full-nat", full),
        world.service("echo", "dnat", echo, port=53, protocol="udp", backend_port=5353))
    headrace.start()
    resets = Capture(world.client, "eth0", f"dst host {world.client.address} and "
                     f"({RESETS} or {ICMP_ERRORS})", "resets")
    loads = [start_http_load(world.client, vip, rate=300, connections=100, timeout=5,
                             per_connection=per_connection)
             for vip in (plain, full) for per_connection in (1, 1000)]
    loads.append(start_udp_load(world.client, echo, 53, rate=1000, sockets=200, timeout=3))
    working = [load.process for load in loads]
    pass_time(2, alive=working)

    before = headrace.status()["generation"]
    headrace.controlplane.kill()
    pass_time(seconds, alive=working + [headrace.dataplane])
    headrace.start_controlplane()
    headrace.wait_ready()
    states = {name: backend["state"] for name, backend in headrace.backends().items()}
    pass_time(2, alive=working)

    *http, udp = [load.stop() for load in loads]
    for result in http:
        check(result["failed"] == 0 and result["done"] > 160 * seconds, f"HTTP: {result}")
    check(udp["lost"] == udp["refused"] == udp["wrong"] == 0, f"UDP: {udp}")
    check(udp["answered"] > 900 * seconds, f"there was no load of datagrams: {udp}")
    check(not resets.stop(), "there were resets or ICMP errors")
    after = headrace.status()["generation"]
    check(after["published"] >= before["published"] and after["refused"] == before["refused"],
          f"generations were not adopted: {before}, then {after}")
    check(set(states.values()) == {"up"}, f"backends after the return: {states}")
    check_law(headrace)
    world.lab.notes.append(f"{sum(r['done'] for r in http)} requests, {udp['answered']} datagrams; slowest "
                     f"{max(r['slowest'] for r in http) * 1e3:.0f} and {udp['slowest'] * 1e3:.0f} ms")


def story(lab):
    """30 seconds over IPv4."""
    go_without(two_arms(lab), 30)


def story_ipv6(lab):
    """Over IPv6; the dataplane goes by the same tables, so that fewer seconds will do."""
    go_without(two_arms(lab, family=6), 2)
