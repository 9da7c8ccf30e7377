# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors

"""The hop limit: one less, and never 0 on the wire."""

from cases import vector
from messages import told

BOTH_WAYS = ("client", "backend")


@vector("RFC 1812 5.3.1, RFC 8200 3: who forwards a packet takes one off its hop limit")
def one_less(c):
    """Any that is left counts, the last one too."""
    c.open()
    for sender in BOTH_WAYS:
        c.passes(*(getattr(c, sender)(ttl=ttl) for ttl in (2, 3, 64, 128, 255)))


@vector("RFC 1812 5.3.1, RFC 8200 3: the first packet of a flow loses one as well", protocols=("tcp", "udp"))
def first_packet(c):
    """Which goes another way through the engine than the rest."""
    c.passes(c.client(flags="S", ttl=2) if c.protocol == "tcp" else c.client(ttl=2))


def _used_up(c, sender, ttl):
    c.establish()
    packet = getattr(c, sender)(ttl=ttl)
    c.step(c.describe(packet), packet.ports[0], packet.comes(), "ttl-expired-told",
           (packet.ports[0], told(packet)))


@vector("RFC 792, RFC 4443 3.3: a hop limit that is used up is told the sender")
def used_up_of_client(c):
    """1 would be 0 on the wire."""
    _used_up(c, "client", 1)


@vector("RFC 792, RFC 4443 3.3: a hop limit that is used up is told the sender")
def used_up_of_backend(c):
    """The other way."""
    _used_up(c, "backend", 1)


@vector("RFC 1812 5.3.1, RFC 8200 3: who gets 0 does not send it on either")
def nothing_left(c):
    """Less than nothing would be 255."""
    _used_up(c, "client", 0)


GROUP = "03:00:00:00:00:c1"


@vector("RFC 1812 5.3.1, RFC 8200 3: a packet whose hop limit is 1 or 0 is never sent on", protocols=("tcp", "udp"))
def never_sent_on(c):
    """From a MAC that is a group's, so that nobody is told (RFC 1812 4.3.2.7, RFC 4443 2.4 (e))."""
    c.dropped("ttl-expired", *(c.client(ttl=ttl, mac_from=GROUP, **({"flags": "S"} if c.protocol == "tcp" else {}))
                               for ttl in (1, 0)))
    c.open()
    c.dropped("ttl-expired", *(getattr(c, sender)(ttl=ttl, mac_from=GROUP) for ttl in (1, 0)
                               for sender in BOTH_WAYS))


@vector("a packet that is not sent leaves no record", services=("full-nat",))
def nothing_begun(c):
    """What follows finds nothing."""
    c.dropped("ttl-expired", c.client(flags="S", ttl=1, mac_from=GROUP))
    c.dropped("no-flow", c.client())


@vector("a packet that is not sent leaves no record", services=("full-nat",))
def leaves_no_record(c):
    """What follows finds nothing."""
    packet = c.client(flags="S", ttl=1)
    c.step(c.describe(packet), "wan", packet.comes(), "ttl-expired-told", ("wan", told(packet)))
    c.dropped("no-flow", c.client())
