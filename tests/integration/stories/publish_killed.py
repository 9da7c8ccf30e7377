# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors
"""1,000 publishes, the control plane killed at random moments of them: nothing acknowledged is lost.

    client ---- wan [headrace] lan ---- switch ---- b1 b2 b3

Each life of the control plane makes some changes that are answered, and dies by
kill -9 at a random moment of one more. The tables are checked, every sum of them,
while this goes on, and after each death.
"""

import http.client
import json
import random
import time

from lab import check, check_law, http_load, serve_http, two_arms, wait_for
from lab.clients import start_http_load
from lab.headrace import UnixConnection
from lab.processes import run
from lab.waiting import pass_time

LIVES = 100
CHANGES = 11  # of one life, the one it dies in among them
LONGEST = 0.004  # s from the last request to the death


class Killer:
    """Makes changes, kills, starts anew, and keeps account of what must stand."""

    def __init__(self, headrace, seed):
        self.headrace = headrace
        self.random = random.Random(seed)
        self.weights = self.read()
        self.lost_answers = self.answered = 0

    def read(self):
        """What the API says is configured: the weights of web's backends."""
        return {backend["name"]: backend["weight"]
                for backend in self.headrace.get("/v1/config")["services"][0]["backends"]}

    def draw(self):
        """A backend and a weight it does not have."""
        name = self.random.choice(sorted(self.weights))
        return name, self.random.choice([w for w in range(1, 256) if w != self.weights[name]])

    def change(self, connection):
        """A change that is answered."""
        name, weight = self.draw()
        answer = self.headrace.request("PATCH", f"/v1/pools/web/backends/{name}",
                                       {"weight": weight}, connection=connection)
        check(answer.status == 200, f"{answer}")
        self.weights[name] = weight
        self.answered += 1

    def die_in_change(self, connection):
        """One more change, and death at a random moment of it; returns what may stand then."""
        name, weight = self.draw()
        after = {**self.weights, name: weight}
        connection.request("PATCH", f"/v1/pools/web/backends/{name}",
                           json.dumps({"weight": weight}), {"Content-Type": "application/json"})
        moment = time.monotonic() + self.random.uniform(0, LONGEST)
        while time.monotonic() < moment:
            pass
        self.headrace.controlplane.kill()
        try:
            answer = connection.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException):  # none, or a part of it
            self.lost_answers += 1
            return (self.weights, after)
        check(answer.status == 200, f"{answer.status}")
        self.answered += 1
        return (after,)

    def live_and_die(self):
        """One life; the weights that stand in the next are those of the last answered change,
        or of the one that was never answered."""
        connection = UnixConnection(self.headrace.run_dir / "api.sock")
        for _ in range(CHANGES - 1):
            self.change(connection)
        allowed = self.die_in_change(connection)
        connection.close()
        self.begin()
        self.weights = self.read()
        check(self.weights in allowed, f"{self.weights} stands, {allowed} may")

    def begin(self):
        """The next life, from its first answer on: no backend is anything but up."""
        self.headrace.start_controlplane()
        states = wait_for(self.headrace.backends, "the next control plane")
        check(all(backend["state"] == "up" for backend in states.values()), f"{states}")


def tables(headrace):
    """What a reader of the tables finds: generation and rings; every sum of them is right."""
    found = json.loads(run([headrace.lab.tool("tables_check"), headrace.run_dir / "tables"],
                           allow_failure=True))
    check(found["ok"], f"the tables are not whole: {found}")
    return found


def story(lab):
    """The last acknowledged configuration stands, no torn tables, adoption changes nothing."""
    world = two_arms(lab)
    serve_http(world.backends, log_requests=False)
    headrace = world.headrace(world.service("web", "dnat"), world.service(
        "full", "full-nat", world.service_addresses[1]))
    headrace.start()
    loads = [start_http_load(world.client, address, rate=200, connections=20, timeout=5,
                             per_connection=each)
             for address in world.service_addresses[:2] for each in (1, 1000)]
    checker = lab.spawn("tables-checker", [lab.tool("tables_check"), "--watch",
                                           headrace.run_dir / "tables"])
    first = headrace.status()["generation"]["published"]
    killer = Killer(headrace, seed=1000)
    for _ in range(LIVES):
        tables(headrace)
        killer.live_and_die()
    wait_for(headrace.running, "the last generation to be taken")

    # Killed at rest: the next one publishes nothing.
    before = tables(headrace)
    headrace.controlplane.kill()
    killer.begin()
    pass_time(1, alive=[headrace.controlplane, headrace.dataplane, *(load.process for load in loads)])
    wait_for(headrace.running, "the tables to be taken")
    after = tables(headrace)
    check(after == before, f"adoption published something: {before}, then {after}")

    for load in loads:
        load.more(100)
    results = [load.stop() for load in loads]
    for result in results:
        check(result["failed"] == 0, f"{result}")
    checker.stop()
    watched = json.loads(checker.output().splitlines()[-1])
    check(watched["ok"] and watched["generations"] > 300, f"{watched}; {checker.tail()}")
    generation = headrace.status()["generation"]
    published = generation["published"] - first
    check(published >= LIVES * (CHANGES - 1), f"only {published} generations")
    check(generation["refused"] == 0 and headrace.dataplane.errors().count("refused") == 0,
          f"the dataplane refused tables: {generation}")
    for life in lab.logs.glob("*-controlplane.log"):
        text = life.read_text(encoding="utf-8")
        check(" is DOWN" not in text and "of the tables are" not in text, f"{life}: {text[-500:]}")
    check(http_load(world.client, world.vip, requests=100)["failed"] == 0, "it serves no more")
    check_law(headrace)
    lab.notes.append(f"{published} generations in {LIVES + 1} lives, {killer.lost_answers} deaths before "
                     f"the answer; {watched['reads']} readings of the tables, all sums right; "
                     f"{sum(result['done'] for result in results)} requests, 0 failed")
