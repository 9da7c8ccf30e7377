# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors
"""Datagrams of 8,000 bytes, in fragments, over a bad wire: through Headrace, and through Linux in its place.

    client -- hop -- wan [headrace, then Linux] lan --------- switch ---- b1 b2 b3     and the hop
    client --------- wan [headrace, then Linux] lan -- hop -- switch ---- b1 b2 b3     on the other side

By mode and family one iperf3 to a server of its own, all at once, first by a service, then (Headrace
stopped) by the backend's own address: each datagram of which no fragment was lost by the hop arrives there.
"""

import contextlib
import json
import re
import threading

from lab import check, check_law, two_arms, wait_for
from lab.waiting import Late

SIZE = 8000        # bytes of a datagram
COUNT = 400        # datagrams by mode and family
RATE = "16M"       # slow enough that a socket's buffer holds what a busy machine is late for
PORT = 5201        # of the services, for TCP (iperf3's own talk) and UDP; of the servers from here on
MODES = "dnat", "full-nat"


class Case:
    """A mode and family: its service, backend and server."""

    def __init__(self, world, number):
        self.family, self.forwarding = world.families[number // 2], MODES[number % 2]
        # No other case has this backend by this family: what it puts together is this case's.
        self.world, self.backend = world, world.backends[number % len(world.backends)]
        self.vip = world.services_of(self.family)[number % 2]
        self.port = PORT + number
        self.name = f"{self.forwarding} IPv{self.family}"
        self.heard = None  # datagrams that iperf3 told of in the last round
        self.server = self.backend.spawn(f"iperf3-{number}", ["iperf3", "-s", "-p", self.port, "--forceflush"])
        wait_for(lambda: "listening" in self.server.output(), f"{self.server.name} to listen")

    def services(self):
        """Of TCP and of UDP, each with this backend alone."""
        for protocol in ("tcp", "udp"):
            service = self.world.service(f"{protocol}-{self.port}", self.forwarding, self.vip, port=PORT,
                                         protocol=protocol, backend_port=self.port,
                                         health_check={"type": "none"})
            service["backends"] = [one for one in service["backends"] if one["name"] == self.backend.name]
            yield service

    def send(self, address, port):
        """All datagrams to there; iperf3 itself ends with the last ones on their way."""
        said = json.loads(self.world.client.run(
            "iperf3", "-c", address, "-p", port, "-u", "-l", SIZE, "-b", RATE, "-k", COUNT, "-w", "400K",
            "--json", timeout=60))["end"]
        self.heard = said["sum_received"]["bytes"] // SIZE

    def reassembled(self):
        """Datagrams of this family that its backend has put together from fragments."""
        if self.family == 6:
            return int(re.search(r"Ip6ReasmOKs\s+(\d+)", self.backend.run("cat", "/proc/net/snmp6")).group(1))
        names, values = [line.split() for line in self.backend.run("cat", "/proc/net/snmp").splitlines()
                         if line.startswith("Ip:")]
        return int(dict(zip(names, values))["ReasmOKs"])


def arrive(cases, hop, ends):
    """Lets all send at once: (datagrams that the hop left whole, those that arrived by case)."""
    whole, there = hop.counts()["whole"], [case.reassembled() for case in cases]
    senders = [threading.Thread(target=case.send, args=ends(case)) for case in cases]
    for case, sender in zip(cases, senders):
        case.heard = None
        sender.start()
    for case, sender in zip(cases, senders):
        sender.join()
        check(case.heard is not None, f"{case.name}: iperf3 failed")
    whole = hop.counts()["whole"] - whole

    def arrived():
        return [case.reassembled() - before for case, before in zip(cases, there)]
    with contextlib.suppress(Late):  # those on their way
        wait_for(lambda: sum(arrived()) >= whole, "all datagrams to arrive", 2)
    return whole, arrived()


def compare(lab, hop, **impairments):
    """Through Headrace, then through Linux: whatever was whole behind the hop has arrived."""
    world = two_arms(lab, family=6, hop=hop)
    for host in (world.client, world.balancer, *world.backends):
        # A duplicate that comes last begins a datagram nobody ends: room for all of them.
        host.sysctl(**{"net/ipv4/ipfrag_high_thresh": 64 << 20, "net/ipv6/ip6frag_high_thresh": 64 << 20})
    world.hop.start(seed=6, **impairments)
    cases = [Case(world, number) for number in range(4)]
    headrace = world.headrace(*(service for case in cases for service in case.services()))
    headrace.start()
    ours = arrive(cases, world.hop, lambda case: (case.vip, PORT))
    check_law(headrace)
    headrace.stop()
    linux = arrive(cases, world.hop, lambda case: (case.backend.addresses[case.family], case.port))
    counts = world.hop.stop()
    for name, (whole, arrived) in (("Linux", linux), ("Headrace", ours)):
        by_case = dict(zip((case.name for case in cases), arrived))
        check(sum(arrived) == whole, f"through {name} not all of {whole} whole datagrams arrived: {by_case}")
        check(min(arrived) > COUNT * 0.8 and max(arrived) <= COUNT, f"through {name} by backend: {by_case}")
    wanted = 2 * len(cases) * COUNT
    check(counts["whole"] + counts["torn"] == wanted, f"the hop saw {counts}, not {wanted} datagrams")
    for setting, count in (("reverse_fragments", "reversed"), ("duplicate_fragments", "fragments_duplicated"),
                           ("drop_fragments", "torn")):
        check((counts[count] > 0) == bool(impairments.get(setting)), f"{setting}: {counts}")
    lab.notes.append(f"of {wanted} datagrams in {counts['fragments']} fragments {counts['whole']} were whole; "
                     f"arrived through Headrace {sum(ours[1])} of {ours[0]}, "
                     f"through Linux {sum(linux[1])} of {linux[0]}")


def story_in_order(lab):
    """Fragments as the client's kernel sends them."""
    compare(lab, "client")


def story_reversed_and_twice(lab):
    """The last fragment first, each of them twice."""
    compare(lab, "client", reverse_fragments=True, duplicate_fragments=True)


def story_reversed_and_twice_behind(lab):
    """The same between balancer and backends, which is none of Headrace's business."""
    compare(lab, "backends", reverse_fragments=True, duplicate_fragments=True)


def story_reversed_twice_and_lost(lab):
    """And one fragment of a hundred is lost."""
    compare(lab, "client", reverse_fragments=True, duplicate_fragments=True, drop_fragments=1)
