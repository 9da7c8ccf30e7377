# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors

"""Groups of several instances, what they follow, and what they tell."""

import os
import signal
import struct
import time

from lab import Capture, check, wait_for
from lab.captures import read_pcap
from lab.vrrp import Node, Site, held, reaches
from lab.vrrp_plan import group, instance
from lab.waiting import pass_time

INSIDE = "198.51.100.100"
WORKERS = 440 + 16 * 232  # offset of workers[] in struct abi_status


def two_links(lab, **more):
    """One group over both links and families, with an address that is not advertised."""
    site = Site(lab, links=2, families=(4, 6))
    nodes = []
    for at, namespace in enumerate(site.nodes):
        node = Node(lab, namespace.name, namespace)
        node.plan(group("main", [
            instance(51, "eth1", ["192.0.2.100"]), instance(51, "eth1", ["2001:db8:1::100"]),
            instance(52, "eth2", [INSIDE], interval=200)], priority=(150, 100)[at], pair=True,
            addresses=[("198.51.100.250", "eth2")], **more))
        nodes.append(node)
    return site, nodes


def has_all(node):
    """Does the node hold every address of the group?"""
    return {"192.0.2.100", "2001:db8:1::100", INSIDE, "198.51.100.250"} <= held(node.namespace)


def story_together(lab):
    """All instances move together, whichever link goes; the client reaches both families at once."""
    site, (first, second) = two_links(lab)
    first.start().becomes("active")
    second.start()
    wait_for(lambda: has_all(first), "all addresses to be there")
    for address in ("192.0.2.100", "2001:db8:1::100"):
        check(reaches(site.client, address), f"{address} is not reached")
    for interface in ("eth1", "eth2"):
        wait_for(lambda: second.report.instance(2)["received"] > 2, "the second to hear the first")
        began = time.monotonic()
        first.namespace.set_link(interface, False)
        second.becomes("active", 2)
        gap = second.report.since() - began
        first.becomes("fault")
        check(f"interface {interface}" in first.report.group()["reason"], first.report.group()["reason"])
        wait_for(lambda: has_all(second), "all addresses to move")
        wait_for(lambda: not held(first.namespace, "192") and not held(first.namespace, "198"),
                 "the first to give all of them up")
        for address in ("192.0.2.100", "2001:db8:1::100"):
            check(reaches(site.client, address), f"{address} is not reached")
        first.namespace.set_link(interface, True)
        if interface == "eth1":  # it lost its address of IPv6 with its link
            first.namespace.ip("addr replace 2001:db8:1::1/64 dev eth1 nodad")
        first.becomes("active", 5)
        wait_for(lambda: has_all(first), "all addresses to come back")
        lab.notes.append(f"{interface} down: {1e3 * gap:.0f} ms")


def story_one_path(lab):
    """As long as it hears the active node on one link, the other does not take over; cut on both, it does."""
    site, (first, second) = two_links(lab)
    first.start().becomes("active")
    second.start()
    wait_for(lambda: second.report.instance(2)["received"] > 2, "the second to hear the first")
    site.cut(0, link=0)
    pass_time(1.5, alive=[first.process, second.process])
    check((first.state(), second.state()) == ("active", "backup"), "two serve")
    site.cut(0, link=1)
    second.becomes("active", 1)
    for link in (0, 1):
        site.cut(0, False, link)
    second.becomes("backup", 1)
    check(first.state() == "active", f"the first is {first.state()}")


def story_followed(lab):
    """A tracked interface, a lowered priority, a new plan: the group follows, the rest stays."""
    site = Site(lab)
    first, second = site.pair()
    first.namespace.ip("link add track0 type veth peer name track1", "link set track0 up",
                       "link set track1 up")

    def plan(node, priority, vips=("192.0.2.100",), **more):
        node.plan(group("main", [instance(51, "eth1", list(vips))], priority=priority, **more))
    plan(first, 150, interfaces=["track0"])
    first.start().becomes("active")
    second.start()
    first.namespace.set_link("track0", False)
    second.becomes("active", 1)
    first.becomes("fault")
    check("interface track0 is down" in first.report.group()["reason"], first.report.group()["reason"])
    first.namespace.set_link("track0", True)
    first.becomes("active", 2)
    plan(first, 150, interfaces=["track0"], lowered=60)
    second.becomes("active", 1)
    first.becomes("backup", 1)
    check(first.report.group()["priority"] == 90, f"{first.report.group()}")
    plan(first, 150, interfaces=["track0"])
    first.becomes("active", 1)
    # Addresses come and go without a word to the others.
    before = first.report.group()["became_active"]
    for vips in (("192.0.2.100", "192.0.2.101"), ("192.0.2.101",)):
        for node, priority in ((first, 150), (second, 100)):
            plan(node, priority, vips)
        wait_for(lambda vips=vips: held(first.namespace, "192") == set(vips), f"it to hold {vips}")
    check(first.report.group()["became_active"] == before, "it was disturbed")
    # One that somebody takes away is put back.
    first.namespace.ip("addr del 192.0.2.101/32 dev eth1")
    wait_for(lambda: "192.0.2.101" in held(first.namespace), "the address to be put back")
    # Told what it cannot do, it says so and goes on.
    (first.run_dir / "vrrp-plan").write_bytes(b"no plan" * 100)
    check("not taken" in first.tell("plan"), "it took what is no plan")
    check("no group" in first.tell("release other"), "it knows another group")
    check("serves with priority 150" in second.tell("take main"), second.tell("take main"))
    check(first.state() == "active", "it was disturbed")


def story_many(lab):
    """Groups apart from each other: one moves, the other stays; one is dropped, another comes."""
    site = Site(lab)
    nodes = [Node(lab, namespace.name, namespace) for namespace in site.nodes]

    def plans(numbers, preferred=0):
        for at, node in enumerate(nodes):
            node.plan(*(group(f"g{number}", [instance(number, "eth1", [f"192.0.2.{100 + number}"])],
                              number=number, priority=150 if (number + at + preferred) % 2 else 100)
                        for number in numbers))
    plans(range(1, 11))
    for node in nodes:
        node.start()
    for number in range(1, 11):
        nodes[1 - number % 2].becomes("active", number=number)
        nodes[number % 2].becomes("backup", number=number)
    check(nodes[0].tell("release g1") == "ok", "it would not")
    nodes[1].becomes("active", number=1)
    check(all(nodes[1 - number % 2].state(number) == "active" for number in range(2, 11)),
          "another group moved")
    plans(range(2, 12))
    nodes[0].becomes("active", number=11)
    check(nodes[1].state(1) == "none" and nodes[0].report.lease(1) is None, "a group was left")
    check(held(nodes[0].namespace, "192") == {f"192.0.2.{100 + n}" for n in range(3, 12, 2)},
          f"{held(nodes[0].namespace, '192')}")


def story_told(lab):
    """The user's program is run as keepalived runs it; one that hangs, or is none, changes nothing."""
    site = Site(lab)
    first, second = site.pair()
    said, hung = lab.directory / "said.txt", lab.directory / "hung.txt"
    hook = lab.directory / "hook.sh"
    hook.write_text(f"#!/bin/sh\necho \"$*\" >>{said}\necho $$ >>{hung}\nexec sleep 1000\n",
                    encoding="utf-8")
    lab.defer(lambda: [os.kill(int(pid), signal.SIGKILL)
                       for pid in hung.read_text(encoding="utf-8").split()])
    hook.chmod(0o755)
    first.plan(group("main", [instance(51, "eth1", ["192.0.2.100"])], priority=150, notify=hook))
    second.plan(group("main", [instance(51, "eth1", ["192.0.2.100"])], notify="/nonexistent"))
    told = []

    def hears(state):
        """Two that are run one after the other may speak in any order: each is waited for."""
        told.append(f"GROUP main {state} 150")
        wait_for(lambda: sorted(said.read_text(encoding="utf-8").splitlines()) == sorted(told), f"{state} to be told")
    first.start().becomes("active")
    wait_for(lambda: "MASTER" in said.read_text(encoding="utf-8"), "it to be told that it is active")
    told.append("GROUP main BACKUP 150")
    hears("MASTER")
    second.start()
    first.namespace.set_link("eth1", False)
    second.becomes("active", 2)
    hears("FAULT")
    first.namespace.set_link("eth1", True)
    first.becomes("active", 2)
    wait_for(lambda: said.read_text(encoding="utf-8").count("MASTER") == 2, "it to be told again")
    told.append("GROUP main BACKUP 150")
    hears("MASTER")
    first.process.stop()
    second.becomes("active")
    hears("STOP")
    check("cannot run /nonexistent: No such file" in second.log(), second.log())


class Dataplane:
    """A `status` file as a dataplane with one worker writes it, and a process that could be it."""

    def __init__(self, lab, run_dir):
        self.path = run_dir / "status"
        self.process = lab.spawn("dataplane", ["sleep", "1000"])
        data = bytearray(64 * 1024)
        struct.pack_into("<QIIQQ", data, 0, 0x0053555441545348, 1, self.process.pid, len(data), 1)
        struct.pack_into("<II", data, 72, 1, 1)
        struct.pack_into("<Q", data, 104, 7)
        self.data, self.workers = data, WORKERS
        self.beat()
        unfinished = self.path.with_suffix(".new")
        unfinished.write_bytes(data)
        unfinished.rename(self.path)

    def beat(self, threads=("main", "worker")):
        """Heartbeats of now."""
        now = struct.pack("<Q", time.clock_gettime_ns(time.CLOCK_MONOTONIC))
        for thread, place in (("main", 88), ("worker", self.workers)):
            if thread in threads:
                self.data[place:place + 8] = now
                if self.path.exists():
                    with open(self.path, "r+b") as file:
                        os.pwrite(file.fileno(), now, place)


def story_dataplane(lab):
    """Without a dataplane that lives it does not serve: killed, or with a worker that stands still."""
    site = Site(lab)
    first, second = site.pair(pair=True)
    first.plan(group("main", [instance(51, "eth1", ["192.0.2.100"])], priority=150, pair=True,
                     needs_dataplane=True))
    first.start().becomes("fault")
    second.start().becomes("active")

    def beating(dataplane, node, state, threads=("main", "worker")):
        def look():
            dataplane.beat(threads)
            return node.state() == state
        wait_for(look, f"{node.name} to be {state}", 2, every=0.01)
        return node.report.group()["reason"]
    for way in ("killed", "still", "killed"):
        dataplane = Dataplane(lab, first.run_dir)
        beating(dataplane, first, "active")
        beating(dataplane, second, "backup")
        lease, began = second.lease(), time.monotonic()
        if way == "killed":
            dataplane.process.kill()
            wait_for(lease.holds, "the second to serve", 1, every=0)
            wait_for(lambda: first.state() == "fault", "the first to know")
            check("the dataplane has ended" in first.report.group()["reason"], first.report.group()["reason"])
        else:
            check("worker" in beating(dataplane, first, "fault", ["main"]), first.report.group()["reason"])
            wait_for(lease.holds, "the second to serve", 1, every=0)
            dataplane.process.kill()
        second.becomes("active")
        gap = second.report.since() - began
        check(gap < 0.6, f"{way}: {gap} s")
        lab.notes.append(f"dataplane {way}: {1e3 * gap:.0f} ms")


def story_leftover(lab):
    """What a killed one left on the machine is cleared at the next start; what is others' is left,
    and announcements of IPv6 say whether the node routes."""
    site = Site(lab, families=(4, 6))
    first, second = site.pair(vips=["2001:db8:1::100"])
    first.namespace.ip("addr add 192.0.2.77/32 dev eth1")
    first.namespace.sysctl(**{"net/ipv6/conf/all/forwarding": 1})
    capture = Capture(site.client, "eth1", "icmp6 and ip6[40] = 136 and ip6 dst ff02::1", "told")
    first.start().becomes("active")
    wait_for(lambda: any(frame[58] == 0xa0 for _, frame in read_pcap(capture.file)),
             "an advertisement of a router", 3)
    capture.stop()
    check(reaches(site.client, "2001:db8:1::100"), "it is not reached")
    first.process.kill()
    first.plan(group("main", [instance(51, "eth1", ["192.0.2.77"])], priority=50))
    second.plan(group("main", [instance(51, "eth1", ["192.0.2.77"])], priority=100))
    second.start().becomes("active")
    first.start()
    check("2001:db8:1::100" not in held(first.namespace), "it was left")
    check("192.0.2.77" in held(first.namespace), "another's address was removed")
    second.process.stop()
    first.becomes("active")
    first.process.stop()
    check("192.0.2.77" in held(first.namespace), "another's address was removed")


def story_unsent(lab):
    """A node whose adverts its kernel does not take has no lease, and tells nobody that it has the address."""
    site = Site(lab)
    first, second = site.pair()
    second.start().becomes("active")
    first.namespace.nft("table ip filter { chain out { type filter hook output priority 0\n ip protocol vrrp drop\n }\n}\n")
    lease = second.lease()
    first.start()
    wait_for(lambda: first.report.instance()["not_sent"] > 3, "it to be refused")
    check(lease.holds() and second.report.group()["released_active"] == 0, "the second gave up")
    check(first.report.instance()["gratuitous"] == 0, f"{first.report.instance()}")
    check(not held(first.namespace, "192"), f"{held(first.namespace)}")
    first.namespace.nft("delete table ip filter\n")
    first.becomes("active")
    wait_for(lambda: "192.0.2.100" in held(first.namespace), "it to have the address")
    wait_for(lambda: first.report.instance()["gratuitous"] > 0, "it to say so")
