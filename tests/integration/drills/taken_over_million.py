# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors
"""1,000 connections, and 1,000,000 flows in the table: killed and started three times.

The topology is that of the story taken_over. The million are of UDP, by dnat, from a source
port and address each; backends do not answer them. To be judged by a person: the
longest time in which no datagram came back (goal 500 ms, must 2 s), and what the start took.
"""


from lab import check, serve_udp, two_arms, wait_for
from lab.clients import send_from
from lab.talks import serve_echo
from lab.waiting import pass_time
from stories.taken_over import end_and_start, kill, services

DEADLINE = 1200
FLOWS = 1_000_000
SILENT = "table inet silent { chain in { type filter hook input priority 0; udp dport 5999 drop; }; }"
HOSTS = 20
PORTS = FLOWS // HOSTS


def fill(world, address):
    """A datagram from each of so many places."""
    sources = [[(f"198.18.0.{host + 1}", 10000 + port) for port in range(PORTS)] for host in range(HOSTS)]
    for many in sources:
        send_from(world.client, many, (address, 99))
        pass_time(0.2)


def story(lab):
    """All connections go on, and every flow is there."""
    world = two_arms(lab)
    serve_echo(world)
    serve_udp(world.backends)
    for backend in world.backends:
        backend.nft(SILENT)
    world.balancer.ip("route add 198.18.0.0/15 via 198.51.100.100")
    silent = world.service("silent", "dnat", world.service_addresses[3], port=99, protocol="udp",
                           backend_port=5999, timeouts={"udp": "3600s"})
    headrace = world.headrace(*services(world), silent, flows_per_worker=1_200_000)
    headrace.start()
    fill(world, world.service_addresses[3])

    def flows():
        return headrace.services()["silent"]["flows"]
    wait_for(lambda: flows() > FLOWS * 0.9, "the table to fill", 60)
    for _ in range(3):
        gap = end_and_start(world, headrace, 1000, lambda: kill(headrace.dataplane))
        check(gap < 10, f"no datagram came back for {gap:.1f} s")
        check(flows() > FLOWS * 0.9, f"{flows()} flows are left")
