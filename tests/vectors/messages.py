# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors

"""ICMP messages: those of others, as they come and go, and those of our own."""

import struct

from scapy.layers.inet import IP, TCP
from scapy.layers.inet6 import IPv6, in6_chksum
from scapy.packet import Raw
from scapy.utils import checksum

import scene
from packets import ethernet, tagged

MTU = 1500
QUOTED = {4: 548, 6: 1232}  # RFC 1812 4.3.2.3: 576 bytes at most; RFC 4443 2.4 (c): 1280
UNREACHABLE, TIME_EXCEEDED, PARAMETER = {4: 3, 6: 1}, {4: 11, 6: 3}, {4: 12, 6: 4}


def finish(ip, message, wrong=0):
    """The IP packet of a message, whose checksum is right, or wrong by something."""
    if ip.version == 4:
        ip.proto, right = 1, checksum(bytes(message))
    else:
        ip.nh, right = 58, in6_chksum(58, ip, bytes(message))
    message = bytearray(message)
    struct.pack_into("!H", message, 2, (right + wrong) % 0xffff if wrong else right)
    return ip / Raw(bytes(message))


# Type and code of our own ones.
EXPIRED, TOO_BIG, REFUSED = {4: (11, 0), 6: (3, 0)}, {4: (3, 4), 6: (2, 0)}, {4: (3, 3), 6: (1, 4)}


def _own_ip(family, source, destination, tos):
    """RFC 6864 4.1: what is not to be fragmented needs no id."""
    if family == 4:
        return IP(src=source, dst=destination, ttl=64, tos=tos, flags="DF", id=0)
    return IPv6(src=source, dst=destination, hlim=64)


def _back(packet):
    """To the MAC it came from, in the VLAN that it came by."""
    return ethernet(packet.macs_in[1], packet.macs_in[0], packet.how.get("vlan"))


def told(packet, kind=EXPIRED):
    """What the sender of a packet is told that cannot go on."""
    flow, family = packet.flow, packet.flow.family
    source = packet.ends_in[1][0]
    if packet.sender == "backend" and not flow.full_nat:
        source = flow.service[0]
    head = struct.pack("!BBHI", *kind[family], 0, MTU if kind is TOO_BIG else 0)
    ip = _own_ip(family, source, packet.ends_in[0][0], 0xc0)
    return bytes(_back(packet) / finish(ip, head + packet.comes()[14:][:QUOTED[family]]))


def _reset(packet, link, ends, **fields):
    (source, sport), (destination, dport) = ends
    segment = TCP(sport=sport, dport=dport, window=0, **fields)
    return bytes(link / _own_ip(packet.flow.family, source, destination, 0) / segment)


def reset(packet):
    """RFC 9293 3.10.7.1: what the sender of a segment of no connection is told, from whom it was for."""
    segment = packet.transport(packet.ends_in)
    length = len(segment.payload) + ("S" in segment.flags) + ("F" in segment.flags)
    fields = {"flags": "R", "seq": segment.ack, "ack": 0} if "A" in segment.flags else \
        {"flags": "RA", "seq": 0, "ack": (segment.seq + length) % (1 << 32)}
    return _reset(packet, _back(packet), packet.ends_in[::-1], **fields)


def reset_instead(packet):
    """RFC 9293 3.10.5: what comes from a host that gives up, instead of that segment, to its other end."""
    frame = _reset(packet, ethernet(*packet.macs_out), packet.ends_out, flags="R",
                   seq=packet.transport(packet.ends_in).seq, ack=0)
    return tagged(frame, packet.vlans[1])


class Error:
    """
    What somebody says of a packet that went to where it now comes from: `about` is that packet, of
    the other direction. `who` of the scene says it; cut: so many bytes of the packet's transport.
    `words`: RFC 4884, the quoted packet padded to so many, and `extension` behind it. `wrong` and
    `wrong_inside`: of the checksums, as with Packet.
    """

    # pylint: disable=too-many-arguments,too-many-instance-attributes
    def __init__(self, about, who, kind, code=0, rest=0, cut=None, ttl=64, words=0, extension=b"", wrong=0):
        self.about, self.who, self.flow = about, who, about.flow
        self.kind, self.code, self.rest = kind, code, rest
        self.cut, self.ttl, self.words, self.extension, self.wrong = cut, ttl, words, extension, wrong
        # It goes against the packet's way.
        self.ports = about.ports[::-1]
        self.verdict = {"wan": "to-backend", "lan": "to-client"}[self.ports[0]]

    def _quoted(self, ends, ttl):
        packet = bytes(self.about.ip(ends, ttl))
        header = 20 if self.flow.family == 4 else 40
        if self.cut is not None:
            packet = packet[:header + self.cut]
        return packet.ljust(self.words * (4 if self.flow.family == 4 else 8), b"\0") + self.extension

    def _head(self):
        if self.flow.family == 4:
            rest = self.rest if self.rest is not None else 0
            return struct.pack("!BBHI", self.kind, self.code, 0, self.words << 16 | rest)
        return struct.pack("!BBHI", self.kind, self.code, 0, self.words << 24 | self.rest)

    # pylint: disable=too-many-arguments
    def _frame(self, macs, source, destination, ttl, quoted):
        make = {4: lambda: IP(src=source, dst=destination, ttl=ttl, id=7),
                6: lambda: IPv6(src=source, dst=destination, hlim=ttl)}[self.flow.family]
        return bytes(ethernet(*macs) / finish(make(), self._head() + quoted, self.wrong))

    @property
    def _source(self):
        return scene.ADDRESSES[self.who][self.flow.family] if isinstance(self.who, str) else None

    def comes(self):
        """About the packet as it went out."""
        macs = scene.mac(self.who), scene.mac(self.ports[0])
        return self._frame(macs, self._source, self.about.ends_out[0][0], self.ttl,
                           self._quoted(self.about.ends_out, 60))

    def goes(self):
        """About the packet as its sender sent it; from whom it would expect that."""
        source = self._source
        if self.ports[0] == "lan":
            source = self.flow.service[0]
        elif self.flow.full_nat:
            source = self.flow.local[0]
        macs = scene.mac(self.ports[1]), (self.flow.client_mac if self.ports[1] == "wan"
                                          else self.flow.backend_mac)
        return self._frame(macs, source, self.about.ends_in[0][0], self.ttl - 1,
                           self._quoted(self.about.ends_in, 60))
