# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors
"""
ICMP errors about a flow, as they come in and as they must go out, for random_cases.py.

Inside is a packet that the balancer has sent; what goes out must quote it as its sender
sent it: with the other ends, scapy builds it anew. Then it is cut, at 8 bytes of TCP or UDP
or later, and may be followed by extensions (RFC 4884). Outside the error goes to the sender,
from the service (towards clients), the local address (towards backends of full NAT), or from
who sent it (dnat).
"""

import struct

from scapy.layers.inet import IP
from scapy.layers.inet6 import IPv6, in6_chksum
from scapy.layers.l2 import Ether
from scapy.packet import Raw
from scapy.utils import checksum

KINDS = ["icmp-short", "icmp-short", "icmp-whole", "icmp-cut", "icmp-extended", "icmp-early-extension",
         "icmp-host", "icmp-wrong", "icmp-wrong-inside"]
TYPES = {4: [(3, 0), (3, 1), (3, 3), (3, 4), (3, 13), (11, 0), (11, 1), (12, 0)],
         6: [(1, 0), (1, 1), (1, 4), (2, 0), (3, 0), (3, 1), (4, 0), (4, 1)]}
# Of the others of IPv6 the fifth byte is the MTU's or the pointer's.
EXTENSIBLE = {4: (3, 11, 12), 6: (1, 3)}


def draw_type(rng, case):
    if case.kind in ("icmp-extended", "icmp-early-extension"):
        return rng.choice([row for row in TYPES[case.family] if row[0] in EXTENSIBLE[case.family]])
    return rng.choice(TYPES[case.family])


def frame_of(macs, ip, message, wrong=0):
    """A frame of a message, whose checksum is right or wrong by something."""
    if ip.version == 4:
        ip.proto, right = 1, checksum(bytes(message))
    else:
        ip.nh, right = 58, in6_chksum(58, ip, bytes(message))
    message = bytearray(message)
    struct.pack_into("!H", message, 2, (right + wrong) % 0xffff if wrong else right)
    frame = Ether(src=f"02:00:00:00:00:{macs[0]:02x}", dst=f"02:00:00:00:00:{macs[1]:02x}")
    return bytearray(bytes(frame / ip / Raw(bytes(message))))


TOLD = ["too-big", "expired"]


def told(case, frame_in, mtu):
    """What the sender of a frame that was too big, or whose hop limit was used up, is told."""
    (sender, _), (source, _) = case.ends_in
    if case.direction == "to-client" and case.forwarding == "dnat":
        source = case.service[0]
    about = bytes(frame_in[14:])
    if case.family == 4:
        rest = struct.pack("!BBHHH", *((3, 4, 0, 0, mtu) if case.kind == "too-big" else (11, 0, 0, 0, 0)))
        ip = IP(src=source, dst=sender, ttl=64, tos=0xc0, flags="DF", id=0)
        return frame_of(case.macs_in[::-1], ip, rest + about[:548])
    rest = struct.pack("!BBHI", *((2, 0, 0, mtu) if case.kind == "too-big" else (3, 0, 0, 0)))
    ip = IPv6(src=source, dst=sender, hlim=64)
    return frame_of(case.macs_in[::-1], ip, rest + about[:1232])


class Error:
    """What differs between the error coming in and going out is given to build()."""

    def __init__(self, rng, case, transport_at, router):
        self.case, self.router = case, router
        self.type, self.code = draw_type(rng, case)
        self.mtu = rng.choice([1280, 1400, 1500, rng.randrange(68, 65536)])
        self.pointer = rng.randrange(64)
        self.inner_ttl = rng.randrange(256)
        self.wrong = rng.randrange(1, 0xffff) if case.kind == "icmp-wrong" else 0
        self.wrong_inside = rng.randrange(1, 0xffff) if case.kind == "icmp-wrong-inside" else 0
        inner = self.inside(case.ends_in)
        behind = transport_at(inner) - 14 - (16 if case.protocol == "tcp" else 6) + 8
        self.size = {"icmp-short": behind, "icmp-early-extension": behind,
                     "icmp-cut": rng.randrange(behind, len(inner) - 13)}.get(case.kind, len(inner) - 14)
        self.size = min(self.size, len(inner) - 14, 528 if case.family == 4 else 1232)
        if self.size == transport_at(inner) - 14 + 1:
            self.size -= 1  # half a checksum is none
        self.words, self.rest = 0, b""
        if case.kind in ("icmp-extended", "icmp-early-extension"):
            least = 128 if case.kind == "icmp-extended" else 0
            self.words = max(least, (self.size + 7) // 8 * 8) // (4 if case.family == 4 else 8)
            self.rest = b"\x20\x00" + rng.randbytes(rng.choice([6, 14, 18]))

    def inside(self, ends):
        """A frame: the packet that went the other way, which somebody complains of."""
        return self.case.build(ends[::-1], (0, 0), self.inner_ttl)

    def header(self):
        """The 8 bytes before the packet inside, without checksum."""
        rest = struct.pack("!BBH", 0, self.words, 0)
        if self.case.family == 6:
            rest = struct.pack("!BBH", self.words, 0, 0)
            if self.type == 2:
                rest = struct.pack("!I", self.mtu)
            elif self.type == 4:
                rest = struct.pack("!I", self.pointer)
        elif (self.type, self.code) == (3, 4):
            rest = struct.pack("!BBH", 0, self.words, self.mtu)
        elif self.type == 12:
            rest = struct.pack("!BBH", self.pointer, self.words, 0)
        return struct.pack("!BBH", self.type, self.code, 0) + rest

    def build(self, source, ends, macs, ttl, spoil):
        """`ends` are those of packets that go where the error goes."""
        inner = self.inside(ends)
        spoil(inner, self.wrong_inside)
        quoted = bytes(inner[14:14 + self.size])
        quoted = quoted.ljust(self.words * (4 if self.case.family == 4 else 8), b"\0")
        destination = ends[1][0]
        if self.case.family == 4:
            ip = IP(src=source, dst=destination, ttl=ttl, id=self.case.id, tos=self.case.tos)
        else:
            ip = IPv6(src=source, dst=destination, hlim=ttl, fl=self.case.label)
        return frame_of(macs, ip, self.header() + quoted + self.rest, self.wrong)

    def frames(self, spoil):
        case = self.case
        source_in = case.ends_in[0][0] if case.kind == "icmp-host" else self.router
        source_out = case.ends_out[0][0]
        if case.direction == "to-backend" and case.forwarding == "dnat":
            source_out = source_in
        return (self.build(source_in, case.ends_in, case.macs_in, case.ttl, spoil),
                self.build(source_out, case.ends_out, case.macs_out, case.ttl - 1, spoil))
