# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors

"""Lengths that lie, and headers that are none: dropped by name, or nobody's."""

from cases import vector
from sums import put

UDP_AT = {4: 34, 6: 54}
IP_LENGTH_AT = {4: 16, 6: 18}


def _fix(frame):
    """The IPv4 header's sum, computed anew."""
    if frame[12:14] != b"\x08\x00":
        return
    size = (frame[14] & 15) * 4
    put(frame, 24, 0)
    total = sum(int.from_bytes(frame[at:at + 2], "big") for at in range(14, 14 + size, 2))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    put(frame, 24, 0xffff - total)


def _with(*bytes_at):
    """Writes bytes at their places, and mends the header's sum."""
    def spoil(frame):
        for at, text in bytes_at:
            frame[at:at + len(text)] = text
        _fix(frame)
    return spoil


def _ip_length(c, length):
    """Both families count differently: here it is what lies behind the IP header."""
    return _with((IP_LENGTH_AT[c.family], (length + (20 if c.family == 4 else 0)).to_bytes(2, "big")))


def _refused(c, verdict, **how):
    """As a flow's first packet, in the middle of one, and of the backend."""
    c.dropped(verdict, c.client(flags="S", **how))
    c.open()
    c.dropped(verdict, c.client(**how), c.backend(**how))
    c.passes(c.client(), c.backend())


@vector("RFC 791 3.1, RFC 8200 3: more bytes are promised than came", protocols=("tcp", "udp"))
def ip_length_too_long(c):
    """By one, and by all there are."""
    payload = len(c.client().comes()) - (34 if c.family == 4 else 54)
    _refused(c, "truncated", spoil=_ip_length(c, payload + 1))
    c.dropped("truncated", c.client(spoil=_ip_length(c, 65515)))


@vector("RFC 9293 3.1: less than a TCP header")
def ip_length_too_short_for_tcp(c):
    """19 bytes, 4 and none."""
    for length in (19, 4, 0):
        c.open()
        c.dropped("bad-length", c.client(spoil=_ip_length(c, length)), c.backend(spoil=_ip_length(c, length)))


@vector("RFC 768: less than a UDP header", protocols=("udp",))
def ip_length_too_short_for_udp(c):
    """7 bytes, 4 and none."""
    for length in (7, 4, 0):
        c.open()
        c.dropped("bad-length", c.client(spoil=_ip_length(c, length)), c.backend(spoil=_ip_length(c, length)))


@vector("RFC 791 3.1: an IPv4 packet is not shorter than its header", families=(4,))
def ip_length_within_header(c):
    """19 bytes, and 0."""
    for length in (19, 0):
        _refused(c, "bad-length", spoil=_with((16, length.to_bytes(2, "big"))))


@vector("RFC 791 3.1: a header of less than 20 bytes is none", families=(4,), steers=False)
def header_too_short(c):
    """Linux counts those."""
    for words in (0, 1, 4):
        c.to_linux(c.client(flags="S", spoil=_with((14, bytes([0x40 | words])))))


@vector("RFC 791 3.1: a header that is longer than the packet", families=(4,), protocols=("udp",))
def header_too_long(c):
    """60 bytes in a packet of 30."""
    c.to_linux(c.client(payload=b"xx", spoil=_with((14, b"\x4f"))))


@vector("RFC 791 3.1, RFC 8200 3: what says another version is neither", steers=False)
def other_version(c):
    """Of each nibble some."""
    for version in {4: (0, 5, 6, 15), 6: (0, 4, 5, 7)}[c.family]:
        c.to_linux(c.client(flags="S", spoil=_with((14, bytes([version << 4 | (5 if c.family == 4 else 0)])))))


def _cut(size):
    def spoil(frame):
        del frame[size:]
    return spoil


@vector("what ends before its ports do is Linux's to count", protocols=("tcp", "udp"), steers=False)
def cut_before_ports(c):
    """Behind the Ethernet header, in the IP header, behind it, and in the ports."""
    header = UDP_AT[c.family]
    for size in (14, 15, header - 1, header, header + 3):
        c.to_linux(c.client(flags="S", spoil=_cut(size)))


@vector("what ends within an Ethernet header", runners=("engine",))
def cut_within_ethernet(c):
    """No driver gives that."""
    for size in (0, 1, 13):
        c.to_linux(c.client(spoil=_cut(size)))


@vector("what ends behind its ports is cut off", protocols=("tcp", "udp"))
def cut_behind_ports(c):
    """Right behind them, and with one byte missing."""
    whole = len(c.client().comes())
    for size in (UDP_AT[c.family] + 4, UDP_AT[c.family] + 19, whole - 1):
        _refused(c, "truncated", payload=b"one packet of many, of odd length.", spoil=_cut(size))


@vector("RFC 9293 3.1: a TCP header has 20 bytes at least")
def data_offset_too_short(c):
    """0, 1 and 4 words."""
    for words in (0, 1, 4):
        _refused(c, "bad-length", spoil=lambda frame, words=words: frame.__setitem__(
            UDP_AT[c.family] + 12, words << 4))


@vector("RFC 9293 3.1: and not more than the packet")
def data_offset_too_long(c):
    """15 words in a packet of 24 bytes; just all of it is allowed."""
    at = UDP_AT[c.family] + 12
    _refused(c, "bad-length", payload=b"1234", spoil=lambda frame: frame.__setitem__(at, 0xf0))
    c.passes(c.client(payload=b"\x01\x01\x01\x00", change=lambda frame: frame.__setitem__(at, 0x60)))


@vector("RFC 768: a datagram's length counts its own header", protocols=("udp",))
def udp_length_too_short(c):
    """7, 1 and 0."""
    for length in (7, 1, 0):
        _refused(c, "bad-length", spoil=_with((UDP_AT[c.family] + 4, length.to_bytes(2, "big"))))


@vector("RFC 768: and not more than the packet has", protocols=("udp",))
def udp_length_too_long(c):
    """By one, and as long as can be."""
    for length in (8 + 34 + 1, 0xffff):
        _refused(c, "bad-length", spoil=_with((UDP_AT[c.family] + 4, length.to_bytes(2, "big"))))


@vector("RFC 894: a short frame's padding does not go on", protocols=("tcp", "udp"))
def padding(c):
    """Of zeroes, and of somebody's memory."""
    c.open()
    c.passes(c.client(payload=b"", padding=bytes(6)), c.backend(payload=b"x", padding=b"\xa5" * 17))
    c.passes(c.client(payload=b"", padding=b"secret" * 20))


@vector("frames of no IP are Linux's", steers=False)
def no_ip(c):
    """ARP, LLDP, an experimental one, and lengths instead of types."""
    for kind in (0x0806, 0x88cc, 0x88b5, 0x0026, 0x0800 if c.family == 6 else 0x86dd):
        c.to_linux(c.client(flags="S", spoil=_with((12, kind.to_bytes(2, "big")))))


@vector("protocols that are not translated are Linux's", steers=False)
def other_protocols(c):
    """IGMP, GRE, ESP, OSPF, SCTP, and UDP-Lite."""
    for protocol in (2, 47, 50, 89, 132, 136):
        c.to_linux(c.client(flags="S", spoil=_with((23 if c.family == 4 else 20, bytes([protocol])))))


@vector("RFC 2675: jumbograms are not for links like ours", families=(6,))
def jumbogram(c):
    """A payload length of 0 with nothing to say why."""
    c.open()
    c.dropped("bad-length", c.client(spoil=_with((18, b"\0\0"))))
