# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors

"""Checksums in frames without a tag: where they are, and what makes them come to something."""

import struct

ETHERNET = 14


def transport_checksum_at(frame):
    """Where TCP's or UDP's is, behind options and extension headers."""
    protocol, at = frame[ETHERNET + 9], ETHERNET + (frame[ETHERNET] & 15) * 4
    if frame[ETHERNET] >> 4 == 6:
        protocol, at = frame[ETHERNET + 6], ETHERNET + 40
        while protocol not in (6, 17):
            size = 8 if protocol == 44 else 8 + 8 * frame[at + 1]
            protocol, at = frame[at], at + size
    return at + (16 if protocol == 6 else 6)


def get(frame, at):
    """The word there."""
    return struct.unpack_from("!H", frame, at)[0]


def put(frame, at, value):
    """Writes it."""
    struct.pack_into("!H", frame, at, value)


def word_for(checksum, target):
    """The word that, where there was 0, turns this checksum into the target."""
    return (checksum - target) % 0xffff
