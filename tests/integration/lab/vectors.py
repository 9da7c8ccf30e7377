# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors

"""The cases of tests/vectors, read from their files for the real programs."""

import json
import struct
from collections import namedtuple
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent.parent / "vectors"
PORT_MACS = {bytes.fromhex("0200000000" + last) for last in ("a0", "a1")}  # wan's and lan's
HOSTS = ["10.0.1.254/32", "2001:db8:1::254/128"]  # the balancer's own addresses

Case = namedtuple("Case", "name steps")
Step = namedtuple("Step", "frame verdict outs")


def scene():
    """The configuration that the cases are about, of ports wan and lan."""
    return json.loads((HERE / "scene.json").read_text("utf-8"))


def _read_case(name, lines):
    """A case; None: it is not for the process, or pending."""
    steps, runs = [], True
    for word, _, rest in (line.partition(" ") for line in lines):
        if word == "pending" or (word == "run" and "process" not in rest.split()):
            runs = False
        elif word == "in":
            steps.append(Step(bytes.fromhex(rest[3:]), None, []))
        elif word == "verdict":
            steps[-1] = steps[-1]._replace(verdict=rest)
        elif word == "out":
            steps[-1].outs.append(bytes.fromhex(rest[3:]))
    return Case(name, steps) if runs else None


def read_cases():
    """Those that the process can run, of all files."""
    cases = []
    for path in sorted(HERE.glob("*.vectors")):
        lines = [line for line in path.read_text("utf-8").splitlines() if line and line[0] != "#"]
        starts = [at for at, line in enumerate(lines) if line.startswith("case ")] + [len(lines)]
        for start, end in zip(starts, starts[1:]):
            cases.append(_read_case(f"{path.stem}: {lines[start][5:]}", lines[start + 1:end]))
    return [case for case in cases if case]


def with_mac(frame, mac):
    """As a port with this MAC address sends it."""
    return frame[:6] + mac + frame[12:] if frame[6:12] in PORT_MACS else frame


def without_identification(frame):
    """A fragment without its identification, which is drawn and cannot be known; others as they are."""
    kind, bits, next_header, extension = frame[12:14], frame[20:22], frame[20:21], frame[56:58]
    if kind == b"\x08\x00" and int.from_bytes(bits, "big") & 0x3fff:
        total = (~int.from_bytes(frame[24:26], "big") & 0xffff) + (~int.from_bytes(frame[18:20], "big") & 0xffff)
        total = (total & 0xffff) + (total >> 16)
        return frame[:18] + b"\0\0" + frame[20:24] + (~total & 0xffff).to_bytes(2, "big") + frame[26:]
    if kind == b"\x86\xdd" and next_header == b"\x2c" and int.from_bytes(extension, "big") & 0xfff9:
        return frame[:58] + bytes(4) + frame[62:]
    return frame


def write_pcap(path, frames):
    """A capture file of Ethernet."""
    with open(path, "wb") as file:
        file.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))
        for frame in frames:
            file.write(struct.pack("<IIII", 0, 0, len(frame), len(frame)) + frame)
