# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors

"""A service that has no backend left, and says so: `when_down`."""

from scapy.layers.inet6 import IPv6ExtHdrDestOpt

from cases import vector
from messages import REFUSED, reset, told

EITHER = ("tcp", "udp")


def _refused(c, message, *packets):
    for packet in packets:
        c.step(c.describe(packet), "wan", packet.comes(), "no-backend-told", ("wan", message(packet)))


def _unreachable(packet):
    return told(packet, REFUSED)


@vector("RFC 9293 3.10.7.1: no connection: a segment without ACK is answered by a reset that acknowledges it",
        services=("refuses",))
def syn(c):
    """By the sequence number behind it."""
    _refused(c, reset, c.client(flags="S"), c.client(flags="S", seq=0xffffffff), c.client(flags="SEC", seq=0))


@vector("RFC 7413 4.1: data in a SYN; RFC 9293 3.4: SYN, data and FIN take of the sequence",
        services=("refuses",))
def syn_with_data(c):
    """One each, and each byte."""
    _refused(c, reset, c.client(flags="S", payload=b"x"), c.client(flags="S", payload=b"Fast Open" * 9),
             c.client(flags="SF", payload=b"12345"), c.client(flags="F", payload=b""),
             c.client(flags="F", payload=b"123"), c.client(flags="", payload=b"1234567"))


@vector("RFC 9293 3.4: data begins behind the options", services=("refuses",))
def syn_with_options(c):
    """They are not counted."""
    _refused(c, reset, c.client(flags="S", options=[("MSS", 1460), ("NOP", None), ("WScale", 7)], payload=b"123"))


@vector("RFC 894: padding is no part of a segment", services=("refuses",))
def syn_with_padding(c):
    """It takes nothing of the sequence."""
    _refused(c, reset, c.client(flags="S", padding=b"\0" * 6), c.client(flags="S", payload=b"12", padding=b"x" * 9))


@vector("RFC 9293 3.10.7.1: no connection: a reset is not answered", services=("refuses",))
def resets(c):
    """Whatever else it says."""
    c.dropped("no-flow", *(c.client(flags=flags, payload=b"") for flags in ("R", "RA", "RS", "RF", "RAU")))


@vector("RFC 9293 3.10.7.1: no connection: a segment with ACK is answered by a reset of that number",
        services=("refuses",))
def from_the_middle(c):
    """Whatever it carries; of a dnat connection that nobody has a record of."""
    _refused(c, reset, c.client(ack=0), c.client(flags="FA", ack=0xffffffff, payload=b""),
             c.client(flags="PA", seq=5, ack=0x80000000))


@vector("RFC 1122 4.1.3.1, RFC 4443 3.1: no one is there: port unreachable", services=("refuses",), protocols=("udp",))
def datagram(c):
    """And it quotes all of a short one."""
    _refused(c, _unreachable, c.client(), c.client(payload=b""), c.client(payload=b"odd"))


@vector("RFC 1812 4.3.2.3, RFC 4443 2.4 (c): as much as fits into 576 or 1280 bytes is quoted",
        services=("refuses",), protocols=("udp",))
def long_datagram(c):
    """One that just fits, one byte more, and a full packet."""
    fits = (548 - 28) if c.family == 4 else (1232 - 48)
    _refused(c, _unreachable, *(c.client(payload=bytes(size % 251 for size in range(length)))
                                for length in (fits - 1, fits, fits + 1, 1400)))


@vector("RFC 1812 4.3.2.7, RFC 4443 2.4 (e): who is no single host is told nothing", services=("refuses",),
        protocols=EITHER)
def to_no_single_host(c):
    """A frame from a group's MAC."""
    c.dropped("no-backend", c.client(flags="S", mac_from="03:00:00:00:00:c1"))


@vector("RFC 1812 4.3.2.7: nothing is said of packets whose hop limit is of no matter yet", services=("refuses",))
def last_hop_limit(c):
    """It ends here, as at a host: what comes with 1 is delivered (RFC 1122 3.2.1.7)."""
    _refused(c, reset, c.client(flags="S", ttl=1))


@vector("RFC 9293 3.1, RFC 8200 4: a reset has no options, whatever it answers", services=("refuses",))
def plain(c):
    """Nor extension headers, nor traffic class or flow label."""
    if c.family == 4:
        _refused(c, reset, c.client(flags="S", tos=0xb8, df=True, id=777))
    else:
        _refused(c, reset, c.client(flags="S", tos=0xb8, label=0xabcde, extensions=[IPv6ExtHdrDestOpt()]))


@vector("when_down: drop says nothing", services=("nobody",), protocols=EITHER)
def drop(c):
    """To anybody."""
    c.dropped("no-backend", c.client(flags="S"))
