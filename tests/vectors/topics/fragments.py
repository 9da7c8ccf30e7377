# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors

"""Fragments: later ones follow the first."""

from scapy.layers.inet import fragment
from scapy.layers.inet6 import IPv6ExtHdrFragment, fragment6
from scapy.layers.l2 import Ether

from cases import vector
from packets import ethernet

SIZE = 400  # of a fragment's part, a multiple of 8
EITHER = ("tcp", "udp")


def _pieces(c, packet, macs, ends, ttl):
    """The frames of a datagram in pieces."""
    if c.family == 4:
        pieces = fragment(packet.ip(ends, ttl), fragsize=SIZE)
    else:
        pieces = fragment6(packet.ip(ends, ttl), SIZE + 48)
    return [bytes(ethernet(*macs) / piece) for piece in pieces]


def _datagram(c, sender, length=1000):
    """(those that come, those that go) of a datagram; no two cases use the same identification."""
    ident = c.port ^ (sender == "backend") ^ 2 * (c.protocol == "udp")  # IPv6 does not ask for the protocol.
    how = {"payload": bytes(i % 251 for i in range(length)), "id": ident}
    if c.family == 6:
        how["extensions"] = [IPv6ExtHdrFragment(id=ident)]
    packet = getattr(c, sender)(**how)
    come = _pieces(c, packet, packet.macs_in, packet.ends_in, packet.ttl)
    go = _pieces(c, packet, packet.macs_out, packet.ends_out, packet.ttl - 1)
    return packet, come, go


def _send(c, packet, come, go, order):
    """In that order: what comes before the first waits for it."""
    waiting, begun = [], False
    for number in order:
        begun = begun or number == 0
        outs = [number, *waiting] if begun else []
        waiting = waiting + [number] if not begun else []
        c.step(f"piece {number} of the {packet.sender}'s", packet.ports[0], come[number],
               packet.verdict if begun else "held", *((packet.ports[1], go[out]) for out in outs))


@vector("RFC 791 3.2, RFC 8200 4.5: fragments in order", protocols=EITHER)
def in_order(c):
    """Of both sides."""
    c.open()
    for sender in ("client", "backend"):
        packet, come, go = _datagram(c, sender)
        _send(c, packet, come, go, range(len(come)))


@vector("RFC 791 3.2, RFC 8200 4.5: fragments in the other order", protocols=EITHER)
def reversed_order(c):
    """Later ones wait for the first."""
    c.open()
    packet, come, go = _datagram(c, "client")
    _send(c, packet, come, go, reversed(range(len(come))))


@vector("RFC 791 3.2: a first fragment begins a flow", protocols=("udp",))
def begins(c):
    """As any first packet does."""
    packet, come, go = _datagram(c, "client")
    _send(c, packet, come, go, range(len(come)))


@vector("RFC 1858 3, RFC 3128: a first fragment without all of its TCP header", families=(4,))
def tiny(c):
    """8 bytes of it, and 16."""
    c.open()
    for size in (8, 16):
        pieces = fragment(c.client(payload=bytes(100)).ip(c.client().ends_in, 64), fragsize=size)
        frame = bytes(ethernet(*c.client().macs_in) / pieces[0])
        c.step(f"{size} bytes", "wan", frame, "fragment-tiny")


@vector("RFC 1858 3.2.2: a fragment that would write over a TCP header", families=(4,))
def offset_one(c):
    """At offset 8."""
    c.open()
    pieces = fragment(c.client(payload=bytes(100)).ip(c.client().ends_in, 64), fragsize=8)
    c.step("offset 8", "wan", bytes(ethernet(*c.client().macs_in) / pieces[1]), "fragment-tiny")


@vector("RFC 5722 4, RFC 8200 4.5: overlapping fragments", protocols=("udp",))
def overlap(c):
    """The second begins within the first."""
    c.open()
    packet, come, go = _datagram(c, "client")
    c.step("piece 0", "wan", come[0], "to-backend", ("lan", go[0]))
    frame = Ether(come[1])
    if c.family == 4:
        frame["IP"].frag -= 1
        del frame["IP"].chksum
    else:
        frame[IPv6ExtHdrFragment].offset -= 1
    c.step("piece 1, 8 bytes early", packet.ports[0], bytes(frame), "fragment-overlap")


@vector("RFC 8200 4.5: the same fragment again, before all have come", protocols=("udp",))
def duplicate(c):
    """It is dropped by a name of its own, and the datagram lives."""
    c.open()
    packet, come, go = _datagram(c, "client")
    c.step("piece 0", "wan", come[0], packet.verdict, ("lan", go[0]))
    c.step("piece 0 again", "wan", come[0], "fragment-duplicate")
    for number in range(1, len(come)):
        c.step(f"piece {number}", "wan", come[number], packet.verdict, ("lan", go[number]))


@vector("RFC 791 3.2: all fragments but the last have a multiple of 8 bytes", families=(4,))
def odd_length(c):
    """One more follows, and yet it ends within eight."""
    c.open()
    _, come, _ = _datagram(c, "client")
    frame = Ether(come[0][:-1])
    frame["IP"].len -= 1
    del frame["IP"].chksum
    c.step("piece 0, a byte shorter", "wan", bytes(frame), "bad-fragment")


@vector("RFC 791 3.2: a fragment that ends beyond 65,535 bytes", families=(4,))
def beyond_the_end(c):
    """As the ping of death did."""
    c.open()
    _, come, _ = _datagram(c, "client")
    frame = Ether(come[-1])
    frame["IP"].frag = 8189
    del frame["IP"].chksum
    c.step("the last piece, too far", "wan", bytes(frame), "bad-fragment")


@vector("RFC 791 3.2: a fragment of something else is Linux's", steers=False)
def of_others(c):
    """To our own address."""
    packet = c.client(payload=bytes(1000), **({"extensions": [IPv6ExtHdrFragment(id=7)]} if c.family == 6 else {}))
    ends = c.flow.client, (c.address("host"), c.port)
    for frame in _pieces(c, packet, packet.macs_in, ends, 64):
        c.step("to our own address", "wan", frame, "to-linux")
