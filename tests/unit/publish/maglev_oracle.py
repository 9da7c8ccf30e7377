#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors
"""Recomputes rings from their definition and compares them with maglev_dump's.

Written from the description in maglev.h, slowly and plainly: turns in order of
k/weight as exact fractions, inverses by pow(). usage: maglev_oracle.py MAGLEV_DUMP
"""
import heapq
import ipaddress
import subprocess
import sys
from fractions import Fraction

KEY_OF_ORDER = (0xB7E151628AED2A6A, 0xBF7158809CF4F3C7)
KEY_OF_SHIFT = (0x62E7160F38B4DA56, 0xA784D9045190CFEF)
MASK = (1 << 64) - 1


def rotate(value, bits):
    return ((value << bits) | (value >> (64 - bits))) & MASK


def sip_rounds(v, count):
    for _ in range(count):
        v[0] = (v[0] + v[1]) & MASK
        v[1] = rotate(v[1], 13) ^ v[0]
        v[0] = rotate(v[0], 32)
        v[2] = (v[2] + v[3]) & MASK
        v[3] = rotate(v[3], 16) ^ v[2]
        v[0] = (v[0] + v[3]) & MASK
        v[3] = rotate(v[3], 21) ^ v[0]
        v[2] = (v[2] + v[1]) & MASK
        v[1] = rotate(v[1], 17) ^ v[2]
        v[2] = rotate(v[2], 32)


def siphash(key, message):
    v = [key[0] ^ 0x736F6D6570736575, key[1] ^ 0x646F72616E646F6D,
         key[0] ^ 0x6C7967656E657261, key[1] ^ 0x7465646279746573]
    padded = message + bytes(-(len(message) + 1) % 8) + bytes([len(message) & 255])
    for at in range(0, len(padded), 8):
        word = int.from_bytes(padded[at:at + 8], "little")
        v[3] ^= word
        sip_rounds(v, 2)
        v[0] ^= word
    v[2] ^= 0xFF
    sip_rounds(v, 4)
    return v[0] ^ v[1] ^ v[2] ^ v[3]


def preferences(order, shift, size):
    """The slots in a backend's order of preference."""
    at = order % size
    step = (shift >> 32) % (size - 1) + 1
    begin = (shift & 0xFFFFFFFF) % size
    while True:
        yield (begin + (pow(at, -1, size) if at else 0)) % size
        at = (at + step) % size


def build(size, backends):
    turns = []
    for value, (address, port, weight) in enumerate(backends):
        whole = b"\0" * 10 + b"\xff\xff" + ipaddress.IPv4Address(address).packed
        message = whole + port.to_bytes(2, "big")
        order, shift = siphash(KEY_OF_ORDER, message), siphash(KEY_OF_SHIFT, message)
        turns.append((Fraction(0), order, value, 0, weight))
        backends[value] = preferences(order, shift, size)
    heapq.heapify(turns)
    ring = [None] * size
    for _ in range(size):
        _, order, value, taken, weight = heapq.heappop(turns)
        slot = next(slot for slot in backends[value] if ring[slot] is None)
        ring[slot] = value
        heapq.heappush(turns, (Fraction(taken + 1, weight), order, value, taken + 1, weight))
    return ring


def cases():
    for size in (7, 13, 101):
        for count in (1, 2, 3, 7):
            yield size, [(f"10.0.0.{n}", 80, 1) for n in range(1, count + 1)]
            yield size, [("10.0.0.1", 8000 + n, 1 + n * n) for n in range(count)]
    yield 65537, [("10.0.0.11", 8080, 1), ("10.0.0.12", 8080, 2), ("10.0.0.13", 8080, 7)]


def main():
    for size, backends in cases():
        words = [str(word) for backend in backends for word in backend]
        dump = subprocess.run([sys.argv[1], str(size)] + words, check=True,
                              capture_output=True, text=True)
        ours = [int(line) for line in dump.stdout.split()]
        expected = build(size, list(backends))
        if ours != expected:
            first = next(i for i in range(size) if ours[i] != expected[i])
            sys.exit(f"size {size}, backends {backends}: slot {first} is {ours[first]}, "
                     f"expected {expected[first]}")
        print(f"size {size}, {len(backends)} backends: same")


if __name__ == "__main__":
    main()
