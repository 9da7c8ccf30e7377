# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors
"""Resets and SYNs that neither end sent, into live connections (RFC 5961): none is lost.

    client, attacker ---- wan [headrace] lan ---- switch ---- b1 b2 b3, attacker
    100 connections to an echo, half of them talking all the time
"""

from lab import check, check_law, two_arms, wait_for
from lab.blind import ACK, RST, Attacker, Listener, segment
from lab.talks import PORT, Talks, serve_echo

CONNECTIONS = 100
PACKETS = 20000
DEAF = """table netdev deaf {{ chain c {{ type filter hook ingress device "eth0" priority 0;
    tcp flags & rst != 0 counter drop; }}; }}"""


def parse_end(text):
    """(address, port) of "address:port"."""
    address, port = text.rsplit(":", 1)
    return address.strip("[]"), int(port)


def begin(world, forwarding):
    """Headrace before an echo, and 100 connections to it."""
    serve_echo(world)
    headrace = world.headrace(world.service("echo", forwarding, port=PORT, backend_port=PORT,
                                            health_check={"type": "none"}))
    headrace.start()
    headrace.wait_next_hops()
    talks = Talks(world.client)
    talks.open(world.vip, PORT, CONNECTIONS // 2, every=0.05)
    talks.open(world.vip, PORT, CONNECTIONS // 2)
    wait_for(lambda: [flow["state"] for flow in records(headrace)] == ["established"] * CONNECTIONS,
             "the connections to be open")
    return headrace, talks


def records(headrace):
    """The records, as the API lists them."""
    return [flow for flow in headrace.flows(service="echo") if "client" in flow]


def check_alive(headrace, talks, what):
    """Every connection carries data, by the record it has had from its beginning."""
    talks.check()
    states = [flow["state"] for flow in records(headrace)]
    check(states == ["established"] * CONNECTIONS, f"{what}: {sorted(states)}")
    started = headrace.services()["echo"]["flows_started"]
    check(started == CONNECTIONS, f"{what}: {started} flows were begun")


def attack(world, forwarding, packets=PACKETS):
    """From both sides, with any numbers, while half of the connections talk."""
    headrace, talks = begin(world, forwarding)
    flows = records(headrace)
    check(len(flows) == CONNECTIONS, f"{len(flows)} flows")
    before = headrace.services()["echo"]
    as_client = [(parse_end(flow["client"]), parse_end(flow["service"])) for flow in flows]
    as_backend = [(parse_end(flow["backend"]), parse_end(flow["local"] or flow["client"])) for flow in flows]
    Attacker(world.client, world.balancer.mac("wan")).guess(as_client, packets // 2)
    Attacker(world.backends[0], world.balancer.mac("lan")).guess(as_backend, packets - packets // 2,
                                                                 kinds=(RST, RST | ACK))
    exchanges = talks.still()
    after = headrace.services()["echo"]
    came = sum(after[key] - before[key] for key in ("packets_in", "packets_out"))
    check(came >= packets * 0.99, f"{came} packets came through, {packets} were sent")
    check(min(exchanges) > 5, f"a connection had {min(exchanges)} exchanges")
    check_alive(headrace, talks, "after the attack")
    check_law(headrace)
    world.lab.notes.append(f"{packets} blind segments, {sum(exchanges)} exchanges meanwhile, "
                           f"{CONNECTIONS} of {CONNECTIONS} connections alive")


def exact(world, forwarding):
    """Resets with exact numbers that get as far as us: what follows them finds its way."""
    headrace, talks = begin(world, forwarding)
    talks.still()
    for backend in world.backends:  # they lose the resets, so that the connections are still there
        backend.nft(DEAF.format())
    attacker, listener = Attacker(world.client, world.balancer.mac("wan")), Listener(world.client)
    talks.check(64)
    flows = {parse_end(flow["client"])[1]: flow for flow in records(headrace)}
    places = listener.sent(flows.keys())
    check(places.keys() >= flows.keys(), f"{len(places)} of {len(flows)} connections were heard")
    for port, flow in flows.items():
        attacker.send(segment(parse_end(flow["client"]), parse_end(flow["service"]), RST | ACK, *places[port]))
    wait_for(lambda: [flow["state"] for flow in records(headrace)] == ["closing"] * CONNECTIONS,
             "the resets to come")
    check_alive(headrace, talks, "after exact resets")
    check_law(headrace)


def story_dnat(lab):
    """dnat."""
    attack(two_arms(lab), "dnat")


def story_full_nat(lab):
    """full-nat."""
    attack(two_arms(lab), "full-nat")


def story_dnat_ipv6(lab):
    """dnat, over IPv6."""
    attack(two_arms(lab, family=6), "dnat")


def story_full_nat_ipv6(lab):
    """full-nat, over IPv6."""
    attack(two_arms(lab, family=6), "full-nat")


def story_exact(lab):
    """With exact numbers, dnat."""
    exact(two_arms(lab), "dnat")


def story_exact_full_nat_ipv6(lab):
    """With exact numbers, full-nat over IPv6."""
    exact(two_arms(lab, family=6), "full-nat")
