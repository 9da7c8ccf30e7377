#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors
"""
Cases at random, each with a scene of its own: what a person would not think of.

Scapy builds each packet twice from one description: as it comes in, and as it
must go out, with the other addresses, ports and MACs, a hop limit less and
checksums computed anew; or, where it cannot go out (too-big, expired), the ICMP error that
comes back. A checksum made wrong on purpose must come out wrong by
the same amount, in one's complement; that is computed here in plain integers.

Usage: random_cases.py OUTPUT [SEED [COUNT]]

As many of IPv4 as of IPv6. See README.md for the form. MACs are 02:00:00:00:00:xx,
xx = a0, a1 for wan and lan, c1 for the client, b1 for the backend.
"""

import random
import struct
import sys

from scapy.layers.inet import IP, TCP, UDP, IPOption_NOP, IPOption_RR
from scapy.layers.inet6 import (IPv6, IPv6ExtHdrDestOpt, IPv6ExtHdrFragment, IPv6ExtHdrHopByHop,
                                IPv6ExtHdrRouting, PadN)
from scapy.layers.l2 import Dot1AD, Dot1Q, Ether
from scapy.packet import Raw

import icmp_errors
from sums import ETHERNET, get, put, transport_checksum_at, word_for

MTU = 1500
MSS_CLAMP = 1360  # of the service of the kind "mss"
TOLD_VERDICTS = {"too-big": "too-big-told", "expired": "ttl-expired-told"}

COMMON = ["plain", "plain", "odd-length", "options", "transport-in", "transport-out", "wrong", "wrong",
          "twin", "padding", "large", "hops", "mss", "tcp-exotic", "tag", "tags"]
KINDS = {4: COMMON + ["ip-options", "no-checksum", "ip-in", "ip-out"],
         6: COMMON + ["hop-by-hop", "destination", "extensions", "atomic"]}
KINDS = {family: kinds + icmp_errors.KINDS + icmp_errors.TOLD for family, kinds in KINDS.items()}


def mac(last):
    return f"02:00:00:00:00:{last:02x}"


def unicast(rng, family):
    if family == 6:
        words = [rng.choice([0x2001, 0x2fff, 0x3ffe, 0xfd00]),
                 *(rng.choice([0, 0xffff, rng.randrange(65536)]) for _ in range(6)),
                 rng.randrange(1, 65536)]
        return ":".join(f"{word:x}" for word in words)
    while True:
        octets = [rng.randrange(1, 224), *(rng.choice([0, 255, rng.randrange(256)]) for _ in "abc")]
        if octets[0] != 127:
            return ".".join(map(str, octets))


def port(rng):
    return rng.choice([1, 80, 255, 256, 65280, 65535, *(rng.randrange(1, 65536) for _ in range(6))])


def tcp_options(rng):
    options = [("MSS", rng.choice([536, 1359, 1360, 1361, 1460, rng.randrange(65536)])), ("WScale", rng.randrange(15)), ("SAckOK", b""),
               ("Timestamp", (rng.getrandbits(32), rng.getrandbits(32))), ("NOP", None)]
    rng.shuffle(options)
    return options[:rng.randrange(1, len(options) + 1)]


def exotic_options(rng):
    """Options that are the two ends' business: Fast Open, Multipath TCP, experiments, nobody's yet."""
    cookie, key = rng.randbytes(rng.choice([4, 8, 16])), rng.randbytes(10)
    options = [(34, cookie), (30, b"\x00" + key[:1]), (30, b"\x20" + key), (253, key[:4]),
               (rng.randrange(70, 250), key[:rng.randrange(6)]), (19, rng.randbytes(16))]
    rng.shuffle(options)
    return options[:1] + [("NOP", None)] * rng.randrange(4)


def vlan_tags(rng, kind):
    """VLAN tags, outer one first."""
    if kind not in ("tag", "tags"):
        return []
    inner = Dot1Q(vlan=rng.choice([0, 1, 4094, rng.randrange(4095)]), prio=rng.randrange(8))
    outer = rng.choice([Dot1AD, Dot1Q])(vlan=rng.choice([0, rng.randrange(1, 4095)]), prio=rng.randrange(8))
    return [outer, inner] if kind == "tags" else [rng.choice([outer, inner])]


def padding_options(rng):
    """Options that are nothing but padding, of 8 to 104 bytes with their header."""
    return [PadN(optdata=bytes(8 * rng.choice([0, 1, 2, 12]) + 4))]


def extensions(rng, kind):
    """The extension headers of a packet of IPv6."""
    headers = {"hop-by-hop": "h", "destination": "d", "atomic": rng.choice(["f", "hf", "hdf"]),
               "extensions": rng.choice(["hd", "hdrd", "rd", "hdrfdd", "dd"])}
    make = {"h": lambda: IPv6ExtHdrHopByHop(options=padding_options(rng)),
            "d": lambda: IPv6ExtHdrDestOpt(options=padding_options(rng)),
            "r": lambda: IPv6ExtHdrRouting(type=4, segleft=0),
            "f": lambda: IPv6ExtHdrFragment(offset=0, m=0, id=rng.getrandbits(32))}
    chain = [make[letter]() for letter in headers.get(kind, "")]
    # 256 bytes of them are followed, no more.
    return chain if sum(map(len, chain)) <= 256 else extensions(rng, kind)


class Case:
    """One packet of one flow: `ends` are what its IP header says, coming in and going out."""

    def __init__(self, rng, family, kind):
        self.family = family
        self.kind = kind
        self.forwarding = rng.choice(["dnat", "full-nat"])
        self.direction = rng.choice(["to-backend", "to-client"])
        self.protocol = {"no-checksum": "udp", "mss": "tcp", "tcp-exotic": "tcp"}.get(kind) or rng.choice(["tcp", "udp"])
        self.client, self.service, self.local, self.backend = self.draw_ends(rng)
        if self.direction == "to-backend":
            self.ends_in, self.ends_out = (self.client, self.service), (self.local, self.backend)
            self.macs_in, self.macs_out = (0xc1, 0xa0), (0xa1, 0xb1)
        else:
            self.ends_in, self.ends_out = (self.backend, self.local), (self.service, self.client)
            self.macs_in, self.macs_out = (0xb1, 0xa1), (0xa0, 0xc1)

        length = rng.choice([2, 4, 12, 40, 100])
        if kind == "odd-length":
            length = rng.choice([1, 3, 5, 27, 99, 255])
        elif kind == "large":
            length = 1500 - (40 if family == 6 else 20) - (20 if self.protocol == "tcp" else 8)
        elif kind == "plain":
            length = rng.randrange(0, 300)
        self.payload = rng.randbytes(length)
        self.padding = rng.choice([b"", bytes(12), rng.randbytes(6)])
        if kind == "padding":
            self.padding = rng.randbytes(rng.randrange(1, 46))
        self.ttl = rng.choice([2, 3, 128, 129, 255] if kind == "hops" else range(2, 256))
        self.tos, self.id = rng.randrange(256), rng.randrange(65536)
        self.df = rng.choice(["", "DF"])
        self.tags = vlan_tags(rng, kind)
        self.label = rng.choice([0, 0xfffff, rng.getrandbits(20)])
        self.extensions = extensions(rng, kind) if family == 6 else []
        self.ip_options = []
        if kind == "ip-options":
            self.ip_options = [IPOption_NOP() for _ in range(rng.choice([1, 4, 7]))]
            if rng.random() < 0.5:
                self.ip_options = [IPOption_RR(routers=[unicast(rng, 4)] * rng.randrange(1, 4))]
        self.tcp_options = tcp_options(rng) if kind in ("options", "wrong", "mss") else []
        self.tcp = dict(seq=rng.getrandbits(32), ack=rng.getrandbits(32),
                        window=rng.randrange(65536), urgptr=rng.choice([0, rng.randrange(65536)]),
                        flags=rng.choice(["A", "PA", "FA", "R", "RA", "PAU", "SA", "S", "A"]))
        if kind == "tcp-exotic":
            # Data in a SYN (RFC 7413), ECN (RFC 3168, RFC 9768), urgent data, reserved bits.
            self.tcp_options = exotic_options(rng)
            self.tcp["flags"] = rng.choice(["S", "SEC", "SAE", "AEC", "PAUC", "AN", "SECN"])
            self.tcp["reserved"] = rng.choice([0, 7])

    def draw_ends(self, rng):
        while True:
            client, service, local, backend = ((unicast(rng, self.family), port(rng)) for _ in range(4))
            if self.forwarding == "dnat":
                local = client
            if len({client[0], service[0], backend[0]}) == 3 and service[0] != local[0]:
                if local == client or local[0] not in (client[0], backend[0]):
                    return client, service, local, backend

    def network(self, source, destination, ttl):
        if self.family == 4:
            return IP(src=source, dst=destination, ttl=ttl, tos=self.tos, id=self.id, flags=self.df,
                      options=self.ip_options)
        ip = IPv6(src=source, dst=destination, hlim=ttl, tc=self.tos, fl=self.label)
        for extension in self.extensions:
            ip /= extension.copy()
        return ip

    def build(self, ends, macs, ttl, tags=()):
        """A frame from and to these ends, with these tags."""
        (source, source_port), (destination, destination_port) = ends
        ip = self.network(source, destination, ttl)
        if self.protocol == "tcp":
            transport = TCP(sport=source_port, dport=destination_port, options=self.tcp_options,
                            **self.tcp)
        else:
            transport = UDP(sport=source_port, dport=destination_port)
        ether = Ether(src=mac(macs[0]), dst=mac(macs[1]))
        for tag in tags:
            ether /= tag.copy()
        return bytearray(bytes(ether / ip / transport / Raw(self.payload)))

    def frames(self):
        """As it comes in, with its tags, and as it goes out, of which the caller of the engine puts tags on."""
        return (self.build(self.ends_in, self.macs_in, self.ttl, self.tags),
                self.build(self.ends_out, self.macs_out, self.ttl - 1))


def ip_checksum_at(_frame):
    return ETHERNET + 10


def steer_transport_sum(case, which, target):
    case.payload = bytes(2) + case.payload[2:]
    frame = case.frames()[which]
    word = word_for(get(frame, transport_checksum_at(frame)), target)
    case.payload = struct.pack("!H", word) + case.payload[2:]


def steer_ip_sum(case, which, target):
    case.id = 0
    frame = case.frames()[which]
    case.id = word_for(get(frame, ip_checksum_at(frame)), target)


def spoil(case, rng, frame_in, frame_out):
    """Makes the checksum coming in wrong, and the one going out wrong by as much."""
    at = transport_checksum_at(frame_in)
    right_in, right_out = get(frame_in, at), get(frame_out, at)
    if case.kind == "twin":
        off = 0
    else:
        off = rng.choice([1, 0xfffe, 0x8000, rng.randrange(1, 0xffff)])
    wrong_in = (right_in + off) % 0xffff
    if wrong_in == 0 and (case.protocol == "udp" or rng.random() < 0.5):
        wrong_in = 0xffff
    wrong_out = (right_out + off) % 0xffff
    if wrong_out == 0 and case.protocol == "udp":
        wrong_out = 0xffff
    put(frame_in, at, wrong_in)
    put(frame_out, at, wrong_out)


def make_error(rng, family, kind):
    case = Case(rng, family, kind)

    def spoil_inside(frame, off):
        at = transport_checksum_at(frame)
        if off and get(frame, at):
            put(frame, at, (get(frame, at) + off) % 0xffff or 0xffff * (case.protocol == "udp"))
        elif kind == "icmp-whole" and case.protocol == "udp" and family == 4 and case.id % 2:
            put(frame, at, 0)

    frame_in, frame_out = icmp_errors.Error(rng, case, transport_checksum_at,
                                            unicast(rng, family)).frames(spoil_inside)
    return case, frame_in + case.padding, frame_out


def make_told(rng, family, kind):
    case = Case(rng, family, kind)
    case.ttl = rng.randrange(2, 256) if kind == "too-big" else rng.randrange(2)
    if kind == "too-big":
        least = MTU + 1 - (len(case.frames()[0]) - ETHERNET - len(case.payload))
        case.payload = rng.randbytes(least + rng.choice([0, 1, rng.randrange(200)]))
    frame_in = case.build(case.ends_in, case.macs_in, case.ttl)
    return case, frame_in + case.padding, icmp_errors.told(case, frame_in, MTU)


def make(rng, family, kind):
    if kind in icmp_errors.TOLD:
        return make_told(rng, family, kind)
    if kind.startswith("icmp"):
        return make_error(rng, family, kind)
    case = Case(rng, family, kind)
    target = rng.choice([0x0000, 0xfffe, 0x0001, 0x00ff, 0xff00, 0x0100])
    if kind == "transport-in":
        steer_transport_sum(case, 0, target)
    elif kind == "transport-out":
        steer_transport_sum(case, 1, target)
    elif kind == "ip-in":
        steer_ip_sum(case, 0, target)
    elif kind == "ip-out":
        steer_ip_sum(case, 1, target)
    elif kind == "twin":
        steer_transport_sum(case, 0, 0)
    frame_in = case.frames()[0]
    if kind == "mss" and "S" in case.tcp["flags"]:
        case.tcp_options = [(name, min(value, MSS_CLAMP) if name == "MSS" else value)
                            for name, value in case.tcp_options]
    frame_out = case.frames()[1]
    if kind == "no-checksum":
        put(frame_in, transport_checksum_at(frame_in), 0)
        put(frame_out, transport_checksum_at(frame_out), 0)
    elif kind in ("wrong", "twin"):
        spoil(case, rng, frame_in, frame_out)
    if kind == "ip-in" and target == 0 and get(frame_in, ip_checksum_at(frame_in)) == 0:
        # Zero has a twin that is as right.
        put(frame_in, ip_checksum_at(frame_in), rng.choice([0, 0xffff]))
    return case, frame_in + case.padding, frame_out


def opening(case):
    """The client's first packet, coming in and going out, so that there is a flow."""
    def build(ends, macs, ttl):
        (source, source_port), (destination, destination_port) = ends
        ip = IP(src=source, dst=destination, ttl=ttl) if case.family == 4 else \
            IPv6(src=source, dst=destination, hlim=ttl)
        transport = TCP(flags="S") if case.protocol == "tcp" else UDP()
        transport.sport, transport.dport = source_port, destination_port
        return bytes(Ether(src=mac(macs[0]), dst=mac(macs[1])) / ip / transport)

    return (build((case.client, case.service), (0xc1, 0xa0), 64),
            build((case.local, case.backend), (0xa1, 0xb1), 63))


def outcome(case):
    """(port it comes by, port it goes by, verdict): sent on, or back with a message."""
    ports = ("wan", "lan") if case.direction == "to-backend" else ("lan", "wan")
    if case.kind in TOLD_VERDICTS:
        return ports[0], ports[0], TOLD_VERDICTS[case.kind]
    return *ports, case.direction


def end(address, number):
    return f"[{address}]:{number}" if ":" in address else f"{address}:{number}"


def rule(kind):
    if kind in TOLD_VERDICTS:
        return "RFC 1812 4.3.2, RFC 4443 2.4: what a sender is told of its packet"
    if kind.startswith("icmp"):
        return "RFC 5508 4.2: an error is translated as the packet that it quotes"
    return "RFC 1624: checksums by difference are those that are computed"


def case_lines(number, case, frame_in, frame_out):
    first_in, first_out = opening(case)
    in_port, out_port, verdict = outcome(case)
    ends = " ".join(end(*place) for place in (case.service, case.local, case.backend))
    yield f"case {number}-{case.kind}-{case.forwarding}-{case.protocol}-{case.direction}"
    yield f"rule {rule(case.kind)}"
    yield f"own {case.forwarding} {case.protocol} {ends}" + (f" {MSS_CLAMP}" if case.kind == "mss" else "")
    yield f"in wan {first_in.hex()}"
    yield "verdict to-backend"
    yield f"out lan {first_out.hex()}"
    yield f"in {in_port} {frame_in.hex()}"
    yield f"verdict {verdict}"
    yield f"out {out_port} {frame_out.hex()}"


def main():
    output = sys.argv[1]
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1624
    count = int(sys.argv[3]) if len(sys.argv) > 3 else 4800
    rng = random.Random(seed)
    with open(output, "w", encoding="ascii") as file:
        for number in range(count):
            family = 4 if number < count // 2 else 6
            kind = KINDS[family][number % len(KINDS[family])]
            for line in case_lines(number, *make(rng, family, kind)):
                print(line, file=file)


if __name__ == "__main__":
    main()
