# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors

"""Packets that are too big for the way out."""

from cases import vector
from messages import MTU, TOO_BIG, told


def _payload(c, size):
    """What makes an IP packet of that size."""
    headers = (20 if c.family == 4 else 40) + (20 if c.protocol == "tcp" else 8)
    return bytes(range(256)) * 6 + b"x" * (size - headers - 1536) if size - headers >= 1536 else \
        (bytes(range(256)) * 6)[:size - headers]


@vector("RFC 1191 2, RFC 8201 3: as big as the way out takes", protocols=("tcp", "udp"))
def just_fits(c):
    """Both ways."""
    c.open()
    c.passes(c.client(payload=_payload(c, MTU), df=True), c.backend(payload=_payload(c, MTU)))


@vector("RFC 894: padding is no part of a packet", protocols=("tcp", "udp"))
def fits_without_padding(c):
    """The frame is longer, the packet is not."""
    c.open()
    c.passes(c.client(payload=_payload(c, MTU), padding=bytes(4)))


@vector("RFC 1191 3, RFC 8200 5: a packet that is too big is never sent on", protocols=("tcp", "udp"))
def never_sent_on(c):
    """From a MAC that is a group's, so that nobody is told (RFC 1812 4.3.2.7, RFC 4443 2.4 (e))."""
    c.open()
    for make in (c.client, c.backend):
        c.dropped("too-big", make(payload=_payload(c, MTU + 1), mac_from="03:00:00:00:00:c1"))


def _too_big(c, sender, size, df):
    c.establish()
    packet = getattr(c, sender)(payload=_payload(c, size), df=df)
    c.step(f"{sender}'s, {size} bytes", packet.ports[0], packet.comes(), "too-big-told",
           (packet.ports[0], told(packet, TOO_BIG)))
    c.passes(c.client(), c.backend())


@vector("RFC 1191 4, RFC 4443 3.2: too big for the way to the backend: its sender is told the MTU",
        protocols=("tcp", "udp"))
def of_client(c):
    """By one byte."""
    _too_big(c, "client", MTU + 1, True)


@vector("RFC 1191 4, RFC 4443 3.2: too big for the way to the client: the backend is told the MTU",
        protocols=("tcp", "udp"))
def of_backend(c):
    """By one byte."""
    _too_big(c, "backend", MTU + 1, True)


@vector("a packet that is too big, with nothing that forbids to fragment: told all the same", families=(4,))
def may_be_fragmented(c):
    """We do not fragment."""
    _too_big(c, "client", 1600, False)
