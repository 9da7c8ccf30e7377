# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors

"""IP packets as bytes, thousands a second, with every sum right; taken apart, and put together from fragments.

An end is (address, port). number, unlike for each packet, is the IPv4 identification or the
IPv6 flow label: no translation changes it.
"""

import collections
import functools
import socket
import struct

from .addressing import family_of

TCP, UDP, ICMP, FRAGMENT, ICMPV6 = 6, 17, 1, 44, 58
FIN, SYN, RST, PSH, ACK, URG, ECE, CWR = (1 << bit for bit in range(8))
DONT_FRAGMENT, MORE = 0x4000, 0x2000

Route = collections.namedtuple("Route", "source destination")  # ends
Route.__doc__ = "From which end to which; back() is the other way round."
Route.back = lambda self: Route(self.destination, self.source)

# What translation leaves alone in an IP header.
Header = collections.namedtuple("Header", "number ttl tos flags options", defaults=(64, 0, DONT_FRAGMENT, b""))


def checksum(data):
    """The Internet checksum (RFC 1071)."""
    words = data if len(data) % 2 == 0 else data + b"\0"
    value = int.from_bytes(words, "big")
    return 0xffff - (value % 0xffff or (0xffff if value else 0))


@functools.lru_cache(4096)
def packed(address):
    """The bytes of an address."""
    return socket.inet_pton(socket.AF_INET6 if ":" in address else socket.AF_INET, address)


def pseudo_header(source, destination, protocol, length):
    """What transport checksums cover beside the segment, of either family."""
    return packed(source) + packed(destination) + struct.pack(">II", length, protocol)


def ip(source, destination, protocol, body, header):
    """An IP packet around a body. Options of IPv6: (the protocol of the first header, headers)."""
    if family_of(source) == 6:
        first, chain = header.options or (protocol, b"")
        return struct.pack(">IHBB", 6 << 28 | header.tos << 20 | header.number, len(chain) + len(body), first,
                           header.ttl) + packed(source) + packed(destination) + chain + body
    size = 20 + len(header.options)
    start = struct.pack(">BBHHHBBH", 0x40 | size // 4, header.tos, size + len(body), header.number,
                        header.flags, header.ttl, protocol, 0)
    whole = start + packed(source) + packed(destination) + header.options
    return whole[:10] + struct.pack(">H", checksum(whole)) + whole[12:] + body


def tcp(route, header, flags, seq=0, ack=0, payload=b"", options=b"", window=8192, urgent=0):
    """A packet with a TCP segment."""
    (source, sport), (destination, dport) = route
    segment = struct.pack(">HHIIBBHHH", sport, dport, seq & 0xffffffff, ack & 0xffffffff,
                          (20 + len(options)) // 4 << 4, flags, window, 0, urgent) + options + payload
    total = checksum(pseudo_header(source, destination, TCP, len(segment)) + segment)
    return ip(source, destination, TCP, segment[:16] + struct.pack(">H", total) + segment[18:], header)


def udp_datagram(route, payload, unsummed=False):
    """A UDP header and its payload."""
    (source, sport), (destination, dport) = route
    datagram = struct.pack(">HHHH", sport, dport, 8 + len(payload), 0) + payload
    total = checksum(pseudo_header(source, destination, UDP, len(datagram)) + datagram) or 0xffff
    return datagram[:6] + struct.pack(">H", 0 if unsummed else total) + datagram[8:]


def udp(route, header, payload=b"", unsummed=False):
    """A packet with a UDP datagram."""
    return ip(route.source[0], route.destination[0], UDP, udp_datagram(route, payload, unsummed), header)


def icmp(source, destination, header, kind, code, word, body):
    """A packet with an ICMP message: four bytes after its sum, then the body."""
    is_ipv6 = family_of(source) == 6
    message = struct.pack(">BBH", kind, code, 0) + word + body
    covered = pseudo_header(source, destination, ICMPV6, len(message)) if is_ipv6 else b""
    message = message[:2] + struct.pack(">H", checksum(covered + message)) + message[4:]
    return ip(source, destination, ICMPV6 if is_ipv6 else ICMP, message, header)


def fragments(packet, size, number):
    """The packet in fragments of so many bytes of payload each; number tells IPv6 fragments what they are of."""
    is_ipv6 = packet[0] >> 4 == 6
    start = 40 if is_ipv6 else (packet[0] & 15) * 4
    body, pieces = packet[start:], []
    for at in range(0, len(body), size):
        piece, more = body[at:at + size], at + size < len(body)
        if is_ipv6:
            extension = struct.pack(">BBHI", packet[6], 0, at | more, number)
            head = packet[:4] + struct.pack(">HB", 8 + len(piece), FRAGMENT) + packet[7:40] + extension
        else:
            head = packet[:2] + struct.pack(">HHH", start + len(piece), number, (MORE if more else 0) | at // 8) + \
                packet[8:10] + b"\0\0" + packet[12:start]
            head = head[:10] + struct.pack(">H", checksum(head)) + head[12:]
        pieces.append(head + piece)
    return pieces


def number_of(packet):
    """What was given to it as its number."""
    if packet[0] >> 4 == 6:
        return int.from_bytes(packet[1:4], "big") & 0xfffff
    return int.from_bytes(packet[4:6], "big")


def is_fragment(packet):
    """Is it part of a datagram?"""
    if packet[0] >> 4 == 6:
        return packet[6] == FRAGMENT
    return int.from_bytes(packet[6:8], "big") & 0x3fff != 0


def datagram_of(fragment):
    """What fragments of one datagram have in common: addresses, protocol (IPv4), identification."""
    if fragment[0] >> 4 == 6:
        return fragment[8:40] + fragment[44:48]
    return fragment[4:6] + fragment[9:10] + fragment[12:20]


def payload_number(packet):
    """What a UDP datagram begins with, without options or extension headers."""
    at = (40 if packet[0] >> 4 == 6 else 20) + 8
    return int.from_bytes(packet[at:at + 4], "big")


def without_identification(packet):
    """An IPv4 packet without that, and the header's sum, which depends on it."""
    return packet[:4] + packet[6:10] + packet[12:]


def trim(frame):
    """The IP packet of an Ethernet frame without its padding; empty when it holds none."""
    kind = frame[12:14]
    if kind == b"\x08\x00":
        return frame[14:14 + int.from_bytes(frame[16:18], "big")]
    return frame[14:54 + int.from_bytes(frame[18:20], "big")] if kind == b"\x86\xdd" else b""


def reassemble(pieces):
    """The packet that fragments make, in whatever order; None while some are missing."""
    is_ipv6 = pieces[0][0] >> 4 == 6
    start = 48 if is_ipv6 else (pieces[0][0] & 15) * 4
    by_place, whole, end = {}, b"", None
    for piece in pieces:
        field = int.from_bytes(piece[42:44] if is_ipv6 else piece[6:8], "big")
        at = field & 0xfff8 if is_ipv6 else (field & 0x1fff) * 8
        by_place[at] = piece
        if not field & (1 if is_ipv6 else MORE):
            end = at + len(piece) - start
    while len(whole) in by_place and by_place[len(whole)][start:]:
        whole += by_place[len(whole)][start:]
    if end is None or len(whole) != end:
        return None
    first = by_place[0]
    if is_ipv6:
        return first[:4] + struct.pack(">HB", end, first[40]) + first[7:40] + whole
    head = first[:2] + struct.pack(">HHH", start + end, int.from_bytes(first[4:6], "big"), 0) + first[8:10] + \
        b"\0\0" + first[12:start]
    return head[:10] + struct.pack(">H", checksum(head)) + head[12:] + whole


def whole(frames):
    """The packets of frames: those in pieces put together, None in place of one that lacks some; in their order."""
    packets, pieces = [], {}
    for packet in map(trim, frames):
        if not is_fragment(packet):
            packets.append(packet)
            continue
        pieces.setdefault(datagram_of(packet), []).append(packet)
    return packets + [reassemble(some) for some in pieces.values()]
