# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors

"""What clients and backends send each other, drawn by a seed: TCP and UDP of many kinds, ICMP errors, fragments.

A flow knows its ends on both sides of the balancer once these are known; a step is a packet of
it (or a datagram in fragments), made for whichever side is asked for.
"""

import random
import struct

from . import frames
from .addressing import family_of
from .frames import ACK, CWR, DONT_FRAGMENT, ECE, FIN, PSH, RST, SYN, URG, Header, Route

CLIENT, BACKEND = "client", "backend"  # sides
OTHER = {CLIENT: BACKEND, BACKEND: CLIENT}

MSS, SACK_OK, TIMESTAMPS = b"\x02\x04\x05\xb4", b"\x04\x02\x01\x01", b"\x01\x01\x08\x0a" + bytes(range(8))
SYN_OPTIONS = [b"", MSS, MSS + SACK_OK + TIMESTAMPS + b"\x01\x03\x03\x07",
               MSS + b"\x22\x0a" + bytes(range(8)) + b"\x01\x01",            # Fast Open's cookie
               MSS + b"\x1e\x0c\x00\x81" + bytes(range(8)),                  # MPTCP
               b"\xfd\x08" + bytes(range(6))]                                # an experiment
DATA_OPTIONS = [b"", TIMESTAMPS, b"\x01\x01\x05\x0a" + bytes(range(8)), b"\x1e\x04\x20\x00"]
PADDED = b"\x01\x04" + bytes(4)  # an option of IPv6 that pads what begins with a header of two bytes


class Flow:
    """A client's talk with a service. local is the client's end without full NAT."""

    def __init__(self, client, service, protocol):
        self.client, self.service, self.protocol = client, service, protocol
        self.family = family_of(client[0])
        self.local = self.backend = None
        self.steps = []

    @property
    def key(self):
        """As it is found in a list of flows."""
        return self.protocol, self.client, self.service

    def route(self, side, seen_at):
        """The ends of a packet that a side sends, as seen at a side."""
        forth = Route(self.client, self.service) if seen_at == CLIENT else Route(self.local, self.backend)
        return forth if side == CLIENT else forth.back()


class Step:
    """Something a side sends. what: its kind, for which differences can be of a class."""

    def __init__(self, flow, side, what, header, make):
        self.flow, self.side, self.what, self.header, self.make = flow, side, what, header, make
        flow.steps.append(self)

    @property
    def number(self):
        """By which it is known on the other side."""
        return self.header.number

    def sent(self):
        """The packets, as they are sent."""
        return self.make(self.flow.route(self.side, self.side), self.header)

    def expected(self):
        """What a translation makes of them: other ends, one hop less, and all sums right."""
        there = self.flow.route(self.side, OTHER[self.side])
        return self.make(there, self.header._replace(ttl=self.header.ttl - 1))


def spoiled(packet, protocol):
    """With another transport checksum. Without extension headers, options of IPv4 or fragments."""
    at = (40 if packet[0] >> 4 == 6 else 20) + (16 if protocol == "tcp" else 6)
    return packet[:at] + bytes((packet[at] ^ 0x01, packet[at + 1] ^ 0x10)) + packet[at + 2:]


def padding_header(following):
    """An extension header of eight bytes that means nothing."""
    return bytes((following, 0)) + PADDED


class Traffic:
    """All flows, and the order in which their steps are sent."""

    def __init__(self, seed, kinds):
        self.random = random.Random(seed)
        self.kinds = kinds
        self.flows = []
        self.numbers = iter(range(1, 0xffff))

    def rounds(self):
        """The first step of each flow, the second of each, ..."""
        longest = max(len(flow.steps) for flow in self.flows)
        return [[flow.steps[i] for flow in self.flows if i < len(flow.steps)] for i in range(longest)]

    def add(self, client, service, protocol, length):
        """A flow of about so many steps."""
        flow = Flow(client, service, protocol)
        self.flows.append(flow)
        if protocol == "tcp":
            self._tcp(flow, length)
        else:
            self._udp(flow, length)

    def _header(self, what):
        options = b"\x01\x01\x01\x00" if what == "ip-options" else b""
        header = Header(next(self.numbers), self.random.randint(2, 255), self.random.choice((0, 1, 2, 3, 0xb8)),
                        self.random.choice((0, DONT_FRAGMENT)), options)
        return header._replace(ttl=1) if what == "ttl-1" else header

    def _kind(self, family):
        """Nearly always plain."""
        rare = ["wrong-checksum", "ttl-1", "ip-options" if family == 4 else "extension-headers"]
        return self.random.choice(rare) if self.random.random() < 0.03 else "plain"

    def _step(self, flow, side, build, what=None):
        what = what or self._kind(flow.family)
        protocol = frames.TCP if flow.protocol == "tcp" else frames.UDP

        def make(route, header):
            if what == "extension-headers":
                header = header._replace(options=(0, padding_header(60) + padding_header(protocol)))
            packet = build(route, header)
            return [spoiled(packet, flow.protocol) if what == "wrong-checksum" else packet]
        Step(flow, side, what, self._header(what), make)

    def _segment(self, flow, side, flags, what=None, **fields):
        self._step(flow, side, lambda route, header: frames.tcp(route, header, flags, **fields), what)

    def _payload(self, most):
        size = self.random.choice((0, 1, 2, 3, self.random.randint(0, most), most))
        return self.random.randbytes(size)

    def _tcp(self, flow, length):
        draw = self.random
        sent = {CLIENT: draw.getrandbits(32), BACKEND: draw.getrandbits(32)}
        options = draw.choice(SYN_OPTIONS)
        first = b"early" if b"\x22\x0a" in options else b""
        self._segment(flow, CLIENT, draw.choice((SYN, SYN | ECE | CWR)), "plain", seq=sent[CLIENT],
                      options=options, payload=first)
        sent[CLIENT] += 1 + len(first)
        self._segment(flow, BACKEND, draw.choice((SYN | ACK, SYN | ACK | ECE)), "plain", seq=sent[BACKEND],
                      ack=sent[CLIENT], options=draw.choice(SYN_OPTIONS))
        sent[BACKEND] += 1
        for _ in range(length):
            side = draw.choice((CLIENT, BACKEND))
            extra = draw.choice((0, 0, PSH, PSH, URG, ECE, CWR))
            payload = self._payload(1400)
            self._segment(flow, side, ACK | extra, seq=sent[side], ack=sent[OTHER[side]], payload=payload,
                          options=draw.choice(DATA_OPTIONS), window=draw.getrandbits(16),
                          urgent=draw.getrandbits(16) if extra == URG else 0)
            sent[side] += len(payload)
            self._rare(flow, OTHER[side])
            if draw.random() < 0.01:
                self._segment(flow, side, RST, "blind-reset", seq=draw.getrandbits(32))
        if draw.random() < 0.3:
            side = draw.choice((CLIENT, BACKEND))
            self._segment(flow, side, RST, "plain", seq=sent[side])
            return
        for side in (CLIENT, BACKEND):
            self._segment(flow, side, FIN | ACK, "plain", seq=sent[side], ack=sent[OTHER[side]])
            sent[side] += 1
        self._segment(flow, CLIENT, ACK, "plain", seq=sent[CLIENT], ack=sent[BACKEND])

    def _udp(self, flow, length):
        for number in range(length):
            side = CLIENT if number == 0 else self.random.choice((CLIENT, BACKEND))
            payload = self._payload(1400)
            unsummed = flow.family == 4 and self.random.random() < 0.1
            what = "plain" if unsummed or number == 0 else None
            self._step(flow, side, lambda route, header, payload=payload, unsummed=unsummed:
                       frames.udp(route, header, payload, unsummed), what)
            self._rare(flow, OTHER[side])
            if "fragments" in self.kinds and self.random.random() < 0.05:
                self._fragments(flow, side)

    def _rare(self, flow, side):
        if "icmp" in self.kinds and self.random.random() < 0.05:
            self._icmp(flow, side)

    def _fragments(self, flow, side):
        """A datagram in fragments, in order, reversed or mixed; its payload begins with its number."""
        payload = self.random.randbytes(self.random.randint(2000, 8000))
        size, seed = self.random.randrange(512, 1400, 8), self.random.random()
        order = self.random.choice(("in order", "reversed", "mixed"))

        def make(route, header):
            datagram = frames.udp(route, header, struct.pack(">I", header.number) + payload)
            pieces = frames.fragments(datagram, size, header.number)
            if order == "mixed":
                random.Random(seed).shuffle(pieces)
            return pieces[::-1] if order == "reversed" else pieces
        header = self._header("fragments")
        Step(flow, side, "fragments", header._replace(flags=0), make)

    def _icmp(self, flow, side):
        """An error of an end's or of a router's on its side, about the last packet it has got."""
        about = next((step for step in reversed(flow.steps[:-1])
                      if step.side == OTHER[side] and step.what == "plain"), None)
        if about is None:
            return
        kind, code, word = self.random.choice(ICMP_ERRORS[flow.family])
        keep = self.random.choice((28, 64, 128, 500)) if flow.family == 4 else self.random.choice((48, 88, 500))

        what = self.random.choice(("icmp", "icmp-router"))
        router = ROUTERS[side][flow.family]

        def make(route, header):
            inner = about.make(route.back(), about.header)[0][:keep]
            source = router if what == "icmp-router" else route.source[0]
            return [frames.icmp(source, route.destination[0], header, kind, code, word, inner)]
        Step(flow, side, what, self._header(what), make)


ROUTERS = {CLIENT: {4: "203.0.113.254", 6: "2001:db8:7::fe"}, BACKEND: {4: "10.0.0.99", 6: "2001:db8:2::99"}}
# (type, code, the four bytes after the sum): unreachable of several kinds, too big, time exceeded, parameter problem.
ICMP_ERRORS = {
    4: [(3, 1, bytes(4)), (3, 3, bytes(4)), (3, 4, struct.pack(">HH", 0, 1280)), (3, 13, bytes(4)), (11, 0, bytes(4)),
        (12, 0, b"\x09\0\0\0")],
    6: [(1, 0, bytes(4)), (1, 4, bytes(4)), (2, 0, struct.pack(">I", 1280)), (3, 0, bytes(4)),
        (4, 1, struct.pack(">I", 40))],
}
