# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors
"""Packets in and out, byte for byte, with scapy as the oracle.

    client ---- wan [headrace] lan ---- switch ---- b1
    frames are put on and taken off the links themselves; no kernel answers

The client's address, number 77 of the wan side, is on the link and nobody's. Sums are to
be changed incrementally (RFC 1624), so that a wrong one stays as wrong as it was.
"""

import socket

from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.inet6 import IPv6, IPv6ExtHdrDestOpt, IPv6ExtHdrHopByHop, PadN
from scapy.layers.l2 import Ether

from lab import check, check_law, two_arms
from lab.addressing import WAN, family_of
from lab.captures import skip_extensions

OPTIONS = [("MSS", 1460), ("SAckOK", b""), ("Timestamp", (1, 0)), ("NOP", None), ("WScale", 7)]
QUIET = """table netdev quiet {{ chain c {{ type filter hook ingress device "{}" priority 0;
    meta l4proto {{ tcp, udp }} drop; }}; }}"""
ETH_P_ALL = 0x0003
ETHERNET_TYPES = {4: 0x0800, 6: 0x86dd}
PADDING = [PadN(optdata=bytes(4))]
CHAIN = IPv6ExtHdrHopByHop(options=PADDING), IPv6ExtHdrDestOpt(options=PADDING)


def cases(family):
    """(what, header with the client's port alone, payload, what is done to the packet)."""
    yield "UDP", UDP(sport=4000), b"even", None
    yield "UDP of odd length", UDP(sport=4000), b"odd", None
    yield "UDP of one byte", UDP(sport=4001), b"1", None
    yield "UDP of 1400 bytes", UDP(sport=4002), bytes(range(200)) * 7, None
    if family == 4:
        yield "UDP without checksum", UDP(sport=4003), b"none", "zero"
    else:
        yield "UDP behind extension headers", UDP(sport=4003), b"behind", "chain"
        yield "TCP behind extension headers", TCP(sport=4007, flags="S", seq=9), b"", "chain"
    yield "UDP with a wrong checksum", UDP(sport=4004), b"wrong", "wrong"
    yield "SYN with options", TCP(sport=4005, flags="S", seq=9, options=OPTIONS), b"", None
    yield "TCP data of odd length", TCP(sport=4005, flags="PA", seq=10, ack=1), b"hello", None
    yield "TCP with a wrong checksum", TCP(sport=4005, flags="A", seq=15, ack=1), b"no", "wrong"
    for number in range(0, 0x10000, 0x0fff):  # sums of every size, those that wrap among them
        yield f"UDP with {number:#06x}", UDP(sport=4006), number.to_bytes(2, "big"), None


def ones_sum(*words):
    """16-bit one's complement sum."""
    total = sum(words)
    while total > 0xffff:
        total = (total & 0xffff) + (total >> 16)
    return total


def build(source, destination, header, payload, ttl, chain=()):
    """An IP packet with every sum right: scapy's own work."""
    layer = header.copy()
    layer.sport, layer.dport = source[1], destination[1]
    if family_of(source[0]) == 6:
        packet = IPv6(src=source[0], dst=destination[0], hlim=ttl, tc=8, fl=77)
        for extension in chain:
            packet /= extension.copy()
        return IPv6(bytes(packet / layer / payload))
    return IP(bytes(IP(src=source[0], dst=destination[0], ttl=ttl, id=77, tos=8, flags="DF") /
                    layer / payload))


def pair(before, after, header, payload, spoil):
    """The packet as sent, and as it must come out, as bytes."""
    chain = CHAIN if spoil == "chain" else ()
    sent = build(*before, header, payload, 64, chain)
    expected = build(*after, header, payload, 63, chain)
    kind = type(header)
    if spoil == "zero":
        sent[kind].chksum = expected[kind].chksum = 0
    elif spoil == "wrong":
        right, wrong = sent[kind].chksum, sent[kind].chksum ^ 0x0110
        changed = ones_sum(~expected[kind].chksum & 0xffff, right)  # what translation adds
        sent[kind].chksum = wrong
        expected[kind].chksum = ~ones_sum(~wrong & 0xffff, changed) & 0xffff
    return bytes(sent), bytes(expected)


class Wire:
    """A host's end of its link: frames in and out, past its kernel."""

    def __init__(self, namespace, gateway_mac, family):
        self.type = ETHERNET_TYPES[family]
        namespace.nft(QUIET.format("eth0"))
        self.mac, self.gateway_mac = namespace.mac("eth0"), gateway_mac
        self.socket = namespace.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        self.socket.bind(("eth0", ETH_P_ALL))
        self.socket.settimeout(5)

    def put(self, packet):
        """Sends an IP packet to the balancer."""
        self.socket.send(bytes(Ether(src=self.mac, dst=self.gateway_mac, type=self.type)) + packet)

    def take(self, what):
        """The next TCP or UDP packet that comes in; checks its Ethernet header."""
        frame, kind = b"", None
        while kind in (None, socket.PACKET_OUTGOING) or self.protocol(frame) not in (6, 17):
            try:
                frame, (_, _, kind, _, _) = self.socket.recvfrom(2048)
            except TimeoutError:
                check(False, f"{what}: nothing came out")
        ether = Ether(frame)
        check((ether.src, ether.dst) == (self.gateway_mac, self.mac), f"{what}: {ether.summary()}")
        if self.type == ETHERNET_TYPES[4]:
            return frame[14:14 + int.from_bytes(frame[16:18], "big")]
        return frame[14:54 + int.from_bytes(frame[18:20], "big")]

    def protocol(self, frame):
        """What the frame holds, when it is of the family."""
        if int.from_bytes(frame[12:14], "big") != self.type:
            return None
        return frame[23] if self.type == ETHERNET_TYPES[4] else skip_extensions(frame)[0]


def compare(world, forwarding):
    """Every case there and back."""
    customer = WAN[world.family].format(77)
    client = Wire(world.client, world.mac("wan"), world.family)
    backend = Wire(world.backends[0], world.mac("lan"), world.family)
    headrace = world.headrace(
        world.service("web", forwarding, health_check={"type": "none"}),
        world.service("dns", forwarding, port=53, protocol="udp", backend_port=5353))
    headrace.start()
    headrace.wait_next_hops()
    for what, header, payload, spoil in cases(world.family):
        service = world.vip, 53 if isinstance(header, UDP) else 80
        server = world.backends[0].address, 5353 if isinstance(header, UDP) else 8080
        customer_end = caller = customer, header.sport
        # Full NAT draws the local port: the one field read off the packet instead of foretold.
        sent, _ = pair((caller, service), (caller, server), header, payload, spoil)
        client.put(sent)
        got = backend.take(what)
        if forwarding == "full-nat":
            drawn = (IPv6 if world.family == 6 else IP)(got)
            check(drawn.src == world.local_address, f"{what}: from {drawn.src}")
            caller = world.local_address, drawn[type(header)].sport
        _, expected = pair((customer_end, service), (caller, server), header, payload, spoil)
        check(got == expected, f"{what}: backend got {got.hex()}, not {expected.hex()}")

        reply, expected = pair((server, caller), (service, customer_end), header, payload,
                               spoil)
        backend.put(reply)
        got = client.take(what + ", reply")
        check(got == expected, f"{what}, reply: client got {got.hex()}, not {expected.hex()}")
    check_law(headrace)


def story_dnat(lab):
    """dnat, both directions."""
    compare(two_arms(lab, backends=1), "dnat")


def story_full_nat(lab):
    """full-nat, both directions."""
    compare(two_arms(lab, backends=1), "full-nat")


def story_dnat_ipv6(lab):
    """dnat, both directions, over IPv6."""
    compare(two_arms(lab, backends=1, family=6), "dnat")


def story_full_nat_ipv6(lab):
    """full-nat, both directions, over IPv6."""
    compare(two_arms(lab, backends=1, family=6), "full-nat")
