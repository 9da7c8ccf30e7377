# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors

"""Two nodes that speak VRRP: one serves, the other takes over."""

import signal
import time

from lab import Capture, check, wait_for
from lab.captures import read_pcap
from lab.vrrp import Site, held, one_active, reaches
from lab.waiting import promptly


def check_taken(taker, left, address):
    """One holds address and lease, the other neither."""
    check(address in held(taker.namespace), f"{taker.name} has {held(taker.namespace)}")
    check(taker.report.lease() is not None, f"{taker.name} has no lease")
    wait_for(lambda: address not in held(left.namespace), f"{left.name} to give the address up")
    check((left.report.lease() or -1) < 0, f"{left.name} still has a lease")


def story_killed(lab):
    """kill -9, adverts of 10 ms: the other serves within the detection time; the one that comes
    back clears what it left, and preempts."""
    site = Site(lab)
    first, second = site.pair(interval=10)
    first.start()
    first.becomes("active")
    second.start()
    check(reaches(site.client, "192.0.2.100"), "the client does not reach the address")
    gaps = []
    for _ in range(5):
        wait_for(lambda: first.state() == "active" and second.state() == "backup", "one to serve")
        lease = second.lease()
        with promptly():
            began = time.monotonic()
            first.process.signal(signal.SIGKILL)
        first.process.kill()  # and what it has started
        wait_for(lease.holds, "the second to take over", every=0)
        second.becomes("active")
        gaps.append(second.report.since() - began)
        wait_for(lambda: "192.0.2.100" in held(second.namespace), "the address to move")
        check("192.0.2.100" in held(first.namespace), "kill -9 should leave the address")
        check(reaches(site.client, "192.0.2.100"), "the client does not reach the address")
        first.start()
        first.becomes("active")
        second.becomes("backup")
        check_taken(first, second, "192.0.2.100")
    check(max(gaps) < 0.09, f"the gaps were {gaps}")
    lab.notes.append(f"10 ms adverts, kill -9: {1e3 * sorted(gaps)[2]:.1f} ms median, "
                     f"{1e3 * max(gaps):.1f} ms worst")


def story_stopped(lab):
    """SIGTERM and `stop`: the other serves at once, since they are a pair; nothing is left."""
    site = Site(lab)
    first, second = site.pair(pair=True)
    first.start()
    first.becomes("active")
    second.start()
    gaps = []
    for way in ("SIGTERM", "stop", "release") * 3:
        wait_for(lambda: first.state() == "active" and second.state() == "backup", "one to serve")
        lease = second.lease()
        with promptly():
            began = time.monotonic()
            if way == "SIGTERM":
                first.process.signal(signal.SIGTERM)
            else:
                check(first.tell("stop" if way == "stop" else "release main") == "ok", "it would not")
        wait_for(lease.holds, "the second to take over", 1, every=0)
        second.becomes("active")
        gaps.append(second.report.since() - began)
        if way == "release":
            first.becomes("backup")
            check(first.report.group()["priority"] == 1, f"{first.report.group()}")
            check_taken(second, first, "192.0.2.100")
            check(first.tell("take main") == "ok", "it would not take over")
        else:
            check(first.process.wait(5) is not None, "")
            check(not held(first.namespace, "192"), "an address is left")
            check(not (first.run_dir / "vrrp.lock").exists(), "the lock file is left")
            first.start()
    check(max(gaps) < 0.02, f"the gaps were {gaps}")
    lab.notes.append(f"released: {1e3 * sorted(gaps)[4]:.1f} ms median, {1e3 * max(gaps):.1f} ms worst")


def story_equals(lab):
    """Of equal priorities the greater address serves; 50 starts at once: one active each time."""
    site = Site(lab)
    first, second = site.pair(priorities=(100, 100), interval=10)
    for turn in range(50):
        for node in (first, second):
            node.start(wait=False)
        for node in (first, second):
            wait_for(lambda: node.state() not in ("none", "init"), "it to start")
        if turn % 2:
            check(first.tell("plan") == "ok" and second.tell("plan") == "ok", "a reload failed")
        wait_for(lambda: one_active((first, second)), "one to be active", 2)
        for node in (first, second):
            node.process.kill()
    for node in (first, second):
        node.start()
    wait_for(lambda: one_active((first, second)), "one to be active", 2)


def story_announced(lab):
    """200 addresses: each is announced at once, and a second later; no burst is long."""
    site = Site(lab)
    addresses = [f"192.0.2.{at}" for at in range(20, 220)]
    first, second = site.pair(vips=addresses, pair=True)
    first.start()
    first.becomes("active")
    second.start()
    wait_for(lambda: first.report.group()["addresses"] == 200, "all addresses to be there")
    capture = Capture(site.client, "eth1", "arp", "announced")
    lease = second.lease()
    with promptly():
        began = time.monotonic()
        check(first.tell("release main") == "ok", "it would not")
    wait_for(lambda: second.report.group()["addresses"] == 200, "all addresses to move", every=0.001)
    gap = time.monotonic() - began
    wait_for(lambda: second.report.instance()["gratuitous"] >= 400, "two rounds")
    wait_for(lambda: not held(first.namespace, "192"), "the addresses to be given up")
    check(lease.holds(), "no lease")
    mac = bytes.fromhex(second.namespace.mac("eth1").replace(":", ""))


    def told_of():
        return [frame[38:42] for _, frame in read_pcap(capture.file)
                if frame[6:12] == mac and frame[28:32] == frame[38:42]]
    wait_for(lambda: len(told_of()) >= 400, "what was sent to be captured", 3)
    capture.stop()
    told = told_of()
    check(len(told) == 400 and len(set(told)) == 200, f"{len(told)} announcements of {len(set(told))}")
    check(gap < 0.2, f"200 addresses took {gap} s")
    lab.notes.append(f"200 addresses in {1e3 * gap:.0f} ms")


def story_released(lab):
    """A group that was released is so still when its program is killed, or stopped, and started again."""
    site = Site(lab)
    first, second = site.pair(pair=True)
    first.start()
    first.becomes("active")
    second.start()
    second.becomes("backup")
    check(first.tell("release main") == "ok", "it would not")
    second.becomes("active")
    for end in (first.process.kill, lambda: first.tell("stop")):
        end()
        first.start(keep=True)
        first.becomes("backup")
        wait_for(lambda: first.report.instance()["received"] > 10, "it to hear the second")
        group = first.report.group()
        check(group["released"] and group["priority"] == 1 and group["became_active"] == 0, f"{group}")
        check(second.report.group()["released_active"] == 0, "the second gave up")
    check(first.tell("take main") == "ok", "it would not")
    first.becomes("active")
    first.process.kill()
    first.start(keep=True)
    first.becomes("active")
