# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors
"""Hundreds of changes by REST while HTTP load runs: nothing fails, whatever is changed.

    client ---- wan [headrace] lan ---- switch ---- b1 b2 b3 b4 b5

Weights, admin states, backends and services added and removed. b1 and b2 stay in
both services all the time; the others come and go. Load: new and kept connections
to a dnat and a full-nat service, nothing tried twice. Captures at the backends that
come and go tell when the last new connection came after each drain and removal.
"""

import random
import time

from lab import Capture, check, check_law, curl, serve_http, two_arms, wait_for
from lab.captures import FIRST_SYNS, read_pcap, source_of
from lab.clients import start_http_load
from lab.waiting import pass_time

PAUSE = 0.02  # between two changes
SETTLED = 1.0  # from the answer to a drain: later than this none may come, however busy the machine
STAY = ("b1", "b2")
SERVICES = ("direct", "both")


class Changer:
    """Draws changes that make sense now, and makes them."""

    def __init__(self, world, headrace, seed):
        self.world, self.headrace = world, headrace
        self.random = random.Random(seed)
        self.counts = {}
        self.there = {service: {b.name for b in world.backends} for service in SERVICES}
        self.extra = False
        self.quiet_since = {}  # (service, backend): when the answer to its drain came
        self.quiet = []        # (service, backend, from, to): no new connection may come

    def _path(self, service, backend=""):
        return f"/v1/pools/{service}/backends" + (f"/{backend}" if backend else "")

    def _may_take_flows(self, service, backend):
        since = self.quiet_since.pop((service, backend), None)
        if since is not None:
            self.quiet.append((service, backend, since, time.time()))

    def _may_not(self, service, backend):
        self.quiet_since.setdefault((service, backend), time.time())

    def weight(self):
        """Another weight, not 0, so that each backend that is ready has load."""
        service = self.random.choice(SERVICES)
        backend = self.random.choice(sorted(self.there[service]))
        self.headrace.change("PATCH", self._path(service, backend),
                             {"weight": self.random.randint(1, 255)})

    def admin(self):
        """A backend that may come and go is drained or readied."""
        service = self.random.choice(SERVICES)
        backend = self.random.choice(sorted(self.there[service].difference(STAY)) or [None])
        admin = self.random.choice(("ready", "drain"))
        if backend is None:
            return
        if admin == "ready":
            self._may_take_flows(service, backend)
        self.headrace.change("PATCH", self._path(service, backend), {"admin": admin})
        if admin == "drain":
            self._may_not(service, backend)

    def member(self):
        """A backend is taken away, or put back."""
        service = self.random.choice(SERVICES)
        backend = self.random.choice(self.world.backends[len(STAY):])
        if backend.name in self.there[service]:
            self.headrace.change("DELETE", self._path(service, backend.name))
            self._may_not(service, backend.name)
            self.there[service].remove(backend.name)
        else:
            self._may_take_flows(service, backend.name)
            self.headrace.change("POST", self._path(service), {
                "name": backend.name, "address": backend.address, "port": 8080, "weight": 100})
            self.there[service].add(backend.name)

    def service(self):
        """A third service comes or goes."""
        if self.extra:
            self.headrace.change("DELETE", "/v1/services/extra")
        else:
            self.headrace.change("POST", "/v1/services", self.world.service(
                "extra", self.random.choice(("dnat", "full-nat")), self.world.service_addresses[2]))
        self.extra = not self.extra

    def make_one(self):
        """One change of a kind drawn."""
        kind = self.random.choices((self.weight, self.admin, self.member, self.service),
                                   (4, 3, 3, 1))[0]
        kind()
        self.counts[kind.__name__] = self.counts.get(kind.__name__, 0) + 1

    def end(self):
        """Ends the spans that are still open."""
        for service, backend in list(self.quiet_since):
            self._may_take_flows(service, backend)


def judge_drains(changer, captures, sources):
    """No new connection later than SETTLED after a drain; returns how late the latest came."""
    begun = {name: [(when, source_of(frame)) for when, frame in read_pcap(file)]
             for name, file in captures.items()}
    latest = 0.0
    for service, backend, since, until in changer.quiet:
        for when, source in begun[backend]:
            if source == sources[service] and since < when < until:
                latest = max(latest, when - since)
    check(latest <= SETTLED, f"a new connection {latest * 1000:.1f} ms after a drain was answered")
    check(sum(map(len, begun.values())) > len(changer.quiet), "the captures saw hardly a connection")
    return latest


def change_live(world, changes):
    """No request fails, and what is left is what the last change said."""
    serve_http(world.backends, log_requests=False)
    headrace = world.headrace(
        world.service("direct", "dnat", world.service_addresses[0]),
        world.service("both", "full-nat", world.service_addresses[1]))
    headrace.start()
    captures = [Capture(backend, "eth0", f"{FIRST_SYNS} and dst port 8080 and dst host "
                        f"{backend.address} and not src host {world.lan_address}", backend.name)
                for backend in world.backends[len(STAY):]]
    loads = {f"{name} {kind}": start_http_load(
        world.client, address, rate=300, connections=60, per_connection=each, timeout=5)
        for name, address in zip(SERVICES, world.service_addresses)
        for kind, each in (("new", 1), ("kept", 1000000))}
    revision = headrace.status()["revision"]

    changer = Changer(world, headrace, seed=7117)
    began = time.monotonic()
    for _ in range(changes):
        changer.make_one()
        pass_time(PAUSE, [load.process for load in loads.values()])
    took = time.monotonic() - began
    changer.end()
    wait_for(headrace.running, "the last change to be taken")

    for load in loads.values():
        load.more(200)
    results = {name: load.stop() for name, load in loads.items()}
    for capture in captures:
        capture.stop()
    for name, result in results.items():
        check(result["failed"] == 0,
              f"{name}: {result['failed']} of {result['requests']} failed: {result['kinds']} "
              f"{result['failures'][:3]}")
    latest = judge_drains(changer, {c.file.stem: c.file for c in captures},
                          {"direct": world.client.address, "both": world.local_address})
    config = headrace.get("/v1/config")
    for service in config["services"]:
        if service["name"] in SERVICES:
            names = {backend["name"] for backend in service["backends"]}
            check(names == changer.there[service["name"]], f"{service['name']} holds {names}")
    applied = headrace.status()["revision"] - revision
    check(applied > changes * 0.7, f"only {applied} of {changes} changes counted")
    check("served by" in curl(world.client, world.url), "nothing answers afterwards")
    check_law(headrace)
    world.lab.notes.append(f"{changes} changes {changer.counts} in {took:.1f} s; "
                     f"{sum(r['done'] for r in results.values())} requests, 0 failed; after "
                     f"{len(changer.quiet)} drains the last new connection within {latest * 1000:.1f} ms")


def story(lab):
    """500 over IPv4."""
    change_live(two_arms(lab, backends=5), 500)


def story_ipv6(lab):
    """Over IPv6 fewer."""
    change_live(two_arms(lab, backends=5, family=6), 80)
