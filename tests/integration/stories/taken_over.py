# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors
"""A dataplane is killed, or stopped, and the next one goes on with every connection.

    client ---- wan [headrace] lan ---- switch ---- b1 b2 b3 (echo)
    TCP to 198.51.100.10 (dnat) and .11 (full-nat); UDP to .12 (full-nat)

Half of the connections move all the time, half are idle. What is printed is the longest
time in which no datagram came back, one being sent each millisecond.
"""

import re

from lab import check, serve_udp, two_arms, wait_for
from lab.talks import PORT, Talks, Ticker, serve_echo
from lab.waiting import pass_time

CHECK = {"type": "tcp", "interval": "400ms", "timeout": "300ms", "rise": 2, "fall": 3}


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


def taken_over(headrace):
    """What the dataplane said of the flows: how many were taken over, how many dropped."""
    said = wait_for(lambda: re.search(r"(\d+) flows taken over .* ms, (\d+) dropped(.*)",
                                      headrace.dataplane.errors()), "flows to be taken over")
    return int(said.group(1)), int(said.group(2)), said.group(3)


def end_and_start(world, headrace, count, end):
    """One end, one start; all connections go on."""
    talks = open_talks(world, count)
    before = flows_of(headrace)
    check(before["plain"] >= count // 2 and before["full"] >= count // 2, f"{before}")
    ticker = Ticker(world.client, world.service_addresses[2], 53)
    pass_time(0.5)
    end()
    headrace.start_dataplane()
    wait_for(headrace.running, "the dataplane to run again")
    pass_time(1)
    gap, _ = ticker.stop()
    exchanges = talks.still()
    check(min(exchanges) > 0, f"{exchanges}")
    talks.check()
    taken, dropped, why = taken_over(headrace)
    check(taken >= count and dropped == 0, f"{taken} taken over, {dropped} dropped{why}")
    after = flows_of(headrace)
    check(after["plain"] >= count // 2 and after["full"] >= count // 2, f"{after}")
    talks.close()
    start = re.search(r"running after ([^;]*)", headrace.dataplane.errors()).group(1)
    world.lab.notes.append(f"{taken} flows; no datagram for {gap * 1e3:.0f} ms; start: {start}")
    return gap


def play(world, count, ends):
    """Each of the ends in turn."""
    serve_echo(world)
    serve_udp(world.backends)
    headrace = world.headrace(*services(world))
    headrace.start()
    for end in ends:
        gap = end_and_start(world, headrace, count, lambda end=end: end(headrace.dataplane))
        check(gap < 10, f"no datagram came back for {gap:.1f} s")


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
