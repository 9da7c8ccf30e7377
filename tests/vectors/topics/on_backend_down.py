# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors

"""Connections of a backend that went down, or whose drain ran out: both ends are reset by the next segment."""

from cases import vector
from messages import reset, reset_instead

ALL = ("dnat", "full-nat", "tagged")
ONE = "RFC 9293 3.10.7.1: its sender is reset by what it acknowledges"
BOTH = ONE + "; 3.10.5: the other end by what the segment begins with"


def _both(c, packet):
    c.step(c.describe(packet), packet.ports[0], packet.comes(), "backend-gone-told",
           (packet.ports[0], reset(packet)), (packet.ports[1], reset_instead(packet)))


def _sender(c, *packets):
    for packet in packets:
        c.step(c.describe(packet), packet.ports[0], packet.comes(), "backend-gone-told",
               (packet.ports[0], reset(packet)))


@vector(BOTH, services=ALL)
def client_speaks(c):
    """Numbers that wrap."""
    c.establish()
    c.backends("down")
    _both(c, c.client(seq=0xfffffffe, ack=0xffffffff))


@vector(BOTH, services=ALL)
def backend_speaks(c):
    """Its MACs and its VLAN too."""
    c.establish()
    c.backends("down")
    _both(c, c.backend(seq=0x80000000, ack=7, vlan=c.flow.vlan))


@vector(BOTH)
def without_data(c):
    """An acknowledgement is enough, and so is a FIN: it has not come to the other end."""
    c.establish()
    c.backends("down")
    _both(c, c.client(flags="FA", payload=b"last"))


@vector(ONE + "; the other end was reset with the first segment")
def late_ones(c):
    """What was under way, of either side."""
    c.establish()
    c.backends("down")
    _both(c, c.client(flags="A", payload=b""))
    _sender(c, c.client(flags="PA", seq=99), c.backend(flags="FA", seq=5, ack=6), c.backend())


@vector("RFC 9293 3.10.7.1: nothing tells the other end's number")
def without_ack(c):
    """A segment as of long ago; the answer acknowledges it, its FIN too."""
    c.establish()
    c.backends("down")
    _sender(c, c.backend(flags="F", payload=b"12"), c.client(flags="F", payload=b""))


@vector("what an end says of its connection itself goes on: its numbers are better", services=("dnat", "full-nat"))
def resets_go_on(c):
    """Resets of either side."""
    c.establish()
    c.backends("down")
    c.passes(c.client(flags="R", payload=b""), c.backend(flags="RA", payload=b""))


@vector("RFC 9293 3.6: what is closed from both sides ends by itself")
def closed(c):
    """The last acknowledgement, and a FIN again."""
    c.establish()
    c.passes(c.client(flags="FA"), c.backend(flags="FA"))
    c.backends("down")
    c.passes(c.client(payload=b""), c.backend(flags="FA"))


@vector("RFC 9293 3.6: half-closed is open")
def half_closed(c):
    """The backend still sends."""
    c.establish()
    c.passes(c.client(flags="FA"))
    c.backends("down")
    _both(c, c.backend())


@vector("the handshake's answer from a backend that is down: refused; the client hears nothing and tries again")
def half_open(c):
    """The client's SYN would go to another one."""
    c.open()
    c.backends("down")
    _sender(c, c.backend(flags="SA"))
    c.dropped("no-backend", c.client(flags="S"))


@vector("a SYN on an open connection begins anew, for the old one is over")
def syn(c):
    """There is nobody left in this scene."""
    c.establish()
    c.backends("down")
    c.dropped("no-backend", c.client(flags="S"))


@vector("a backend that is back before anybody spoke: nothing has happened", services=ALL)
def back_in_time(c):
    """Either end."""
    c.establish()
    c.backends("down")
    c.backends("up")
    c.passes(c.client())
    if c.service != "tagged":
        c.passes(c.backend())


@vector("on_backend_down: keep", services=("allows",))
def keep(c):
    """The connection goes on, both ways."""
    c.establish()
    c.backends("down")
    c.passes(c.client(), c.backend(), c.client(flags="FA"))


@vector("UDP has no connections: the backend's datagrams still go to their client", protocols=("udp",))
def datagrams(c):
    """The client's next one looks for another backend, and finds none here."""
    c.establish()
    c.backends("down")
    c.passes(c.backend())
    c.dropped("no-backend", c.client())


@vector(BOTH + "; whatever on_backend_down says, when a drain ran out", services=ALL)
def expired_client_speaks(c):
    """And late ones."""
    c.establish()
    c.backends("expired")
    _both(c, c.client())
    _sender(c, c.client(seq=1), c.backend(vlan=c.flow.vlan))


@vector(BOTH + "; whatever on_backend_down says, when a drain ran out", services=("allows",))
def expired_of_keep(c):
    """It kept them when the backend was down."""
    c.establish()
    c.backends("down")
    c.passes(c.client(), c.backend())
    c.backends("expired")
    _both(c, c.client())


@vector(BOTH + "; whatever on_backend_down says, when a drain ran out", services=ALL)
def expired_backend_speaks(c):
    """The numbers are those of the segment."""
    c.establish()
    c.backends("expired")
    _both(c, c.backend(flags="FPA", seq=0xdeadbeef, ack=0xcafebabe, vlan=c.flow.vlan))


@vector("a drain that ran out long ago: nobody knows the way to the backend; its client is reset",
        services=ALL)
def gone_client_speaks(c):
    """By what it acknowledges."""
    c.establish()
    c.backends("gone")
    _sender(c, c.client(), c.client(seq=1))


@vector(BOTH + ": what is for the local port is still of the connection", services=("full-nat",))
def gone_backend_speaks(c):
    """The way to the client is known."""
    c.establish()
    c.backends("gone")
    _both(c, c.backend())


@vector("RFC 1812 4.3.2.7, RFC 4443 2.4 (e): who is no single host is told nothing")
def to_no_single_host(c):
    """And its connection is as it was."""
    c.establish()
    c.backends("down")
    c.dropped("backend-gone", c.client(mac_from="03:00:00:00:00:c1"))
    c.backends("up")
    c.passes(c.client(), c.backend())
