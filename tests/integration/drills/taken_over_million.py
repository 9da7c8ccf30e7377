# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors
"""1,000 connections, and 1,000,000 flows in the table: the next dataplane goes on with all of them.

The topology is that of the story taken_over. The million are of UDP, by dnat, from a source
port and address each; backends do not answer them. A line of JSON each case, to be judged by a
person: the longest time in which no datagram came back (goal 500 ms, must 2 s), and what the
start took.
"""

import json
import time

from lab import check, rebuilt, serve_udp, two_arms, wait_for
from lab.clients import send_from
from lab.talks import serve_echo
from lab.waiting import pass_time
from stories.taken_over import command, end_and_start, kill, services

DEADLINE = 1800
CONNECTIONS = 1000
HOSTS, PORTS = 20, 50  # a round
SILENT = "table inet silent { chain in { type filter hook input priority 0; udp dport 5999 drop; }; }"


class Load:
    """A dataplane with its table full, and what is done to it."""

    def __init__(self, lab):
        self.lab = lab
        self.flows = lab.rounds * HOSTS * PORTS
        self.world = two_arms(lab)
        serve_echo(self.world)
        serve_udp(self.world.backends)
        for backend in self.world.backends:
            backend.nft(SILENT)
        self.world.balancer.ip("route add 198.18.0.0/15 via 198.51.100.100")
        silent = self.world.service(
            "silent", "dnat", self.world.service_addresses[3], port=99, protocol="udp",
            backend_port=5999, timeouts={"udp": "3600s"})
        self.headrace = self.world.headrace(
            *services(self.world), silent, workers=1, flows_per_worker=self.flows * 5 // 4 + 10000,
            flows_per_worker_ipv6=1024)
        self.headrace.start()
        self._fill()

    def there(self):
        """Those of the million that are."""
        return self.headrace.services()["silent"]["flows"]

    def _fill(self):
        """A datagram from each of so many places, as often as it takes: nobody acknowledges them."""
        for host in range(HOSTS):
            sources = [(f"198.18.0.{host + 1}", 10000 + port) for port in range(PORTS * self.lab.rounds)]
            before = self.there()

            def all_there(sources=sources, before=before):
                send_from(self.world.client, sources, (self.world.service_addresses[3], 99))
                pass_time(0.2)
                return self.there() >= before + len(sources)
            wait_for(all_there, f"the flows of host {host} to be there", 120)
        check(self.there() == self.flows, f"{self.there()} flows, not {self.flows}")

    def case(self, name, end, start=None):
        """Everything goes on: the connections, and the million."""
        outcome = end_and_start(self.world, self.headrace, CONNECTIONS, end, start)
        check(self.there() == self.flows, f"{self.there()} flows are left of {self.flows}")
        self.lab.notes.append(json.dumps({
            "case": name, "connections": CONNECTIONS, "checked_bytes": 4096,
            "flows": outcome.flows, "workers": len(self.headrace.status()["dataplane"]["workers"]),
            "gap_ms": round(outcome.gap * 1e3), "start": outcome.start}))


def story_killed(lab):
    """Three times."""
    load = Load(lab)
    for number in range(1, 4):
        load.case(f"killed {number}", lambda: kill(load.headrace.dataplane))


def story_workers(lab):
    """Killed; the next one has two workers, and the one after that has one again."""
    load = Load(lab)

    def end(workers):
        kill(load.headrace.dataplane)
        load.headrace.share_out(workers)
        load.headrace.write_config()
    load.case("one worker, then two", lambda: end(2))
    load.case("two workers, then one", lambda: end(1))


def upgrade(load, name, programs):
    """As docs/operations.md says it: the control plane, then the dataplane by the command."""
    headrace = load.headrace
    waiting = []

    def replace():
        headrace.controlplane.kill()
        headrace.start_controlplane(programs["headrace-controlplane"])
        wait_for(headrace.running, "the other control plane")
        check(headrace.status()["generation"]["refused"] == 0, "it publishes what is refused")
        waiting.append(command(load.world, headrace))
        wait_for(headrace.dataplane.ended, "the dataplane to end", every=0.001)
    load.case(name, replace,
              lambda: headrace.start_dataplane(programs["headrace-dataplane"]))
    said = waiting[0].wait(20)
    check(waiting[0].child.returncode == 0 and f"process {headrace.dataplane.pid} runs" in said,
          f"{said}{waiting[0].errors()}")
    for process, program in ((headrace.dataplane, "headrace-dataplane"),
                             (headrace.controlplane, "headrace-controlplane")):
        check(process.program() == programs[program], f"{process.program()} runs")


def story_upgraded(lab):
    """To another version, built anew; then to one with the next version of shared memory."""
    began = time.monotonic()
    other = rebuilt.build(lab)
    next_one = {name: lab.tool(f"{name}-next") for name in other}
    lab.notes.append(f"built anew in {time.monotonic() - began:.0f} s")
    load = Load(lab)
    for name, programs in (("rebuilt", other), ("the next record version", next_one)):
        version, build_id = rebuilt.identity(programs["headrace-dataplane"])
        upgrade(load, f"upgraded to {name}: {version}, build {build_id[:12]}", programs)
