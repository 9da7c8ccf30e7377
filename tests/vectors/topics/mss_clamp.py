# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors

"""The segment size that hosts tell each other, lowered: `mss_clamp`, which is 1000 here."""

import copy

from cases import vector
from scene import MSS_CLAMP

SERVICE = ("clamps",)


def _clamped(c, packet, options):
    """It goes with other options than it came with."""
    lowered = copy.copy(packet)
    lowered.how = {**packet.how, "options": options}
    c.step(c.describe(packet), packet.ports[0], packet.comes(), packet.verdict, (packet.ports[1], lowered.goes()))


def _lowered(options):
    return [("MSS", min(value, MSS_CLAMP)) if name == "MSS" else (name, value) for name, value in options]


def _each(c, *option_lists):
    for options in option_lists:
        _clamped(c, c.client(flags="S", options=options), _lowered(options))


def _with_sum(put):
    """Changes the options, and makes the checksum right again."""
    def change(frame):
        at = len(frame) - 12  # the checksum, four bytes before the eight of options
        old = sum(int.from_bytes(frame[i:i + 2], "big") for i in range(at + 4, len(frame), 2))
        put(frame)
        new = sum(int.from_bytes(frame[i:i + 2], "big") for i in range(at + 4, len(frame), 2))
        total = (~int.from_bytes(frame[at:at + 2], "big") & 0xffff) + new + 4 * 0xffff - old
        while total > 0xffff:
            total = (total & 0xffff) + (total >> 16)
        frame[at:at + 2] = (~total & 0xffff).to_bytes(2, "big")
    return change


@vector("RFC 9293 3.7.1: a SYN's segment size is lowered, never raised", services=SERVICE)
def syn(c):
    """One more, as much, one less, none, most."""
    _each(c, *([("MSS", size)] for size in (1460, MSS_CLAMP + 1, MSS_CLAMP, MSS_CLAMP - 1, 536, 1, 0, 65535)))


@vector("RFC 9293 3.7.1: the backend's as well", services=SERVICE)
def syn_ack(c):
    """In its answer, and in its own SYN (simultaneous open)."""
    c.open()
    for flags in ("SA", "S", "SAE"):
        for size in (1460, 999):
            _clamped(c, c.backend(flags=flags, options=[("MSS", size)]), _lowered([("MSS", size)]))


@vector("RFC 9293 3.2: the option lies anywhere", services=SERVICE)
def any_place(c):
    """At even and odd places: behind others, before them, after padding."""
    _each(c, [("NOP", None), ("MSS", 1460), ("NOP", None), ("WScale", 7), ("NOP", None)],
          [("WScale", 7), ("MSS", 1460), ("NOP", None)],
          [("NOP", None), ("NOP", None), ("MSS", 1460), ("SAckOK", b"")],
          [("Timestamp", (0x01020304, 0)), ("NOP", None), ("NOP", None), ("MSS", 9000)],
          [("SAckOK", b""), ("Timestamp", (1, 2)), ("WScale", 3), ("MSS", 65495), ("NOP", None)])


@vector("RFC 1624: a checksum that was wrong stays wrong by as much", services=SERVICE)
def wrong_checksum(c):
    """At an odd place as well."""
    for options in ([("MSS", 1460)], [("NOP", None), ("MSS", 1460), ("NOP", None), ("NOP", None), ("NOP", None)]):
        _clamped(c, c.client(flags="S", options=options, wrong=0x1234), _lowered(options))


@vector("RFC 9293 3.7.1: a SYN without the option is left so", services=SERVICE)
def without(c):
    """Nothing is put in."""
    c.passes(c.client(flags="S"), c.client(flags="S", options=[("NOP", None), ("WScale", 7)]))


@vector("RFC 9293 3.7.1: only a SYN tells it", services=SERVICE)
def no_syn(c):
    """In other segments the bytes mean nothing to us."""
    c.establish()
    options = [("MSS", 1460)]
    c.passes(c.client(options=options), c.backend(options=options), c.client(flags="FA", options=options))


@vector("RFC 9293 3.2: behind the end of the list there is nothing", services=SERVICE)
def behind_the_end(c):
    """Padding that looks like the option."""
    def put(frame):
        at = len(frame) - 8
        frame[at:] = b"\0\x02\x04\x05\xb4\0\0\0"
    c.passes(c.client(flags="S", options=[("NOP", None)] * 8, change=_with_sum(put)))


@vector("RFC 9293 3.2: an option of another length is none", services=SERVICE)
def malformed(c):
    """What comes behind it is not looked at where its length is none; an option cut at the end."""
    for octets in (b"\x02\x03\x05\xb4\0\0\0\0", b"\x02\x06\x05\xb4\x05\xb4\0\0", b"\x03\0\x02\x04\x05\xb4\0\0",
                   b"\x03\x01\x02\x04\x05\xb4\0\0", b"\x01\x01\x01\x01\x01\x02\x04\x05", b"\x01\x01\x01\x01\x01\x01\x01\x02",
                   b"\x08\x0a\x02\x04\x05\xb4\0\0"):
        def put(frame, octets=octets):
            frame[len(frame) - 8:] = octets
        c.passes(c.client(flags="S", options=[("NOP", None)] * 8, change=_with_sum(put)))


@vector("mss_clamp is a service's own: others are left alone")
def others(c):
    """Of services without it."""
    c.passes(c.client(flags="S", options=[("MSS", 1460)]), c.backend(flags="SA", options=[("MSS", 9000)]))
