# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors

"""Somebody who knows the ends of connections and guesses the rest (RFC 5961)."""

import random
import socket
import struct
import time

from .addressing import family_of

ETH_P_IP = {4: 0x0800, 6: 0x86dd}
ETH_P_ALL = 0x0003
RST, SYN, ACK = 0x04, 0x02, 0x10
AT_ONCE = 50  # packets, between which others have their turn


def _fold(total):
    while total > 0xffff:
        total = (total & 0xffff) + (total >> 16)
    return total


def _words(data):
    return sum(struct.unpack(f">{len(data) // 2}H", data))


def segment(source, target, flags, sequence, acknowledged=0):
    """A TCP segment without data as a whole IP packet, every sum right."""
    family = family_of(source[0])
    kind = socket.AF_INET6 if family == 6 else socket.AF_INET
    ends = socket.inet_pton(kind, source[0]) + socket.inet_pton(kind, target[0])
    tcp = struct.pack(">HHIIBBHHH", source[1], target[1], sequence, acknowledged, 0x50, flags, 512, 0, 0)
    total = ~_fold(_words(ends) + socket.IPPROTO_TCP + len(tcp) + _words(tcp)) & 0xffff
    tcp = tcp[:16] + struct.pack(">H", total) + tcp[18:]
    if family == 6:
        return struct.pack(">IHBB", 0x60000000, len(tcp), socket.IPPROTO_TCP, 64) + ends + tcp
    head = struct.pack(">BBHHHBB", 0x45, 0, 20 + len(tcp), 0, 0x4000, 64, socket.IPPROTO_TCP)
    return head + struct.pack(">H", ~_fold(_words(head) + _words(ends)) & 0xffff) + ends + tcp


class Attacker:
    """Puts segments on a link of a namespace as if others had sent them."""

    def __init__(self, namespace, gateway_mac):
        own = bytes.fromhex(namespace.mac("eth0").replace(":", ""))
        self.ethernet = bytes.fromhex(gateway_mac.replace(":", "")) + own
        self.socket = namespace.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        self.socket.bind(("eth0", 0))
        namespace.lab.defer(self.socket.close)

    def send(self, packet):
        """One packet."""
        family = packet[0] >> 4
        self.socket.send(self.ethernet + struct.pack(">H", ETH_P_IP[family]) + packet)

    def guess(self, pairs, count, kinds=(RST, RST | ACK, SYN), seed=1):
        """So many segments, each of one of the pairs of ends, with any sequence numbers."""
        rng = random.Random(seed)
        for number in range(count):
            source, target = rng.choice(pairs)
            self.send(segment(source, target, rng.choice(kinds), rng.getrandbits(32), rng.getrandbits(32)))
            if number % AT_ONCE == AT_ONCE - 1:
                time.sleep(0.004)


class Listener:
    """Reads off a host's link where its connections are: what it would send next."""

    def __init__(self, namespace):
        self.socket = namespace.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        self.socket.bind(("eth0", ETH_P_ALL))
        self.socket.settimeout(0.2)
        namespace.lab.defer(self.socket.close)

    def sent(self, until):
        """By port, (sequence, acknowledgement) of the last segment sent, until all these ports have one."""
        found = {}
        while not until <= found.keys():
            try:
                frame, (_, _, kind, _, _) = self.socket.recvfrom(2048)
            except TimeoutError:
                break
            head = {ETH_P_IP[4]: 20, ETH_P_IP[6]: 40}.get(int.from_bytes(frame[12:14], "big"))
            if kind != socket.PACKET_OUTGOING or head is None or \
                    frame[23 if head == 20 else 20] != socket.IPPROTO_TCP:
                continue
            size = int.from_bytes(frame[16:18] if head == 20 else frame[18:20], "big") - \
                (head if head == 20 else 0)
            source, _, sequence, acknowledged, offset = struct.unpack_from(">HHIIB", frame, 14 + head)
            found[source] = (sequence + size - (offset >> 4) * 4) & 0xffffffff, acknowledged
        return found
