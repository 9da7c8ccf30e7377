# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors

"""A node that stands still for a while: its lease runs out before the other serves, and it comes
back as a backup."""

import signal
import time

from lab import Capture, check, wait_for
from lab.vrrp import Node, Site, held, one_active
from lab.vrrp_plan import group, instance
from lab.waiting import pass_time, promptly


def start_pair(lab, **more):
    """The first active, the second its backup."""
    site = Site(lab)
    first, second = site.pair(**more)
    first.start().becomes("active")
    second.start()
    wait_for(lambda: second.report.instance()["received"] > 2, "the second to hear the first")
    return site, first, second


def story_long(lab):
    """SIGSTOP of the active one for seconds: never two leases at a time; continued, it yields though
    its priority is higher, says so, and sends no advert and no announcement."""
    site, first, second = start_pair(lab, preempt=False)
    mac = first.namespace.mac("eth1")
    leases = [first.lease(), second.lease()]
    with promptly():
        before = time.monotonic()
        first.process.signal(signal.SIGSTOP)
        began = time.monotonic()
    while time.monotonic() - began < 2:
        # The second's first: that of a node that is stopped does not begin between one look and the other.
        both = leases[1].holds() and leases[0].holds()
        check(not both, f"both may serve after {time.monotonic() - began:.3f} s")
    # By their own clocks, since we may look late.
    check(leases[1].holds() and second.state() == "active", "the second does not serve")
    ended, taken = leases[0].until() - began, second.report.since() - began
    check(leases[0].until() - before > 0.1 and ended < 0.276 and ended < taken < 0.7, f"{ended}, then {taken}")
    capture = Capture(site.client, "eth1", f"ether src {mac}", "continued")
    first.process.signal(signal.SIGCONT)
    first.becomes("backup", 1)
    check("the lease ran out, and 192.0.2.2" in first.report.group()["reason"],
          first.report.group()["reason"])
    check(first.report.group()["lease_lost"] == 1, f"{first.report.group()}")
    wait_for(lambda: not held(first.namespace, "192"), "the address to be given up", 1)
    pass_time(1, alive=[first.process])
    frames = [frame for frame in capture.stop() if frame[12:14] in (b"\x08\x00", b"\x08\x06")]
    check(not frames, f"it sent {[frame.hex() for frame in frames[:3]]}")
    check(first.state() == "backup" and second.state() == "active", "something moved once more")
    check(not leases[0].holds() and leases[1].holds(), "the wrong one has a lease")
    lab.notes.append(f"lease out after {1e3 * ended:.0f} ms, the other's began after {1e3 * taken:.0f} ms")


def story_short(lab):
    """Both daemons of a node for 300 ms at 100 ms adverts: at most one transition, and clean."""
    _, first, second = start_pair(lab, preempt=False)
    for _ in range(4):
        active, other = (first, second) if first.state() == "active" else (second, first)
        before = active.report.group()["released_active"]
        active.process.signal(signal.SIGSTOP)
        pass_time(0.3)
        active.process.signal(signal.SIGCONT)
        wait_for(lambda: one_active((first, second)), "one to be active", 1)
        pass_time(0.4)
        check(one_active((first, second)), f"{first.log()}\n{second.log()}")
        moved = active.report.group()["released_active"] - before
        check(moved <= 1 and (moved == 1) == (other.state() == "active"), f"{moved} transitions")


def story_backup(lab):
    """SIGSTOP of the backup: continued, it reads what it missed first, and nothing moves."""
    _, first, second = start_pair(lab)
    for _ in range(3):
        second.process.signal(signal.SIGSTOP)
        pass_time(1.5)
        second.process.signal(signal.SIGCONT)
        pass_time(0.5)
        check(first.report.group()["released_active"] == 0, "the active one was disturbed")
        check(second.report.group()["became_active"] == 0, "the backup took over")


def story_split(lab):
    """The way between them is cut: two serve; mended, one, and a client whose neighbour entry
    was stale reaches it within a second: the one that yields has not spoken for long, and does once
    more, so that the other announces the address again."""
    site, first, second = start_pair(lab)
    second.plan(group("main", [instance(51, "eth1", ["192.0.2.100"], 1000)], priority=100))
    site.cut(0)
    second.becomes("active", 1)
    check(first.state() == "active", "the first cannot know")
    wait_for(lambda: first.report.instance()["gratuitous"] == 3, "its rounds to be over")
    site.client.ip("neigh flush dev eth1")
    site.client.run("sh", "-c", "ip neigh replace 192.0.2.100 lladdr "
                    f"{second.namespace.mac('eth1')} dev eth1 nud reachable")
    site.cut(0, False)
    began = time.monotonic()
    wait_for(lambda: first.state() == "active" and second.state() == "backup", "one to yield", 1,
             every=0.002)
    healed = second.report.since() - began  # by its own clock
    check(healed < 0.3, f"two were active for {healed:.3f} s more")
    mac = first.namespace.mac("eth1")
    wait_for(lambda: mac in site.client.run("ip", "neigh", "show", "192.0.2.100"),
             "the client to know better", 1)
    lab.notes.append(f"one active {1e3 * healed:.0f} ms after the split was mended")


def story_between(lab):
    """It stands still between the adverts of two groups, both due: the other serves both from then on."""
    site = Site(lab)
    nodes = [Node(lab, namespace.name, namespace) for namespace in site.nodes]
    for at, node in enumerate(nodes):
        node.plan(*(group(f"g{number}", [instance(number, "eth1", [f"192.0.2.{100 + number}"])], number=number,
                          priority=(150, 100)[at], preempt=False) for number in (1, 2)))
    first, second = nodes
    for node, state in ((first, "active"), (second, "backup")):
        node.start()
        for number in (1, 2):
            node.becomes(state, number=number)
    wait_for(lambda: second.report.instance(number=2)["received"] > 2, "it to hear the first")
    # The fifth advert is one of the first group's: theirs are sent in turn.
    first.namespace.spawn("strace", ["strace", "-p", first.process.pid, "-e", "trace=sendmsg",
                                     "-e", "inject=sendmsg:delay_exit=1000000:when=5"])
    for number in (1, 2):
        second.becomes("active", number=number)
    pass_time(1.5, alive=[first.process])
    states = [(first.state(number), second.state(number)) for number in (1, 2)]
    check(states == [("backup", "active")] * 2, f"{states}")


def story_reading(lab):
    """The backup stands still between the begin of a turn and its reading: what it reads then is heard then."""
    _, first, second = start_pair(lab)
    second.namespace.spawn("strace", ["strace", "-p", second.process.pid, "-e", "trace=recvmmsg",
                                      "-e", "inject=recvmmsg:delay_enter=1500000:when=5"])
    before = second.report.instance()["received"]
    wait_for(lambda: second.report.instance()["received"] - before > 12, "it to go on after it stood still", 5)
    pass_time(0.5, alive=[second.process])
    check(first.report.group()["released_active"] == 0, "the active one was disturbed")
    check(second.report.group()["became_active"] == 0, "the backup took over")
