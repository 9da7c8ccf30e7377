# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors
"""Ports behind cards that hash as real ones do: who brings what to whom, and that it costs no packet.

    client ---- [card] wan [headrace, 2 workers] lan [card] ---- switch ---- b1 b2 b3
    a queue of each card for each worker; full NAT to .10 (HTTP), .11 (echo by TCP), .12 (echo by UDP)

A card with the dataplane's key and table brings each packet to its flow's worker, replies to drawn
local ports too. What another one brings elsewhere is handed over, and comes out the same.
"""

import random

from lab import (FarEnds, Headrace, Namespace, check, check_law, curl, http_load, serve_http, serve_udp,
                 two_arms, wait_for)
from lab.cards import RETA_SIZE, other_key
from lab.clients import digest, start_download, start_udp_load
from lab.servers import make_file, sha256
from lab.talks import PORT, Talks, serve_echo

WORKERS = 2
MEGABYTES = 16
DOWNLOADS = 3
NONE = {"type": "none"}


class Scene:
    """Servers of each kind, and Headrace with two workers before them."""

    def __init__(self, lab, family, keys=None):
        self.world = two_arms(lab, family=family, ports="memif")
        self.world.remove_default_routes()
        self.cards = self.world.cards
        self.cards.keys = keys or {}
        files = lab.directory / "files"
        files.mkdir()
        self.sum = sha256(make_file(files / "whole", MEGABYTES))
        serve_http(self.world.backends, root=files, log_requests=False)
        serve_echo(self.world)
        serve_udp(self.world.backends)
        self.web, self.echo, self.ticks, *_ = self.world.service_addresses
        self.headrace = self.world.headrace(
            self.world.service("web", "full-nat", self.web),
            self.world.service("echo", "full-nat", self.echo, backend_port=PORT, health_check=NONE),
            self.world.service("ticks", "full-nat", self.ticks, port=53, protocol="udp",
                               backend_port=5353), workers=WORKERS)
        self.headrace.share_out(WORKERS)
        self.headrace.write_config()
        self.headrace.options.append("--assert-owners")
        self.headrace.start()

    def downloads(self):
        """Some at once, begun."""
        return [start_download(self.world.client, f"{self.world.url}whole") for _ in range(DOWNLOADS)]

    def check_downloads(self, begun):
        """The same bytes came that lie on the servers."""
        for one in begun:
            check(digest(one) == self.sum, f"{one.name} got other bytes")

    def handed_over(self):
        """Packets handed over, by port; the workers' sum is the same."""
        listed = self.headrace.get("/v1/ports")["ports"]
        return {port["name"]: port["handed_over"] for port in listed}

    def traffic(self):
        """Downloads, new connections, datagrams of many flows: all as it should be."""
        begun = self.downloads()
        result = http_load(self.world.client, self.web, requests=500, connections=20, per_connection=5)
        check(result["failed"] == 0, f"{result['kinds']}")
        sent = start_udp_load(self.world.client, self.ticks, 53, count=4000, sockets=100, smallest=1,
                              largest=1400, timeout=5).result()
        check(sent["answered"] == 4000 and sent["wrong"] == 0, f"{sent}")
        self.check_downloads(begun)

    def end(self):
        """The accounts balance, the cards' among them; every queue was given some."""
        verdicts = check_law(self.headrace, FarEnds(self.world))
        dropped = {name: n for name, n in verdicts.items() if n and not name.startswith("to-")}
        check(not dropped, f"dropped: {dropped}")
        for name, card in self.cards.by_name.items():
            given = card.counts()["given"]
            check(min(given) > 500, f"{name}: {given} by queue")


def owners(lab, family):
    """Key and table are the dataplane's: nothing is handed over."""
    scene = Scene(lab, family)
    scene.traffic()
    workers = [worker["handed_over"] for worker in scene.headrace.get("/v1/workers")["workers"]]
    check(scene.handed_over() == {"wan": 0, "lan": 0} and workers == [0] * WORKERS,
          f"handed over: {scene.handed_over()}, {workers}")
    scene.end()


def other(lab, family):
    """To the lan card, which hashes by a key of its own, local ports are as random ones."""
    scene = Scene(lab, family, {"lan": other_key()})
    scene.traffic()
    handed_over = scene.handed_over()
    check(handed_over["wan"] == 0 and handed_over["lan"] > 500, f"{handed_over}")
    scene.end()
    lab.notes.append(f"handed over: {handed_over['lan']} replies")


def changed(lab, family):
    """The tables of both cards change again and again under traffic: no flow is lost, no answer missed."""
    scene = Scene(lab, family)
    right = [entry % WORKERS for entry in range(RETA_SIZE)]
    talks = Talks(scene.world.client)
    talks.open(scene.echo, 80, 20, every=0.02)
    load = start_udp_load(scene.world.client, scene.ticks, 53, rate=1000, sockets=200, timeout=5)
    begun = scene.downloads()
    wait_for(lambda: sum(scene.cards.by_name["lan"].counts()["given"]) > 2000, "traffic")
    check(scene.handed_over() == {"wan": 0, "lan": 0}, f"before the change: {scene.handed_over()}")
    drawn = random.Random(family)
    for reta in ([1 - queue for queue in right], drawn.choices(range(WORKERS), k=RETA_SIZE), right):
        before = scene.handed_over()
        for card in scene.cards.by_name.values():
            card.set_reta(reta)
        if reta != right:
            wait_for(lambda before=before: all(now > before[name] + 500 for name, now in
                                               scene.handed_over().items()), "hand-offs to rise", 20)
    curl(scene.world.client, f"{scene.world.url}whole", "-o", "/dev/null")
    exchanges = talks.still()
    check(min(exchanges) > 0, f"{exchanges}")
    talks.check()
    scene.check_downloads(begun)
    sent = load.stop()
    check(sent["answered"] == sent["sent"] > 500 and sent["wrong"] == 0, f"{sent}")
    started = scene.headrace.services()["ticks"]["flows_started"]
    check(started == 200, f"a flow began anew: {started}")
    handed_over = scene.handed_over()
    talks.check()
    check(scene.handed_over() == handed_over, "the tables are right again, and packets handed over")
    scene.end()
    lab.notes.append(f"{handed_over} handed over; {sent['sent']} datagrams, all answered, "
                     f"{sent['slowest'] * 1e3:.0f} ms at most")


def story_owners(lab):
    """Nothing is handed over, IPv4."""
    owners(lab, 4)


def story_owners_ipv6(lab):
    """Nothing is handed over, IPv6."""
    owners(lab, 6)


def story_other_key(lab):
    """A card with another key, IPv4."""
    other(lab, 4)


def story_other_key_ipv6(lab):
    """A card with another key, IPv6."""
    other(lab, 6)


def story_reta_changed(lab):
    """Another table under traffic, IPv4."""
    changed(lab, 4)


def story_reta_changed_ipv6(lab):
    """Another table under traffic, IPv6."""
    changed(lab, 6)


def story_key_refused(lab):
    """A key that cannot be used is a sentence, and no start."""
    headrace = Headrace(lab, Namespace(lab, "balancer"), {
        "dataplane": {"ports": [{"name": "lan", "device": "ring:"}], "flows_per_worker": 10000}})
    headrace.share_out(WORKERS)
    headrace.write_config()
    file = lab.directory / "key.txt"
    headrace.options = ["--rss-key", file]
    for text, said in ((None, "cannot read the RSS key"), ("6d:5a:56", "is too short for a key"),
                       ("00 " * 40, "with this key no port leads to some")):
        if text:
            file.write_text(text, encoding="ascii")
        headrace.start_dataplane()
        wait_for(headrace.dataplane.ended, "the dataplane to end")
        check(headrace.dataplane.child.returncode == 1 and said in headrace.dataplane.errors(),
              f"{text}: {headrace.dataplane.tail()}")
