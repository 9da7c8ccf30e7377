# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors

"""Two complete nodes (lab/standby.py): one hangs, is cut off, comes back; connections go on.

A node that hangs must fall silent by itself: nothing of a service leaves it, and nobody is told its
MAC for the group's addresses, from the moment the other one serves.
"""

import signal
import socket
import struct
import time

from lab import Capture, check, wait_for
from lab.captures import describe
from lab.standby import Pair
from lab.talks import Talks, serve_echo
from lab.vrrp import Report
from lab.waiting import pass_time

CONNECTIONS = 40
DETECTION = 0.361  # s: three adverts and the skew


def make(lab, family=4, **group):
    """A pair with echoes behind it, node 0 active, and connections through it."""
    pair = Pair(lab, family)
    serve_echo(pair)
    pair.serve_echoes()
    for node in pair.nodes:
        node.configure(**group)
        node.start()
    pair.wait_active(0)
    for node in pair.nodes:
        node.headrace.wait_ready()
    talks = Talks(pair.client)
    address = pair.service_address()
    talks.open(address, 80, CONNECTIONS // 2, every=0.1)
    talks.open(address, 80, CONNECTIONS // 2)
    return pair, talks


def serves(node):
    """When its lease begins."""
    wait_for(node.may_serve, f"node {node.number} to serve", every=0.002)
    return time.monotonic()


def captures(pair, node, what):
    """Of what the node sends as one of the group's addresses, or says of them, to the client; and of
    what it sends on to backends."""
    wan, lan = node.host.mac("wan"), node.host.mac("lan")
    told = ""
    if pair.family == 6:  # ARP is a matter of its source; here Linux may tell of addresses of its own
        words = struct.unpack(">4I", socket.inet_pton(socket.AF_INET6, pair.service_address()))
        told = " or (icmp6 and ip6[40] = 136 and " + " and ".join(
            f"ip6[{48 + 4 * at}:4] = {word:#x}" for at, word in enumerate(words)) + ")"
    yield Capture(pair.client, "eth0", f"ether src {wan} and (src host {pair.service_address()}{told})",
                  f"{what}-to-client")
    for backend in pair.backends:
        yield Capture(backend, "eth0", f"ether src {lan} and src host {pair.client.address}",
                      f"{what}-to-{backend.name}")


def go_back(pair):
    """Node 0 serves again, and node 1 may again."""
    one = pair.nodes[1].headrace
    one.command("vrrp", "release", "main")
    pair.wait_active(0)
    one.request("POST", "/v1/vrrp_groups/main/take", {})
    wait_for(lambda: not one.get("/v1/vrrp_groups")["vrrp_groups"][0]["released"], "node 1 to stand by")


def hang(pair, what):
    """Stops programs of node 0 for a while; returns how long nobody served, as the client saw it."""
    node, other = pair.nodes
    pids = {"dataplane": [node.headrace.dataplane.pid], "headrace-vrrp": [node.vrrp_pid()],
            "everything": [node.headrace.dataplane.pid, node.headrace.controlplane.pid, node.vrrp_pid()]}[what]
    ticks = pair.start_ticker()
    pass_time(0.3)
    began = time.monotonic()
    node.host.run("kill", "-STOP", *pids)
    taken = serves(other) - began
    check(taken < DETECTION + 1, f"{what} stopped: the other node served after {taken:.2f} s")
    silent = list(captures(pair, node, what))
    for _ in range(3):  # somebody asks for its MAC
        pair.client.run("ip", "neigh", "flush", "dev", "eth0")
        pass_time(0.3)
    node.host.run("kill", "-CONT", *pids)
    wait_for(lambda: node.state() == "backup", f"node 0 to be a backup after {what} went on")
    pair.client.run("ip", "neigh", "flush", "dev", "eth0")
    pass_time(0.5)
    gap, _ = ticks.stop()
    frames = [frame for capture in silent for frame in capture.stop()]
    check(not frames, f"{what} was stopped, went on, and sent {len(frames)} packets: "
                      f"{describe(frames[0]) if frames else ''}")
    go_back(pair)
    return gap


def check_hangs(lab, family):
    """Dataplane, headrace-vrrp, and everything; then the control plane alone, and nothing moves."""
    pair, talks = make(lab, family, preempt=False)
    for what in ("dataplane", "headrace-vrrp", "everything"):
        lab.notes.append(f"{what} stopped: no datagram for {hang(pair, what):.0f} ms")
    control = pair.nodes[0].headrace.controlplane
    control.signal(signal.SIGSTOP)
    pass_time(2)
    check(pair.active() == [0], f"active: {pair.active()}")
    control.signal(signal.SIGCONT)
    talks.still()
    talks.check()


def story_hangs(lab):
    """IPv4."""
    check_hangs(lab, 4)


def story_hangs_ipv6(lab):
    """IPv6."""
    check_hangs(lab, 6)


def story_split(lab):
    """Both serve for 10 s, each cut off from the other; then one does, and a client that knew the other's MAC gets there."""
    pair, talks = make(lab)
    node, other = pair.nodes
    # The switches let through all but VRRP: both are seen by the client.
    for switch in (pair.wan, pair.lan):
        switch.nft("table bridge split { chain through { type filter hook forward priority 0\n"
                   " ether type ip ip protocol vrrp drop\n }\n}\n")
    serves(other)
    pass_time(10)
    check(node.may_serve() and other.may_serve(), "they are not both active")
    mac = other.host.mac("wan")
    pair.client.ip(f"neigh replace {pair.service_address()} lladdr {mac} dev eth0 nud stale")
    for switch in (pair.wan, pair.lan):
        switch.nft("delete table bridge split\n")
    mended = time.monotonic()
    wait_for(lambda: not other.may_serve() and other.state() == "backup", "node 1 to yield", every=0.002)
    yielded = Report(other.headrace.run_dir).since() - mended  # by its own clock
    check(yielded < 0.35, f"two were active {yielded:.2f} s after the split was mended")
    talks.still()
    talks.check(seconds=1)
    lab.notes.append(f"one active {max(yielded, 0.0) * 1e3:.0f} ms after the split was mended")
    check(pair.active() == [0], f"active: {pair.active()}")


def story_pause(lab):
    """All of the active node stands still for 300 ms, at adverts of 100 ms: at most one transition, and no connection is lost."""
    pair, talks = make(lab)
    before = [node.headrace.get("/v1/vrrp_groups")["vrrp_groups"][0] for node in pair.nodes]
    pair.nodes[0].signal_all(signal.SIGSTOP)
    pass_time(0.3)
    pair.nodes[0].signal_all(signal.SIGCONT)
    pass_time(1)
    pair.wait_active(0)
    after = [node.headrace.get("/v1/vrrp_groups")["vrrp_groups"][0] for node in pair.nodes]
    moves = [two["became_active"] - one["became_active"] for one, two in zip(before, after)]
    check(moves in ([0, 0], [0, 1], [1, 1]), f"they became active {moves} times")
    talks.still()
    talks.check()


def story_rewritten(lab):
    """The keepalived user's configuration that docs/failover.md rewrites: two addresses, a tracked interface,
    a program that is told."""
    pair = Pair(lab)
    serve_echo(pair)
    told = {node.number: lab.directory / f"told-{node.number}" for node in pair.nodes}
    for node in pair.nodes:
        script = lab.directory / f"notify-{node.number}.sh"
        script.write_text(f'#!/bin/sh\necho "$@" >>{told[node.number]}\n', encoding="ascii")
        script.chmod(0o755)
        node.configure(track_interfaces=["lan"], notify=str(script), instances=[
            {"id": 51, "interface": "wan", "advert_interval": "100ms",
             "addresses": [f"{pair.service_address()}/32", "198.51.100.11/32"]}])
        node.start()
    pair.wait_active(0)
    for node in pair.nodes:
        node.headrace.wait_ready()
    pair.nodes[0].host.set_link("lan", False)
    pair.wait_active(1, 2)
    pair.nodes[0].host.set_link("lan", True)
    pair.wait_active(0, 5)

    def lines(number):
        return told[number].read_text(encoding="ascii").splitlines() if told[number].exists() else []
    for number, words in ((0, ["FAULT 150", "BACKUP 150", "MASTER 150"]), (1, ["MASTER 100", "BACKUP 100"])):
        wanted = [f"GROUP main {word}" for word in words]
        wait_for(lambda number=number, wanted=wanted: lines(number)[-len(wanted):] == wanted,
                 f"node {number} to have been told {wanted}: {lines(number)}")


def is_served(pair):
    """Does a connection to the service come about?"""
    with pair.client.socket(socket.AF_INET, socket.SOCK_STREAM) as connection:
        connection.settimeout(0.3)
        return connection.connect_ex((pair.service_address(), 80)) == 0


def story_alone(lab):
    """headrace-vrrp of a node that is alone stands still past its lease: nothing is served, and when it goes
    on all is as before."""
    pair = Pair(lab)
    serve_echo(pair)
    node = pair.nodes[0]
    node.configure()
    node.start()
    pair.wait_active(0)
    node.headrace.wait_ready()
    wait_for(lambda: is_served(pair), "the service to answer")
    node.signal_vrrp(signal.SIGSTOP)
    wait_for(lambda: not node.may_serve(), "the lease to run out")
    wait_for(lambda: not is_served(pair), "the dataplane to follow")
    node.signal_vrrp(signal.SIGCONT)
    wait_for(node.may_serve, "the lease to be renewed")
    wait_for(lambda: is_served(pair), "the service to answer again")
