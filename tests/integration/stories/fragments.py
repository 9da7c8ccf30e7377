# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors
"""Datagrams larger than any packet: each answered whole, whatever becomes of its fragments.

    client ---- wan [headrace] lan ---- switch ---- b1 b2 b3 (UDP echo)

The kernels at both ends cut and put together. Where the fragments are to come in another order
or twice, scapy cuts them and they are put on the client's link as frames; the answers still come to
its socket.
"""

import os
import random
import socket

from scapy.layers.inet import IP, UDP, fragment
from scapy.layers.inet6 import IPv6, IPv6ExtHdrFragment, fragment6
from scapy.layers.l2 import Ether
from scapy.packet import Raw

from lab import check, check_law, serve_udp, two_arms, udp_load, wait_for
from lab.addressing import socket_family

PORT = 4000
MTU = 1500
FRAGMENT_DROPS = "bad-fragment", "fragment-tiny", "fragment-overlap", "fragment-timeout", \
    "fragment-table-full"


def fragment_count(family, payload):
    """Fragments of a datagram at the links' MTU."""
    each = (MTU - (48 if family == 6 else 20)) // 8 * 8
    return -(-(8 + payload) // each)


def start(world, forwarding):
    """An echo behind a service."""
    serve_udp(world.backends)
    headrace = world.headrace(world.service("echo", forwarding, port=53, protocol="udp",
                                            backend_port=5353))
    headrace.start()
    headrace.wait_next_hops()
    return headrace


def large(world, forwarding):
    """Datagrams of 8,000 and 60,000 bytes, there and back, as the kernels cut them."""
    headrace = start(world, forwarding)
    expected = 0
    for size, count, sockets in ((8000, 2000, 8), (60000, 200, 2)):
        result = udp_load(world.client, world.vip, 53, count=count, sockets=sockets, smallest=size,
                          largest=size)
        check(result["answered"] == count, f"{size} bytes: not all were answered: {result}")
        check(result["wrong"] == result["refused"] == 0, f"{size} bytes: {result}")
        expected += count * fragment_count(world.family, size)
    verdicts = check_law(headrace)
    check(verdicts["to-backend"] == verdicts["to-client"] == expected,
          f"{expected} fragments each way: {verdicts}")
    check(not any(verdicts[name] for name in FRAGMENT_DROPS), f"{verdicts}")


def cut(world, payload, number):
    """A datagram's fragments, by scapy, as bytes."""
    if world.family == 6:
        whole = IPv6(src=world.client.address, dst=world.vip) / IPv6ExtHdrFragment(id=number)
        parts = fragment6(whole / UDP(sport=PORT, dport=53) / Raw(payload), 1280)
    else:
        whole = IP(src=world.client.address, dst=world.vip, id=number)
        parts = fragment(whole / UDP(sport=PORT, dport=53) / Raw(payload), 1208)
    return [bytes(part) for part in parts]


def shuffled(world, forwarding):
    """Each datagram in reverse, with every fragment twice, and in any order."""
    headrace = start(world, forwarding)
    drawn = random.Random(2026)
    mac = world.balancer.mac("wan")
    ether = bytes(Ether(src=world.client.mac("eth0"), dst=mac,
                        type=0x86dd if world.family == 6 else 0x0800))
    wire = world.client.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    wire.bind(("eth0", 0))
    asker = world.client.socket(socket_family(world.vip), socket.SOCK_DGRAM)
    asker.bind((world.client.address, PORT))
    asker.settimeout(10)
    sent = again = 0
    for number in range(1, 31):
        payload = os.urandom(8000)
        parts = cut(world, payload, number)
        sent += len(parts)
        order = list(reversed(parts))
        if number % 3 == 1:
            order = [part for part in order[:-1] for _ in "ab"] + [parts[0]]
            again += len(parts) - 1
        elif number % 3 == 2:
            drawn.shuffle(order)
        for part in order:
            wire.send(ether + part)
        check(asker.recv(65536) == payload, f"datagram {number}: another one came back")
    verdicts = check_law(headrace)
    check(verdicts["to-backend"] == sent, f"{sent} fragments: {verdicts}")
    check(verdicts["fragment-duplicate"] == again, f"{again} came again: {verdicts}")
    check(not any(verdicts[name] for name in FRAGMENT_DROPS), f"{verdicts}")

    # Without its first fragment a datagram is given up, and its buffers come back.
    rest = [part for number in range(100, 300) for part in cut(world, bytes(4000), number)[1:]]
    for part in rest:
        wire.send(ether + part)
    wait_for(lambda: headrace.status()["accounts"]["held"] > 0, "some to wait", every=0.001)
    verdicts = check_law(headrace)
    check(verdicts["fragment-timeout"] > 0 and verdicts["fragment-table-full"] > 0, f"{verdicts}")
    wire.close()
    asker.close()


def story_dnat(lab):
    """dnat, as the kernels cut."""
    large(two_arms(lab), "dnat")


def story_full_nat(lab):
    """full-nat, as the kernels cut."""
    large(two_arms(lab), "full-nat")


def story_dnat_ipv6(lab):
    """dnat, as the kernels cut, over IPv6."""
    large(two_arms(lab, family=6), "dnat")


def story_full_nat_ipv6(lab):
    """full-nat, as the kernels cut, over IPv6."""
    large(two_arms(lab, family=6), "full-nat")


def story_shuffled_dnat(lab):
    """dnat, in other orders and twice."""
    shuffled(two_arms(lab), "dnat")


def story_shuffled_full_nat(lab):
    """full-nat, in other orders and twice."""
    shuffled(two_arms(lab), "full-nat")


def story_shuffled_dnat_ipv6(lab):
    """dnat, in other orders and twice, over IPv6."""
    shuffled(two_arms(lab, family=6), "dnat")


def story_shuffled_full_nat_ipv6(lab):
    """full-nat, in other orders and twice, over IPv6."""
    shuffled(two_arms(lab, family=6), "full-nat")
