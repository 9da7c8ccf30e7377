# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors
"""The cases of tests/vectors by the real programs: all of them in one run of one process.

    in.pcap ----> one [headrace] one ----> out.pcap

One port is both sides: so packets of clients and backends come in the order they are written in.
"""

from collections import Counter
from itertools import zip_longest

from lab import Headrace, Namespace, check, check_law, wait_for
from lab.captures import read_pcap
from lab.vectors import HOSTS, read_cases, scene, with_mac, without_identification, write_pcap

# A burst has 32 packets at most, and orders them as it likes: two of one case are further apart.
APART = 64
# Between them, where too few are left: of a connection that nobody has a record of.
FILLER = bytes.fromhex("0200000000a00200000000c10800" "450000280000000040061481cb007107c6336414"
                       "9c3fffff000000000000000050100000ad450000")


def in_rounds(cases):
    """The first packets of all cases, then the second ones, ..."""
    frames, fillers = [], 0
    for steps in zip_longest(*(case.steps for case in cases)):
        of_round = [step.frame for step in steps if step]
        missing = max(0, APART - len(of_round))
        frames += of_round + [FILLER] * missing
        fillers += missing
    return frames, fillers


def config(files):
    """The scene with one port."""
    settings = scene()
    settings["dataplane"]["ports"] = [{"name": "one", "device": f"pcap:{files['in']},{files['out']}"}]
    for hop in settings["dataplane"]["next_hops"]:
        hop["port"] = "one"
    return settings


def is_of_linux(frame):
    """What the kernel says by itself, having got an interface of IPv6: from a link-local address, or none."""
    return frame[12:14] == b"\x86\xdd" and frame[22:24] in (b"\xfe\x80", b"\0\0")


def verdicts_of(case):
    """How many packets get which verdict at last: those that were held, that of the one they go with."""
    verdicts = Counter()
    for step in case.steps:
        verdicts[step.verdict] += max(1, len(step.outs))
    held = verdicts.pop("held", 0)
    check(verdicts.total() == len(case.steps), f"{case.name}: {held} packets are held, and do not all go")
    return verdicts


def check_verdicts(verdicts, cases, fillers):
    """As many of each as the cases say."""
    expected = sum(map(verdicts_of, cases), Counter({"no-flow": fillers}))
    found = Counter({name: count for name, count in verdicts.items() if count})
    check(found == expected, f"verdicts beyond what the cases say: {dict(found - expected)}, "
                             f"missing: {dict(expected - found)}")


def check_frames(came, cases, mac):
    """What came out is what all cases say together."""
    outs = [(case.name, without_identification(with_mac(out, mac)))
            for case in cases for step in case.steps for out in step.outs]
    owners, expected = {out: name for name, out in outs}, Counter(out for _, out in outs)
    missing, more = expected - came, came - expected
    check(not missing and not more,
          f"did not come out, of: {sorted({owners[frame] for frame in missing})[:9]}; came instead: "
          f"{[frame.hex() for frame in list(more)[:3]]}")


def story_process(lab):
    """Every case that needs no clock."""
    cases = read_cases()
    frames, fillers = in_rounds(cases)
    check(len(cases) > 700, f"{len(cases)} cases are for the process")
    files = {name: lab.directory / f"{name}.pcap" for name in ("in", "out")}
    write_pcap(files["in"], frames)

    balancer = Namespace(lab, "balancer", (4, 6))
    balancer.ip(*(f"addr add {address} dev lo" for address in HOSTS))
    headrace = Headrace(lab, balancer, config(files))
    headrace.start_on_tables(backends_up=6)
    wait_for(lambda: headrace.status()["accounts"]["received"] == len(frames), "the file to be read")
    verdicts = check_law(headrace)
    mac = bytes.fromhex(headrace.status()["dataplane"]["ports"][0]["mac"].replace(":", ""))
    check(headrace.stop() == (0, 0), "a clean stop did not end with 0")

    check_verdicts(verdicts, cases, fillers)
    came = [without_identification(frame) for _, frame in read_pcap(files["out"])]
    check_frames(Counter(frame for frame in came if not is_of_linux(frame)), cases, mac)
