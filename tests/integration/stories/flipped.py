# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors
"""200,000 frames with bits flipped through the real programs: the packets of tests/vectors, spoilt.

    in.pcap ----> one [headrace] one ----> out.pcap
"""

import random

from lab import Headrace, Namespace, check, check_law, wait_for
from lab.vectors import HOSTS, read_cases, write_pcap
from lab.waiting import pass_time
from stories.vectors import config

FRAMES = 200_000
FLIPS = 8  # of a frame, at most
HEADERS = 90  # bytes, about


def mend(frame):
    """The right sum into an IPv4 header without tags before it, that more of what was flipped is looked at."""
    end = 14 + (frame[14] & 15) * 4 if len(frame) > 34 else 0
    if frame[12:14] != b"\x08\x00" or not 34 <= end <= len(frame):
        return
    frame[24:26] = bytes(2)
    total = sum(int.from_bytes(frame[at:at + 2], "big") for at in range(14, end, 2))
    total = (total & 0xffff) + (total >> 16)
    frame[24:26] = (~((total & 0xffff) + (total >> 16)) & 0xffff).to_bytes(2, "big")


def flipped(frame, draw):
    """With one bit or a few more flipped, half of them in the headers."""
    frame = bytearray(frame)
    for _ in range(draw.choice((1, 1 + draw.randrange(FLIPS)))):
        reach = min(len(frame), HEADERS) if draw.randrange(2) else len(frame)
        frame[draw.randrange(reach)] ^= 1 << draw.randrange(8)
    if draw.randrange(2):
        mend(frame)
    return bytes(frame)


def check_buffers(headrace):
    """Not one was lost: all are given back when no fragment waits any more."""
    pass_time(1.2, alive=[headrace.dataplane])  # it counts them each second
    wait_for(lambda: headrace.get("/v1/ports")["ports"][0]["buffers_used_percent"] == 0, "all buffers to be given back")


def story_process(lab):
    """It lives, goes on forwarding what is still good, and no packet is lost count of."""
    draw = random.Random(1)
    frames = [step.frame for case in read_cases() for step in case.steps if step.frame]
    files = {name: lab.directory / f"{name}.pcap" for name in ("in", "out")}
    write_pcap(files["in"], (flipped(draw.choice(frames), draw) for _ in range(FRAMES)))

    balancer = Namespace(lab, "balancer", (4, 6))
    balancer.ip(*(f"addr add {address} dev lo" for address in HOSTS))
    headrace = Headrace(lab, balancer, config(files))
    headrace.start_on_tables(backends_up=6)
    wait_for(lambda: headrace.status()["accounts"]["received"] == FRAMES, "the file to be read", 60)
    verdicts = check_law(headrace)
    check_buffers(headrace)
    for name in ("to-backend", "to-client", "to-linux", "bad-ip-header", "bad-length", "icmp-error", "fragment-tiny"):
        check(verdicts[name] > 100, f"only {verdicts[name]} packets are {name}: {verdicts}")
    check(headrace.stop() == (0, 0), "a clean stop did not end with 0")
