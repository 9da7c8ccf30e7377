# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors

"""IPv6 extension headers: followed within a bound, and kept."""

from scapy.layers.inet6 import (IPv6ExtHdrDestOpt, IPv6ExtHdrFragment, IPv6ExtHdrHopByHop, IPv6ExtHdrRouting, Pad1,
                                PadN, RouterAlert)
from scapy.packet import Raw

from cases import vector


def _options(size):
    """Padding that makes a header of so many bytes."""
    return [PadN(optdata=bytes(size - 4))]


def _header(letter):
    return {"h": lambda: IPv6ExtHdrHopByHop(options=_options(8)),
            "d": lambda: IPv6ExtHdrDestOpt(options=_options(8)),
            "D": lambda: IPv6ExtHdrDestOpt(options=_options(128)),
            "r": lambda: IPv6ExtHdrRouting(type=0, segleft=0),
            "R": lambda: IPv6ExtHdrRouting(type=0, segleft=1, addresses=["2001:db8:1::77"]),
            "s": lambda: IPv6ExtHdrRouting(type=4, segleft=1, addresses=["2001:db8:1::77"]),
            "f": lambda: IPv6ExtHdrFragment(offset=0, m=0, id=0x01020304)}[letter]()


def chain(letters):
    """h: hop-by-hop, d: destination (D: of 128 bytes), r: routing that is done (R: that is not), f: atomic."""
    return [_header(letter) for letter in letters]


def _followed(name, letters, rule):
    def case(c):
        c.passes(c.client(flags="S", extensions=chain(letters)), c.backend(extensions=chain(letters)),
                 c.client(extensions=chain(letters)))
    case.__name__, case.__module__ = name, __name__
    vector(rule, families=(6,), protocols=("tcp", "udp"))(case)


for _row in (
        ("hop_by_hop", "h", "RFC 8200 4.3: hop-by-hop options that a router need not know"),
        ("destination", "d", "RFC 8200 4.6: destination options are the end's"),
        ("routing_done", "r", "RFC 8200 4.4: a routing header with no segment left is passed over"),
        ("atomic", "f", "RFC 6946 4: a fragment that is the whole packet is none"),
        ("atomic_behind_others", "hdf", "RFC 6946 4: behind other headers as well"),
        ("in_the_order_of_the_rfc", "hdrfd", "RFC 8200 4.1: each in its place"),
        ("six", "hdrfdd", "RFC 7045 2.1: six headers are followed"),
        ("of_256_bytes", "DD", "RFC 7045 2.1: 256 bytes of headers are followed")):
    _followed(*_row)


def _passed_by(name, letters, rule):
    def case(c):
        how = {"extensions": chain(letters)}
        c.to_linux(c.client(flags="S", **how))
        c.open()
        c.to_linux(c.client(**how))
    case.__name__, case.__module__ = name, __name__
    vector(rule, families=(6,), steers=False)(case)


for _row in (
        ("seven", "hdrfddd", "beyond the bound: seven headers"),
        ("of_264_bytes", "DDd", "beyond the bound: 264 bytes of headers"),
        ("hop_by_hop_not_first", "dh", "RFC 8200 4.1: hop-by-hop options stand first"),
        ("hop_by_hop_twice", "hh", "RFC 8200 4.1: and once")):
    _passed_by(*_row)


@vector("RFC 5095 3: routing header type 0 with a segment left is dropped", families=(6,))
def routing_type_0(c):
    """Else it would make us send things round and round."""
    c.open()
    c.dropped("routing-header", c.client(flags="S", extensions=chain("R")), c.client(extensions=chain("R")))


@vector("a segment routing header that is not done is not for us to follow", families=(6,), steers=False)
def segment_routing(c):
    """Linux knows whether it takes part in that."""
    c.to_linux(c.client(flags="S", extensions=chain("s")))


def _next_header(number):
    def spoil(frame):
        frame[20] = number
    return spoil


@vector("RFC 7045 2.1: headers that hide the ports make a packet nobody's", families=(6,), steers=False)
def opaque(c):
    """Encryption, authentication, none, HIP, shim6, and what is not assigned."""
    c.open()
    for number in (50, 51, 59, 139, 140, 253):
        c.to_linux(c.client(flags="S", spoil=_next_header(number)), c.client(spoil=_next_header(number)))


@vector("RFC 8200 4.2: options are not read, whatever is to be done with those one does not know", families=(6,),
        protocols=("tcp", "udp"))
def unknown_options(c):
    """The two high bits: skip, discard, discard and tell, discard and tell unless to a group."""
    c.open()
    for kind in (0x1e, 0x5e, 0x9e, 0xde, 0x3e):
        option = Raw(bytes([kind, 4, 1, 2, 3, 4]))
        c.passes(c.client(extensions=[IPv6ExtHdrDestOpt(options=[option], autopad=0)]))


@vector("RFC 2711 2.1: router alert is no matter of ours", families=(6,))
def router_alert(c):
    """In hop-by-hop options."""
    c.open()
    c.passes(c.client(extensions=[IPv6ExtHdrHopByHop(options=[RouterAlert(), Pad1(), Pad1()], autopad=0)]))


@vector("RFC 8200 4: a header that says it is longer than the packet", families=(6,))
def lies_about_length(c):
    """By 8 bytes more than there are, and by as much as it can."""
    def longer(eights):
        def spoil(frame):
            frame[55] = eights
        return spoil
    for eights in (9, 255):
        packet = c.client(flags="S", extensions=chain("d"), spoil=longer(eights))
        c.to_linux(packet)


@vector("RFC 8200 4: a packet that ends within an extension header", families=(6,))
def ends_within(c):
    """As its length says: the frame goes on."""
    def shorter(size):
        def spoil(frame):
            frame[18:20] = size.to_bytes(2, "big")
        return spoil
    for size in (1, 7, 8):
        c.dropped("bad-length", c.client(flags="S", extensions=chain("d"), spoil=shorter(size)))


@vector("RFC 8200 4.5: reserved bits of an atomic fragment say nothing", families=(6,))
def atomic_reserved(c):
    """They go on as they come."""
    def change(frame):
        frame[55], frame[57] = 0xff, frame[57] | 6
    c.passes(c.client(flags="S", extensions=chain("f"), change=change))
    c.passes(c.backend(extensions=chain("f"), change=change))


@vector("RFC 8200 8.1: UDP without a checksum is dropped behind extension headers too", families=(6,),
        protocols=("udp",))
def no_checksum(c):
    """Where the sum lies is found by following them."""
    c.dropped("no-checksum", c.client(extensions=chain("hd"), checksum=0))


@vector("RFC 8200 8.1: a wrong checksum stays wrong behind extension headers", families=(6,),
        protocols=("tcp", "udp"))
def wrong_checksum(c):
    """By as much."""
    c.open()
    c.passes(c.client(extensions=chain("hdr"), wrong=0x1234), c.backend(extensions=chain("d"), wrong=1))
