# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors

"""Checksums: right stays right, wrong stays wrong by as much, none stays none."""

from cases import vector
from sums import get, put, transport_checksum_at, word_for

EITHER = ("tcp", "udp")


@vector("RFC 9293 3.1, RFC 768: a right checksum is right afterwards", protocols=EITHER)
def right(c):
    """Even and odd lengths, and nothing at all."""
    c.open()
    for length in (0, 1, 2, 3, 255, 1000):
        c.passes(c.client(payload=bytes(range(1, 256)) * 4 if length == 1000 else b"\xff" * length),
                 c.backend(payload=b"\x5a" * length))


def _wrong(c, off):
    c.open()
    c.passes(c.client(wrong=off), c.backend(wrong=off))


@vector("what arrives wrong leaves wrong: by one", protocols=EITHER)
def wrong_by_one(c):
    """The smallest error."""
    _wrong(c, 1)


@vector("what arrives wrong leaves wrong: by one bit", protocols=EITHER)
def wrong_by_a_bit(c):
    """The highest."""
    _wrong(c, 0x8000)


@vector("what arrives wrong leaves wrong: by less than nothing", protocols=EITHER)
def wrong_by_minus_one(c):
    """In one's complement that is 0xfffe."""
    _wrong(c, 0xfffe)


def _steer(c, which, target):
    """A packet whose checksum is the target, coming in (0) or going out (1); of each side."""
    c.open()
    for make in (c.client, c.backend):
        packet = make(payload=bytes(40))
        frame = packet.comes() if which == 0 else packet.goes()
        at = transport_checksum_at(frame)
        word = word_for(int.from_bytes(frame[at:at + 2], "big"), target)
        c.passes(make(payload=word.to_bytes(2, "big") + bytes(38)))


@vector("RFC 768: a sum that comes to 0 is sent as ffff, since 0 says that there is none",
        protocols=("udp",))
def becomes_zero_udp(c):
    """By the translation."""
    _steer(c, 1, 0)


@vector("RFC 9293 3.1: with TCP 0 is a sum like any other")
def becomes_zero_tcp(c):
    """By the translation."""
    _steer(c, 1, 0)


@vector("RFC 768: ffff is the 0 that says that there is one", protocols=("udp",))
def was_zero_udp(c):
    """Coming in."""
    _steer(c, 0, 0)


@vector("RFC 9293 3.1: a sum of 0 coming in is a right one")
def was_zero_tcp(c):
    """Coming in."""
    _steer(c, 0, 0)


@vector("RFC 1624 3: carries are not lost", protocols=EITHER)
def carries(c):
    """Sums next to all the edges, coming in."""
    for target in (1, 0xfffe, 0x00ff, 0xff00, 0x0100):
        _steer(c, 0, target)


@vector("RFC 768: no checksum stays none", families=(4,), protocols=("udp",))
def none_of_ipv4(c):
    """Of UDP over IPv4 it is a choice."""
    c.passes(c.client(checksum=0), c.backend(checksum=0), c.client(checksum=0))


@vector("RFC 8200 8.1: UDP over IPv6 without a checksum is dropped", families=(6,), protocols=("udp",))
def none_of_ipv6(c):
    """From both sides."""
    c.dropped("no-checksum", c.client(checksum=0))
    c.open()
    c.dropped("no-checksum", c.backend(checksum=0), c.client(checksum=0))


def _header_off(value):
    def spoil(frame):
        put(frame, 24, (get(frame, 24) + value) % 0xffff)
    return spoil


@vector("RFC 1812 5.2.2: an IPv4 header whose checksum is wrong is dropped", families=(4,))
def header_wrong(c):
    """Of a flow that is there, and of none."""
    c.dropped("bad-ip-header", c.client(flags="S", spoil=_header_off(1)))
    c.open()
    c.dropped("bad-ip-header", *(c.client(spoil=_header_off(off)) for off in (1, 0x8000, 0xfffe)),
              c.backend(spoil=_header_off(0x100)))


@vector("RFC 1624 3: the header's sum is right afterwards", families=(4,))
def header_right(c):
    """Sums at the edges, coming in: the identification makes them."""
    c.open()
    for make in (c.client, c.backend):
        for target in (0, 1, 0xfffe, 0x0100, 0xff00):
            ident = word_for(get(bytearray(make(id=0).comes()), 24), target)
            c.passes(make(id=ident))
