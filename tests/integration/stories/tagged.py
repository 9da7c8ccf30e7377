# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors
"""Frames with VLAN tags, one and two: answered with the same ones.

    client ---- wan [headrace] lan ---- switch ---- b1
    frames are put on and taken off the links themselves; there are no VLAN interfaces
"""

import socket
import struct

from scapy.layers.inet import IP, TCP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import Dot1AD, Dot1Q, Ether
from scapy.packet import Raw

from lab import check, check_law, two_arms
from lab.addressing import WAN

TYPES = {4: 0x0800, 6: 0x86dd}
QUIET = """table netdev quiet {{ chain c {{ type filter hook ingress device "eth0" priority 0;
    meta l4proto {{ tcp, udp }} drop; }}; }}"""
ETH_P_ALL = 0x0003
SOL_PACKET, PACKET_AUXDATA, TP_STATUS_VLAN_VALID = 263, 8, 0x10
AUXDATA = struct.Struct("=IIIHHHH")  # struct tpacket_auxdata
TAGS = {"none": [], "one": [(0x8100, 20)], "of 802.1ad": [(0x88a8, 30)],
        "two": [(0x88a8, 30), (0x8100, 20)], "two of 802.1Q": [(0x8100, 30), (0x8100, 20)]}


class Wire:
    """A host's end of its link, tags included."""

    def __init__(self, namespace, gateway_mac):
        namespace.nft(QUIET.format())
        self.mac, self.gateway_mac = namespace.mac("eth0"), gateway_mac
        self.socket = namespace.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        self.socket.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
        self.socket.bind(("eth0", ETH_P_ALL))
        self.socket.settimeout(5)

    def put(self, packet, tags=()):
        """Sends an IP packet to the balancer, behind these tags."""
        frame = Ether(src=self.mac, dst=self.gateway_mac)
        for kind, number in tags:
            frame /= (Dot1AD if kind == 0x88a8 else Dot1Q)(vlan=number)
        self.socket.send(bytes(frame / packet))

    def take(self, what):
        """The next TCP packet that comes in, and its tags."""
        while True:
            try:
                data, ancillary, _, sender = self.socket.recvmsg(2048, 256)
            except TimeoutError:
                check(False, f"{what}: nothing came out")
            if sender[2] == socket.PACKET_OUTGOING:
                continue
            # Linux takes the outer tag off.
            tags = [(tpid, tci & 0xfff) for _, _, value in ancillary
                    for status, _, _, _, _, tci, tpid in [AUXDATA.unpack(value)]
                    if status & TP_STATUS_VLAN_VALID]
            at = 12
            while (kind := int.from_bytes(data[at:at + 2], "big")) in (0x8100, 0x88a8):
                tags.append((kind, int.from_bytes(data[at + 2:at + 4], "big") & 0xfff))
                at += 4
            packet = {TYPES[4]: IP, TYPES[6]: IPv6}.get(kind, Raw)(data[at + 2:])
            if TCP in packet:
                return packet, tags


def talk(world, forwarding):
    """A SYN and its answer, behind each kind of tags."""
    layer = IPv6 if world.family == 6 else IP
    backend = Wire(world.backends[0], world.balancer.mac("lan"))
    client = Wire(world.client, world.balancer.mac("wan"))
    headrace = world.headrace(world.service("web", forwarding, health_check={"type": "none"}))
    headrace.config["dataplane"]["ports"][0]["last_hop_from"] = "anyone"
    headrace.write_config()
    headrace.start()
    headrace.wait_next_hops()
    customer = WAN[world.family].format(77)
    for port, (what, tags) in enumerate(TAGS.items(), 4000):
        client.put(layer(src=customer, dst=world.vip) / TCP(sport=port, dport=80, flags="S"), tags)
        asked, seen = backend.take(what)
        check(not seen, f"{what}: the backend got tags {seen}")
        backend.put(layer(src=asked.dst, dst=asked.src) /
                    TCP(sport=8080, dport=asked[TCP].sport, flags="SA", ack=1))
        answer, seen = client.take(what)
        check(seen == tags, f"{what}: the answer has tags {seen}")
        check((answer.src, answer.dst, answer[TCP].dport) == (world.vip, customer, port), answer.summary())
    check_law(headrace)


def story_dnat(lab):
    """dnat."""
    talk(two_arms(lab, backends=1), "dnat")


def story_full_nat_ipv6(lab):
    """full-nat, over IPv6."""
    talk(two_arms(lab, backends=1, family=6), "full-nat")
