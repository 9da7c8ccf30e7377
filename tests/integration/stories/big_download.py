# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors
"""One gigabyte by curl through each forwarding mode, and eight downloads at once: the same bytes?

    client ---- wan [headrace] lan ---- switch ---- b1 b2 b3     dnat, full-nat
    client, b1 b2 b3 ---- switch ---- lan [headrace]             full-nat on one port
"""

import time

from lab import Capture, check, check_law, one_arm, serve_http, two_arms
from lab.clients import digest, start_download
from lab.servers import make_file, sha256

MEGABYTES = 1024
FEWER = MEGABYTES // 16  # over IPv6: its headers differ, not what is carried
AT_ONCE = 8
FIRST = 20000  # frames at most that are captured each way, for their checksums


def capture_both_ways(world):
    """What Headrace sends, the first of it: to the client, and into the switch."""
    return [Capture(world.client, "eth0", "tcp and src port 80", "to-client", FIRST),
            Capture(world.switch, f"{world.wires.name}-lan", "tcp and dst port 8080 and not src host "
                    f"{world.lan_address}", "to-backends", FIRST)]


def download(lab, world, forwarding, megabytes=MEGABYTES, captured=False):
    """Compares SHA-256 at both ends."""
    files = lab.directory / "files"
    files.mkdir()
    whole = sha256(make_file(files / "whole", megabytes))
    part = sha256(make_file(files / "part", megabytes // AT_ONCE))
    serve_http(world.backends, root=files)
    headrace = world.headrace(world.service("web", forwarding))
    headrace.start()
    captures = capture_both_ways(world) if captured else []

    began = time.monotonic()
    check(digest(start_download(world.client, f"{world.url}whole")) == whole,
          "other bytes came than were sent")
    middle = time.monotonic()
    for one in [start_download(world.client, f"{world.url}part") for _ in range(AT_ONCE)]:
        check(digest(one) == part, f"{one.name} of {AT_ONCE} at once got other bytes")
    end = time.monotonic()
    check_law(headrace)
    for capture in captures:
        check(capture.stop(), f"{capture.process.name}: no frames")
    bits = megabytes * 8 * 1.048576
    lab.notes.append(f"{megabytes} MB at {bits / (middle - began):.0f} Mbit/s, "
                     f"{AT_ONCE} at once at {bits / (end - middle):.0f} Mbit/s")


def story_dnat(lab):
    """Two ports, dnat."""
    download(lab, two_arms(lab), "dnat")


def story_full_nat(lab):
    """Two ports, full-nat."""
    download(lab, two_arms(lab), "full-nat", captured=True)


def story_one_arm(lab):
    """One port, full-nat."""
    download(lab, one_arm(lab), "full-nat")


def story_dnat_ipv6(lab):
    """Two ports, dnat, over IPv6: less of it."""
    download(lab, two_arms(lab, family=6), "dnat", FEWER, captured=True)


def story_full_nat_ipv6(lab):
    """Two ports, full-nat, over IPv6."""
    download(lab, two_arms(lab, family=6), "full-nat", FEWER)


def story_one_arm_ipv6(lab):
    """One port, full-nat, over IPv6."""
    download(lab, one_arm(lab, family=6), "full-nat", FEWER)
