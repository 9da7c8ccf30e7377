# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors

"""keepalived as the other node: each takes over from the other, by every version and way."""

import time
from collections import namedtuple

from lab import Capture, check, wait_for
from lab.processes import run
from lab.vrrp import Keepalived, Node, Site, held
from lab.vrrp_plan import group, instance

Way = namedtuple("Way", "version family interval unicast")  # interval in ms

SOURCES = {4: "192.0.2.{}", 6: "2001:db8:1::{}"}
# keepalived wants the first address of IPv6 to be a link-local one (RFC 9568, 5.2.9).
ADDRESSES = {4: ["192.0.2.100", "192.0.2.101"], 6: ["fe80::100", "2001:db8:1::100"]}
SLACK = 0.3  # s, for the shell script by which keepalived tells


def make_nodes(lab, way):
    """Headrace with priority 150 on the first host, keepalived with 100 on the second."""
    site = Site(lab, families=(4, way.family))
    sources = [SOURCES[way.family].format(number) for number in (1, 2)]
    ours = Node(lab, "n1", site.nodes[0])
    ours.plan(group("main", [instance(51, "eth1", ADDRESSES[way.family], way.interval,
                                      peers=sources if way.unicast else ())],
                    priority=150, version=way.version))
    theirs = Keepalived(lab, "n2", site.nodes[1], {
        "name": "main", "id": 51, "interface": "eth1", "addresses": ADDRESSES[way.family],
        "priority": 100, "interval": way.interval / 1e3, "version": way.version,
        "source": sources[1], "peers": sources[:1] if way.unicast else ()})
    return site, ours, theirs


def check_packets(capture):
    """tshark takes every packet of both for a good one."""
    capture.stop()
    argv = ["tshark", "-r", capture.file, "-o", "ip.check_checksum:TRUE", "-T", "fields", "-e",
            "vrrp.prio", "-Y"]
    every = run(argv + ["vrrp"]).split()
    bad = run(argv[:5] + ["-Y", "_ws.malformed || vrrp.checksum.status == 0 || "
                          "ip.checksum.status == 0 || !vrrp"])
    check(not bad, f"tshark complains: {bad}")
    check({"150", "100", "0"} <= set(every), f"of priorities {set(every)} alone")
    return len(every)


def take_turns(ours, theirs, way, rounds):
    """By death, by a clean stop, by `release`; and each time Headrace preempts. Returns the gaps."""
    gaps = {}
    detection = (3 + 156 / 256) * way.interval / 1e3
    skew = 156 / 256 * (1 if way.version == 2 else way.interval / 1e3)
    for leave, limit in (("kill", detection), ("stop", skew), ("release", skew)) * rounds:
        wait_for(lambda: ours.state() == "active" and theirs.state() == "backup", "ours to serve")
        began = time.monotonic()
        if leave == "kill":
            ours.process.kill()
        elif leave == "stop":
            ours.process.stop()
        else:
            check(ours.tell("release main") == "ok", "it would not")
        gap = theirs.becomes("active") - began
        check(gap < limit + SLACK, f"{leave}: keepalived took {gap:.3f} s, not {limit:.3f}")
        gaps.setdefault(leave, []).append(gap)
        if leave == "release":
            ours.becomes("backup")
            check(ours.tell("take main") == "ok", "it would not")
        else:
            ours.start()
        began = ours.becomes("active")
        gap = theirs.becomes("backup") - began
        check(gap < SLACK, f"keepalived yielded after {gap:.3f} s")
    return gaps


def play(lab, way, rounds=1):
    """One way: keepalived first, then ours comes and goes."""
    site, ours, theirs = make_nodes(lab, way)
    capture = Capture(site.nodes[1], "eth1", "proto 112 or ip6 proto 112", "vrrp")
    theirs.start().becomes("active")
    ours.start()
    gaps = take_turns(ours, theirs, way, rounds)
    address = ADDRESSES[way.family][-1]
    wait_for(lambda: address in held(ours.namespace) and address not in held(theirs.namespace),
             "the address to be on one node")
    counted = ours.report.instance()
    check(not any(counted["faults"].values()), f"of keepalived's packets ours took not all: {counted}")
    check(theirs.ignored() == 0, f"keepalived did not take all of ours: {theirs.process.tail()}")
    # keepalived comes anew, and sees that it is not its turn.
    theirs.stop()
    theirs.start().becomes("backup")
    check(ours.state() == "active", f"ours is {ours.state()}")
    theirs.stop()
    lab.notes.append(f"{check_packets(capture)} packets; keepalived took over after " +
                     ", ".join(f"{leave} {1e3 * max(each):.0f} ms" for leave, each in gaps.items()))


def story_multicast(lab):
    """Version 3, IPv4, 50 ms."""
    play(lab, Way(3, 4, 50, False))


def story_unicast(lab):
    """The same to a peer."""
    play(lab, Way(3, 4, 50, True))


def story_multicast_ipv6(lab):
    """Version 3, IPv6, 50 ms."""
    play(lab, Way(3, 6, 50, False))


def story_unicast_ipv6(lab):
    """The same to a peer."""
    play(lab, Way(3, 6, 50, True))


def story_version_2(lab):
    """Version 2: whole seconds."""
    play(lab, Way(2, 4, 1000, False))


def story_version_2_unicast(lab):
    """Version 2 to a peer."""
    play(lab, Way(2, 4, 1000, True))
