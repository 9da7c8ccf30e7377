# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors
"""The test library itself, with Linux's own NAT in the place of Headrace: does it see what is wrong?

    client ---- wan [nft dnat to b1] lan ---- switch ---- b1
"""

import socket

from lab import (Capture, FarEnds, check, curl, http_load, one_arm, serve_http, serve_udp, two_arms,
                 udp_load, wait_for)
from lab.addressing import end, socket_family
from lab.captures import RESETS, describe
from lab.clients import send_from, start_http_load
from lab.waiting import pass_time

RULES = """
table {family} nat {{
    chain pre {{
        type nat hook prerouting priority -100;
        {family} daddr {vip} tcp dport 80 dnat to {http}
        {family} daddr {vip} udp dport 53 dnat to {udp}
    }}
}}
"""


def counts_what_works(world, servers):
    """What works is counted as working, at both ends."""
    far_ends = FarEnds(world)
    check("served by b1" in curl(world.client, world.url), "curl got another body")
    result = http_load(world.client, world.vip, requests=2000, connections=16)
    check(result["done"] == 2000 and result["failed"] == 0, f"new connections: {result}")
    check(result["backends"] == {"b1": 2000}, f"answers by backend: {result['backends']}")
    result = http_load(world.client, world.vip, requests=2000, connections=16, per_connection=500)
    check(result["done"] == 2000 and result["connections"] <= 17, f"kept connections: {result}")
    # nginx writes its line when the client has its answer already.
    wait_for(lambda: servers["b1"].requests_served() >= 4001, "nginx to count the last request")
    check(servers["b1"].requests_served() == 4001, "nginx counted other requests than the client")
    check(servers["b1"].peers() == {world.client.address}, f"peers: {servers['b1'].peers()}")
    result = udp_load(world.client, world.vip, 53, count=3000)
    check(result["answered"] == 3000, f"datagrams: {result}")
    wait_for(lambda: len(set(far_ends.totals())) == 1, "what was sent to be received")
    sent, received = far_ends.totals()
    check(sent == received > 20000, f"far ends sent {sent} and received {received}")


def names_what_fails(world, servers):
    """Each failure is called by its name."""
    resets = Capture(world.client, "eth0", RESETS, "resets")
    load = start_http_load(world.client, world.vip, rate=500, connections=8)
    pass_time(0.5, alive=[load.process])
    servers["b1"].kill()
    pass_time(0.2)
    servers["b1"].start()
    pass_time(0.3)
    result = load.stop()
    check(result["kinds"].get("refused", 0) > 10, f"a killed server was not noticed: {result}")
    check(result["done"] + result["failed"] == result["requests"], f"requests got lost: {result}")
    frames = resets.stop()
    check(len(frames) >= result["kinds"]["refused"], "the capture missed resets")
    # A connection that was open when the server was killed may be reset first, with another flag.
    told = [describe(frame) for frame in frames]
    check(any(text.startswith(f"{end(world.vip, 80)} > {end(world.client.address, '')}") and
              text.endswith(" flags 0x14") for text in told), f"resets are described as {told}")

    world.backends[0].set_link("eth0", up=False)
    result = http_load(world.client, world.vip, requests=4, connections=4, timeout=0.5)
    check(result["kinds"] == {"connect-timeout": 4}, f"a dead link was not noticed: {result}")
    result = udp_load(world.client, world.vip, 53, count=10, timeout=0.3)
    check(result["lost"] == 10, f"lost datagrams were not noticed: {result}")


def play(world):
    """NAT by Linux: first it works, then it is broken."""
    vip, backend = world.vip, world.backends[0].address
    width, family = (128, "ip6") if world.family == 6 else (32, "ip")
    world.balancer.ip(f"addr add {vip}/{width} dev wan" + (" nodad" if width == 128 else ""))
    world.balancer.nft(RULES.format(family=family, vip=vip, http=end(backend, 8080),
                                    udp=end(backend, 5353)))
    servers = serve_http(world.backends)
    serve_udp(world.backends)
    counts_what_works(world, servers)
    names_what_fails(world, servers)


def story(lab):
    """Over IPv4."""
    play(two_arms(lab, backends=1))


def story_ipv6(lab):
    """Over IPv6."""
    play(two_arms(lab, backends=1, family=6))


def reach_directly(world):
    """Every backend, by each family, without NAT; and a datagram from an address of nobody's."""
    servers = serve_http(world.backends)
    serve_udp(world.backends)
    for family in world.families:
        for backend in world.backends:
            address = backend.addresses[family]
            result = http_load(world.client, address, 8080, requests=100)
            check(result["backends"] == {backend.name: 100}, f"{address}: {result}")
            result = udp_load(world.client, address, 5353, count=100)
            check(result["answered"] == 100, f"{address}: {result}")
    for name, server in servers.items():
        check(server.peers() == set(world.client.addresses.values()),
              f"{name} saw requests from {server.peers()}")
    for backend in world.backends:
        source = backend.address + "9", 4000
        with backend.socket(socket_family(backend.address), socket.SOCK_DGRAM) as there:
            there.bind((backend.address, 7))
            there.settimeout(5)
            send_from(world.client, [source], (backend.address, 7), b"odd")
            data, peer = there.recvfrom(100)
        check((data, peer[:2]) == (b"odd", source), f"{backend.name} got {data} from {peer}")


def story_both_families(lab):
    """A world of IPv6 has IPv4 as well, on two arms."""
    reach_directly(two_arms(lab, backends=2, family=6))


def story_both_families_one_arm(lab):
    """On one arm too."""
    reach_directly(one_arm(lab, backends=2, family=6))
