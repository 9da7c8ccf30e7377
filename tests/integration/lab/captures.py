# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors

"""Captures: tcpdump in a namespace, read back without any help from what is tested."""

import re
import signal
import socket
import struct

from .addressing import end
from .waiting import wait_for

# Filters for packets of either family: libpcap's tcp[...] reads IPv4 only. Of IPv6 what has no
# extension headers, as no kernel here sends them.
IPV6_FLAGS = "ip6 and ip6[6] = 6 and ip6[53]"
RESETS = f"(tcp[tcpflags] & tcp-rst != 0 or ({IPV6_FLAGS} & 4 != 0))"
FIRST_SYNS = f"(tcp[tcpflags] & (tcp-syn|tcp-ack) == tcp-syn or ({IPV6_FLAGS} & 0x12 = 2))"
ICMP_ERRORS = "(icmp or (ip6[6] = 58 and ip6[40] < 128))"  # of IPv4 all there is: nobody pings
COUNTS = re.compile(r"(\d+) packets? captured[,\s]+(\d+) packets? received by filter[,\s]+(\d+) packets? dropped by kernel")
OF_LINUX = "(ip[8] = 64 or ip6[7] = 64)"  # on its first hop, sent and not forwarded


class Capture:
    """Packets of one interface that match a filter, from now until stop(), or the first so many.

    Kept as a .pcap among the lab's logs, and so with those of a failed test. Frames are whole:
    at a story's end the checksums in them are looked at (lab/checksums.py).
    """

    def __init__(self, namespace, interface, expression, name, first=None):
        self.file = namespace.lab.logs / f"{name}.pcap"
        self.first = first
        # The first so many of a flood are handed over, and written, in blocks; others each at once.
        how = ["-c", first] if first else ["--immediate-mode", "-U"]
        self.process = namespace.spawn(f"tcpdump-{name}", [
            "tcpdump", "-Z", "root", "-i", interface, "-n", "-p", "-s", "0", "-B", "32768",
            *how, "-w", self.file, expression])
        wait_for(lambda: "listening on" in self.process.errors(), f"tcpdump on {name} to listen")
        self._others = self._unread()

    def _told(self):
        """What it has said of its counts, each time: (captured, received, dropped)."""
        return [tuple(map(int, counts)) for counts in COUNTS.findall(self.process.errors())]

    def _unread(self):
        """How many have come and are not captured: those before there was a filter, and those that wait to be read."""
        said = len(self._told())
        self.process.signal(signal.SIGUSR1)
        wait_for(lambda: self.process.ended() or len(self._told()) > said, f"{self.process.name} to tell its counts",
                 every=0.002)
        captured, received, dropped = (self._told() or [(0, 0, 0)])[-1]
        return received - captured - dropped

    def stop(self):
        """Ends it and returns the frames that came until now; raises when the kernel dropped any before there were enough."""
        # Told to end, tcpdump leaves what it has not read.
        wait_for(lambda: self.process.ended() or self._unread() <= self._others,
                 f"{self.process.name} to write what has come")
        self.process.stop()
        told = self._told()
        captured, _, dropped = told[-1] if told else (0, 0, 1)
        # Of a flood that goes on when enough is captured the kernel drops what nobody reads.
        if dropped > 0 and captured != self.first:
            raise RuntimeError(f"{self.process.name} missed packets: {self.process.tail()}")
        return [frame for _, frame in read_pcap(self.file)]


def read_pcap(path):
    """Yields (time, bytes) of each packet in a capture file."""
    data = path.read_bytes()
    order = "<" if data[2:4] == b"\xb2\xa1" else ">"
    fraction = 1e9 if b"\x4d" in data[:4] else 1e6  # the magic number tells
    offset = 24
    while offset + 16 <= len(data):
        seconds, parts, length, _ = struct.unpack_from(order + "IIII", data, offset)
        yield seconds + parts / fraction, data[offset + 16:offset + 16 + length]
        offset += 16 + length


def write_pcap(path, frames):
    """Writes frames as a capture, a microsecond apart."""
    with open(path, "wb") as file:
        file.write(struct.pack("<IHHIIII", 0xa1b2c3d4, 2, 4, 0, 0, 1 << 18, 1))
        for number, frame in enumerate(frames):
            file.write(struct.pack("<IIII", *divmod(number, 1000000), len(frame), len(frame)) + frame)


def source_of(frame):
    """Who sent a frame of IP."""
    if frame[12:14] == b"\x08\x00":
        return socket.inet_ntop(socket.AF_INET, frame[26:30])
    return socket.inet_ntop(socket.AF_INET6, frame[22:38])


def skip_extensions(frame):
    """(protocol, where it begins) behind the extension headers of a frame of IPv6."""
    protocol, at = frame[20], 54
    while protocol in (0, 43, 44, 60) and len(frame) >= at + 8:
        size = 8 if protocol == 44 else (frame[at + 1] + 1) * 8
        protocol, at = frame[at], at + size
    return protocol, at


def describe(frame):
    """A frame in a few words, for a failure message."""
    if len(frame) >= 34 and frame[12:14] == b"\x08\x00":
        addresses = [socket.inet_ntop(socket.AF_INET, frame[at:at + 4]) for at in (26, 30)]
        protocol, header = frame[23], 14 + (frame[14] & 15) * 4
    elif len(frame) >= 54 and frame[12:14] == b"\x86\xdd":
        addresses = [socket.inet_ntop(socket.AF_INET6, frame[at:at + 16]) for at in (22, 38)]
        protocol, header = skip_extensions(frame)
    else:
        return frame[:20].hex()
    if protocol in (6, 17) and len(frame) >= header + 14:
        ports = struct.unpack_from(">HH", frame, header)
        flags = f" flags {frame[header + 13]:#04x}" if protocol == 6 else ""
        return " > ".join(map(end, addresses, ports)) + flags
    return f"{' > '.join(addresses)} protocol {protocol}"
