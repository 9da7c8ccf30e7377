# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors
"""How long a virtual address is away when its node dies, hangs, is cut off, gives up or comes back.

The topology is that of lab/standby.py. Each case is run until 10 runs count: a run in which the echo
beside, which no node stands before, paused for more than 5 ms is the machine's doing and void; more
than 3 of them fail the drill. In each run 1,000 dnat connections, half of them moving, go on: each sends
4 KiB after the event and gets it back. A line of JSON a case; what is awaited stands in docs/failover.md.
"""

import json
import statistics

from lab import check, wait_for
from lab.standby import KeepalivedNode, Pair
from lab.talks import Talks, serve_echo
from lab.waiting import pass_time

DEADLINE = 3000
RUNS = 10
VOID = 3        # runs that may be
MACHINE_MS = 5  # a pause of the machine's own, from there on
CONNECTIONS = 1000


class Drill:
    """A pair with echoes behind it, both nodes up, node 0 active."""

    def __init__(self, lab, interval="100ms", family=4, **group):
        self.lab = lab
        self.runs = min(RUNS, max(2, lab.rounds // 100))
        self.pair = Pair(lab, family)
        serve_echo(self.pair)
        self.pair.serve_echoes()
        for node in self.pair.nodes:
            node.configure(interval=interval, **group)
            node.start()
        self.pair.wait_active(0)

    def wait_ready(self):
        """Node 0 active, node 1 able to take over at once."""
        self.pair.wait_active(0)
        for node in self.pair.nodes:
            node.headrace.wait_ready()
        wait_for(lambda: self.pair.nodes[1].state() == "backup", "node 1 to stand by")

    def measure(self, event, awaited):
        """One run: the gap of the service and that of the echo beside it (ms), connections lost."""
        talks = Talks(self.pair.client)
        address = self.pair.service_address()
        talks.open(address, 80, CONNECTIONS // 2, every=2.0)
        talks.open(address, 80, CONNECTIONS // 2)
        ticks = self.pair.start_ticker()
        pass_time(0.5)
        event()
        awaited()
        pass_time(0.7)
        gap, beside = ticks.stop()
        talks.still()
        lost = talks.count_lost()
        talks.close()
        return gap, beside, lost

    def case(self, name, event, before=lambda: None, after=lambda: None, awaited=1):
        """All its runs, and the line: before each, the event, until this node is active, and after it."""
        # A node that died or is cut off holds its addresses, but nobody gets there.
        node = self.pair.nodes[awaited]
        gaps, lost, void = [], 0, 0
        while len(gaps) < self.runs:
            self.wait_ready()
            before()
            gap, beside, gone = self.measure(event, lambda: wait_for(node.may_serve, f"node {awaited} to be active"))
            after()
            lost += gone
            if beside > MACHINE_MS:
                void += 1
                check(void <= VOID * self.runs / RUNS + 1,
                      f"{name}: the machine paused in {void} runs, at last for {beside:.1f} ms")
            else:
                gaps.append(gap)
        note(self.lab, name, gaps, CONNECTIONS * (self.runs + void), lost, void)
        check(lost == 0, f"{name}: {lost} connections lost")


def note(lab, name, gaps, connections, lost, void):
    """A case's line."""
    lab.notes.append(json.dumps({
        "name": name, "gap_ms_median": round(statistics.median(gaps), 1), "gap_ms_worst": round(max(gaps), 1),
        "connections": connections, "connections_lost": lost, "runs": len(gaps), "void": void}))


def revive(drill):
    """Node 0 starts again, and is active as its priority says."""
    node = drill.pair.nodes[0]
    node.start()
    drill.pair.wait_active(0)


def story_node_death(lab):
    """All programs of the active node die; adverts each 100 ms."""
    drill = Drill(lab)
    drill.case("node-death.100ms", drill.pair.nodes[0].kill, after=lambda: revive(drill))


def story_node_death_10ms(lab):
    """The same, each 10 ms."""
    drill = Drill(lab, "10ms")
    drill.case("node-death.10ms", drill.pair.nodes[0].kill, after=lambda: revive(drill))


def story_node_death_ipv6(lab):
    """Over IPv6, with instances of both families."""
    drill = Drill(lab, family=6)
    drill.case("node-death.100ms.ipv6", drill.pair.nodes[0].kill, after=lambda: revive(drill))


def story_path_cut(lab):
    """Both paths of the active node are cut, at the switches: it sees its links up."""
    drill = Drill(lab)
    node = drill.pair.nodes[0]

    def mend():
        node.set_plugs(True)
        drill.pair.wait_active(0)
    drill.case("path-cut.100ms", lambda: node.set_plugs(False), after=mend)


def story_release(lab):
    """`headrace vrrp release` on the active node; it takes back what it gave."""
    drill = Drill(lab, unicast=True)
    node = drill.pair.nodes[0]

    def take():
        node.headrace.command("vrrp", "take", "main")
        drill.pair.wait_active(0)
    drill.case("release.planned", lambda: node.headrace.command("vrrp", "release", "main"), after=take)


def story_preempt(lab):
    """A node of higher priority comes back."""
    drill = Drill(lab, unicast=True)
    node = drill.pair.nodes[0]

    def leave():
        node.headrace.controlplane.signal(19)  # it would start headrace-vrrp again
        node.signal_vrrp(15)
        drill.pair.wait_active(1)
    drill.case("preempt", lambda: node.headrace.controlplane.signal(18), before=leave, awaited=0)


def story_dataplane_death(lab):
    """kill -9 of the active node's dataplane."""
    drill = Drill(lab)
    node = drill.pair.nodes[0]

    def restart():
        node.headrace.start_dataplane()
        node.headrace.wait_ready()
        drill.pair.wait_active(0)
    drill.case("dataplane-death", lambda: node.headrace.dataplane.kill(), after=restart)


def story_controlplane_death(lab):
    """kill -9 of the active node's control plane, for 60 s: nothing moves, and nothing is lost."""
    drill = Drill(lab)
    node = drill.pair.nodes[0]
    ticks = drill.pair.start_ticker()
    pass_time(0.5)
    node.headrace.controlplane.kill()
    pass_time(60, alive=[node.headrace.dataplane])
    check(drill.pair.active() == [0], f"active: {drill.pair.active()}")
    gap, beside = ticks.stop()
    lost = ticks.lost
    note(lab, "controlplane-death", [gap], 0, 0, 0)
    check(lost <= 1, f"{lost} datagrams lost (echo beside: longest pause {beside:.1f} ms)")


def story_keepalived(lab):
    """A pair of keepalived and nftables in the same place: its paths are cut, and it gives up. (What the
    kernel forwards goes on when keepalived is killed: that is no node's death.)"""
    pair = Pair(lab)
    pair.serve_echoes()
    nodes = [KeepalivedNode(node) for node in pair.nodes]
    for node in nodes:
        node.translate()
        node.start()

    def restart():
        nodes[0].clear()
        nodes[0].start()
    cut = pair.nodes[0].set_plugs

    def mend():
        cut(True)
        # Two that were active: the client may still know the one that yielded.
        nodes[0].end(15)
        restart()
    for name, event, heal in (
            ("keepalived.path-cut.100ms", lambda: cut(False), mend),
            ("keepalived.stop.100ms", lambda: nodes[0].end(15), restart)):
        gaps, void = [], 0
        while len(gaps) < min(RUNS, max(2, lab.rounds // 100)):
            pair.wait_active(0)
            ticks = pair.start_ticker()
            pass_time(0.5)
            event()
            wait_for(pair.nodes[1].holds, "node 1 to be active")
            pass_time(0.7)
            gap, beside = ticks.stop()
            heal()
            if beside <= MACHINE_MS:
                gaps.append(gap)
            else:
                void += 1
                check(void <= VOID + 1, f"{name}: the machine paused in {void} runs")
        note(lab, name, gaps, 0, 0, void)
