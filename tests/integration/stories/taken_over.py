# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors
"""A dataplane is killed, or stopped, and the next one goes on with every connection.

    client ---- wan [headrace] lan ---- switch ---- b1 b2 b3 (echo)
    TCP to 198.51.100.10 (dnat) and .11 (full-nat); UDP to .12 (full-nat)

Half of the connections move all the time, half are idle. What is printed is the longest
time in which no datagram came back, one being sent each millisecond.
"""

import collections
import json
import os
import re

from lab import check, serve_udp, two_arms, wait_for
from lab.lab import run
from lab.talks import PORT, Talks, Ticker, serve_echo, taken_over
from lab.waiting import pass_time

CHECK = {"type": "tcp", "interval": "400ms", "timeout": "300ms", "rise": 2, "fall": 3}


Outcome = collections.namedtuple("Outcome", "flows gap start")
Outcome.__doc__ = "Flows taken over, the longest time without a datagram (s), what the start says it took."


def services(world):
    """A service of each mode by TCP, one of full NAT by UDP."""
    plain, full, ticks, *_ = world.service_addresses
    return [world.service("plain", "dnat", plain, backend_port=PORT, health_check=CHECK),
            world.service("full", "full-nat", full, backend_port=PORT, health_check=CHECK),
            world.service("ticks", "full-nat", ticks, port=53, protocol="udp", backend_port=5353)]


def open_talks(world, count):
    """Half to each service, half of each moving."""
    talks = Talks(world.client)
    for address in world.service_addresses[:2]:
        talks.open(address, 80, count // 4, every=max(0.02, count / 4000))
        talks.open(address, 80, count // 4)
    return talks


def flows_of(headrace):
    """Connections by service, as the counters have them."""
    return {name: service["flows"] for name, service in headrace.services().items()}


def end_and_start(world, headrace, count, end, start=None):
    """One end, one start; all connections go on. Returns the Outcome."""
    talks = open_talks(world, count)
    before = flows_of(headrace)
    check(before["plain"] >= count // 2 and before["full"] >= count // 2, f"{before}")
    ticker = Ticker(world.client, world.service_addresses[2], 53)
    pass_time(0.5)
    end()
    (start or headrace.start_dataplane)()
    wait_for(headrace.running, "the dataplane to run again")
    pass_time(1)
    gap, _ = ticker.stop()
    exchanges = talks.still()
    check(len(exchanges) >= count // 2 and min(exchanges) > 0, f"{exchanges}")
    talks.check()
    taken, dropped, why = taken_over(headrace)
    check(taken >= count and dropped == 0, f"{taken} taken over, {dropped} dropped{why}")
    after = flows_of(headrace)
    check(after["plain"] >= count // 2 and after["full"] >= count // 2, f"{after}")
    talks.close()
    check(gap < 10, f"no datagram came back for {gap:.1f} s")
    start = re.search(r"running after ([^;]*)", headrace.dataplane.errors()).group(1)
    return Outcome(taken, gap, start)


def note(lab, outcome):
    """A line of what it took."""
    lab.notes.append(f"{outcome.flows} flows; no datagram for {outcome.gap * 1e3:.0f} ms; "
                     f"start: {outcome.start}")


def play(world, count, ends):
    """Each of the ends in turn."""
    serve_echo(world)
    serve_udp(world.backends)
    headrace = world.headrace(*services(world))
    headrace.start()
    for end in ends:
        note(world.lab, end_and_start(world, headrace, count, lambda end=end: end(headrace.dataplane)))


def kill(dataplane):
    """kill -9."""
    dataplane.kill()


def stop(dataplane):
    """SIGTERM."""
    check(dataplane.stop() == 0, "a clean stop of the dataplane did not end with 0")


def story(lab):
    """100 connections of IPv4: killed, stopped, killed."""
    play(two_arms(lab), 100, (kill, stop, kill))


def story_ipv6(lab):
    """100 connections of IPv6: killed."""
    play(two_arms(lab, family=6), 100, (kill,))


def story_workers(lab):
    """One worker, then two, three, and one again: connections find the worker that has them now."""
    world = two_arms(lab)
    serve_echo(world)
    serve_udp(world.backends)
    headrace = world.headrace(*services(world), workers=1)
    headrace.start()
    for workers in (2, 3, 1):
        def end(workers=workers):
            kill(headrace.dataplane)
            headrace.share_out(workers)
            headrace.write_config()
        note(lab, end_and_start(world, headrace, 100, end))
        check(len(headrace.status()["dataplane"]["workers"]) == workers, "another number of workers")


def command(world, headrace):
    """`headrace restart-dataplane`, as somebody types it; returns its process."""
    words = [world.lab.program("headrace"), "--run-dir", headrace.run_dir, "restart-dataplane"]
    return world.balancer.spawn(f"restart-{headrace.starts}", words)


def story_command(lab):
    """The command stops it and waits for the next one; where nobody starts one, it says how."""
    world = two_arms(lab)
    serve_echo(world)
    headrace = world.headrace(*services(world))
    headrace.start()
    talks = Talks(world.client)
    for address in world.service_addresses[:2]:
        talks.open(address, 80, 10)
    alone = command(world, headrace)
    wait_for(headrace.dataplane.ended, "the dataplane to end")
    alone.child.wait(20)
    check(alone.child.returncode == 1 and f"--run-dir {headrace.run_dir}" in alone.errors(),
          f"{alone.child.returncode}: {alone.errors()}")
    headrace.start_dataplane()
    headrace.wait_ready()
    talks.check()
    supervised = command(world, headrace)
    wait_for(headrace.dataplane.ended, "the dataplane to end")
    headrace.start_dataplane()
    said = supervised.wait(20)
    check(supervised.child.returncode == 0 and f"process {headrace.dataplane.pid} runs" in said,
          f"{supervised.child.returncode}: {said}{supervised.errors()}")
    talks.check()


def remove_backend(headrace, name):
    """It leaves the configuration, and drains."""
    headrace.config = json.loads(json.dumps(headrace.config))
    for service in headrace.config["services"]:
        service["backends"] = [one for one in service["backends"] if one["name"] != name]
    headrace.write_config()
    headrace.reload()
    wait_for(lambda: headrace.backends()["full/" + name]["state"] == "removed" and headrace.running(),
             f"{name} to drain")


def flows_by_backend(headrace):
    """Of those that have any."""
    return {name: backend["flows"] for name, backend in headrace.backends().items()
            if backend["flows"]}


def story_drain(lab):
    """A backend that drains has its flows after the restart, also where tables come later than the dataplane."""
    world = two_arms(lab, backends=2)
    serve_echo(world)
    headrace = world.headrace(*services(world))
    headrace.start()
    talks = Talks(world.client)
    for address in world.service_addresses[:2]:
        talks.open(address, 80, 30)  # of which one in 2^30 times none goes to b2
    remove_backend(headrace, "b2")
    before = flows_by_backend(headrace)
    check(before["full/b2"] > 0, f"no connection to b2: {before}")
    headrace.dataplane.kill()
    headrace.start_dataplane()
    headrace.wait_ready(backends_up=None)
    pass_time(3)
    after = flows_by_backend(headrace)
    check(after == before, f"{after}, not {before}")
    talks.check()

    # Without tables the flows wait for them. Nor has Linux a guard then: what a backend sends
    # again would reach the client from an address it does not know.
    talks.settle(*world.backends)
    headrace.stop()
    (headrace.run_dir / "tables").rename(headrace.run_dir / "aside")
    headrace.start_dataplane()
    wait_for(lambda: "running" in headrace.dataplane.errors(), "the dataplane to run without tables")
    (headrace.run_dir / "aside").rename(headrace.run_dir / "tables")
    headrace.start_controlplane()
    headrace.wait_ready(backends_up=None)
    taken, dropped, why = taken_over(headrace)
    check(taken == sum(before.values()) and dropped == 0, f"{taken} taken over, {dropped} dropped{why}")
    talks.check()


def story_no_room(lab):
    """Memory for one file of flows and not for two: they are given up, and the dataplane runs."""
    world = two_arms(lab, backends=1)
    serve_echo(world)
    headrace = world.headrace(*services(world), flows_per_worker=100000, flows_per_worker_ipv6=1024)
    run(["mount", "-t", "tmpfs", "-o", "size=30m", "headrace-lab", headrace.run_dir])
    lab.defer(lambda: run(["umount", "-l", headrace.run_dir]))
    headrace.start()
    check(headrace.dataplane.stop() == 0, "no clean stop")
    headrace.config["dataplane"]["flows_per_worker"] = 280000
    headrace.write_config()
    headrace.start_dataplane()
    headrace.wait_ready()
    check("given up" in headrace.dataplane.errors(), headrace.dataplane.tail())
    talks = Talks(world.client)
    talks.open(world.service_addresses[1], 80, 1)
    talks.check()


# Where the numbers are in struct abi_flows.
MAGIC, VERSION, BOOT = 0, 8, 88


def story_refused(lab):
    """A file that cannot be used is named, with the reason, and the dataplane runs without it."""
    world = two_arms(lab, backends=1)
    serve_echo(world)
    headrace = world.headrace(*services(world))
    headrace.start()
    flows = headrace.run_dir / "flows"
    for offset, reason in ((MAGIC, "holds no flows"), (VERSION, "is of ABI version 238"),
                           (BOOT, "is older than the machine's last start"), (None, "is cut: 5000")):
        check(headrace.dataplane.stop() == 0, "no clean stop")
        if offset is None:
            os.truncate(flows, 5000)
        else:
            with open(flows, "r+b") as file:
                os.pwrite(file.fileno(), b"\xee", offset)
        headrace.start_dataplane()
        headrace.wait_ready()
        said = headrace.dataplane.errors()
        check(f"no flows are taken over: {flows} {reason}" in said, said)
        talks = Talks(world.client)
        talks.open(world.service_addresses[1], 80, 1)
        talks.check()
        talks.close()
