# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors

"""What tshark says of the checksums in captures: of every frame, every header's, those inside ICMP errors too."""

import collections
import shutil
import subprocess

LAYERS = "ip", "tcp", "udp", "icmp", "icmpv6"
BAD, GOOD, UNVERIFIED = "0", "1", "2"  # "3": a UDP datagram that has none
PREFERENCES = "ip.check_checksum:TRUE", "tcp.check_checksum:TRUE", "udp.check_checksum:TRUE", \
    "ip.defragment:FALSE", "ipv6.defragment:FALSE", "tcp.desegment_tcp_streams:FALSE"
LENGTHS = "ip.len", "ipv6.plen"
EMPTY = 24  # bytes of a capture without frames


class Tally:
    """Counts by (layer, status), of one story or of all."""

    def __init__(self):
        self.frames = 0
        self.by_status = collections.Counter()
        self.unverified = collections.Counter()  # by (layer, capture)
        self.bad = []                            # sentences
        self.has_tshark = shutil.which("tshark") is not None

    def add(self, other):
        """Takes in what another counted."""
        self.frames += other.frames
        self.by_status += other.by_status
        self.unverified += other.unverified
        self.bad += other.bad

    def read(self, capture, story):
        """Every frame of a capture file."""
        names = *(f"{layer}.checksum.status" for layer in LAYERS), *LENGTHS
        fields = [word for name in names for word in ("-e", name)]
        done = subprocess.run(["tshark", "-n", "-r", capture, "-T", "fields", "-E", "separator=;",
                               *(word for one in PREFERENCES for word in ("-o", one)), *fields],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False,
                              stdin=subprocess.DEVNULL)
        if done.returncode != 0:
            self.bad.append(f"tshark cannot read {capture.name}: {done.stderr.strip().splitlines()[-1:]}")
        for line in done.stdout.splitlines():
            self.frames += 1
            columns = [column.split(",") if column else [] for column in line.split(";")]
            in_part = quotes_in_part(*columns[len(LAYERS):])
            for layer, statuses in zip(LAYERS, columns):
                for status in statuses:
                    # Of what is not all there tshark says "Bad" where it is TCP.
                    unverified = in_part and layer in ("tcp", "udp")
                    self._count(layer, UNVERIFIED if unverified else status, story, capture)

    def _count(self, layer, status, story, capture):
        self.by_status[layer, status] += 1
        if status == UNVERIFIED:
            self.unverified[layer, f"{story}/{capture.stem}"] += 1
        elif status == BAD:
            self.bad.append(f"{capture.name}: frame {self.frames} has a wrong {layer} checksum")

    def __str__(self):
        good = ", ".join(f"{layer} {self.by_status[layer, GOOD]:,}" for layer in LAYERS
                         if self.by_status[layer, GOOD])
        unverified = ", ".join(f"{count} of {layer} in {where}" for (layer, where), count in self.unverified.items())
        return f"{self.frames:,} captured frames: {len(self.bad)} Bad; Good: {good or 'none'}; " + \
            f"Unverified: {unverified or 'none'}"


def quotes_in_part(ipv4_lengths, ipv6_lengths):
    """Does an ICMP error hold less than the whole of the packet it is about? Lengths: of outer and inner packet."""
    lengths = [int(length) for length in ipv4_lengths] or [int(length) + 40 for length in ipv6_lengths]
    return len(lengths) > 1 and lengths[1] > lengths[0] - (28 if ipv4_lengths else 48)


def judge(story, folder):
    """The checksums in all captures of a folder. Nothing where there is no tshark."""
    tally = Tally()
    if tally.has_tshark:
        for capture in sorted(folder.glob("*.pcap")):
            if capture.stat().st_size > EMPTY:
                tally.read(capture, story)
    return tally
