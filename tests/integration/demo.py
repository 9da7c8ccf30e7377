#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors

"""The demo: real HTTP through Headrace on this machine alone, and what happens when things break."""

import argparse
import os
import sys
import time
from pathlib import Path

from demo_changes import changed_live
from lab import left_behind, leftovers
from lab.addressing import family_of
from lab.clients import start_http_load
from lab.lab import Failure, Lab
from lab.processes import run
from lab.playing import catch_signals, end_lab
from lab.screen import Screen, number
from lab.servers import serve_http
from lab.waiting import wait_for
from lab.watch import Watch
from lab.worlds import HEALTH_CHECK, TIME_TO_NOTICE, two_arms

PICTURE = """
   client                        balancer                        web servers, each a real nginx
                              .-----------.
   198.51.100.100 ------- wan |           | lan ------+--------- b1   10.0.0.11:8080
                              | headrace  |           +--------- b2   10.0.0.12:8080
                              |           |           +--------- b3   10.0.0.13:8080
                              '-----------'           +--------- b4   10.0.0.14:8080 (not used at first)
   insider  10.0.0.100 -------------------------------'
"""

SERVICES = """
   dnat       198.51.100.10:80     destination translated; the servers see the client's own address
   full-nat   198.51.100.11:80     both ends translated; the servers see 10.0.0.250
   one-arm    10.0.0.80:80         full-nat, in and out of the one port: insider and servers share a wire
   ipv6       [2001:db8:1::10]:80  full-nat again; the same client, balancer and servers by their IPv6 addresses
"""

POOLS = {4: "web", 6: "web-ipv6"}  # by family: the same servers

EACH = 10000  # requests a service on new connections, and as many on kept ones
PACE = 250    # requests a second a service on either kind, while things break


class Demo:
    """The world, the load on it, and the numbers of it."""

    def __init__(self, lab, screen):
        self.lab, self.screen = lab, screen
        self.rows = []
        self.problems = []
        self.world = two_arms(lab, backends=4, family=6)
        self.insider = self.world.host("insider")
        self.world.switch.plug(self.insider, "eth0")
        self.insider.ip("addr add 10.0.0.100/24 dev eth0")
        self.targets = {  # service: (who asks, address)
            "dnat": (self.world.client, "198.51.100.10"),
            "full-nat": (self.world.client, "198.51.100.11"),
            "one-arm": (self.insider, "10.0.0.80"),
            "ipv6": (self.world.client, "2001:db8:1::10"),
        }
        self.servers = serve_http(self.world.backends, log_requests=False)
        self.headrace = self.world.headrace(*(
            {**self.world.service(name, "dnat" if name == "dnat" else "full-nat", address),
             "pool": POOLS[family_of(address)]} for name, (_, address) in self.targets.items()))
        self._share_pools()

    def _share_pools(self):
        """One pool for the services of a family: each server is one row of it, and checked once."""
        config = self.headrace.config
        pools = {}
        for service in config["services"]:
            pools[service["pool"]] = service.pop("backends")[:3]
            del service["health_check"]
        config["pools"] = [{"name": name, "health_check": HEALTH_CHECK, "backends": backends}
                           for name, backends in pools.items()]
        self.headrace.write_config()

    def show_backends(self):
        """The table an operator would look at."""
        self.screen.say("\n   $ headrace show backends")
        self.screen.indented(self.headrace.command("show", "backends"))

    def row(self, step, service, results, noticed=None, late=None, again=None):
        """A line of the closing table."""
        backends = [sum(result["backends"].get(name, 0) for result in results)
                    for name in self.servers]
        self.rows.append([step, service, number(sum(result["requests"] for result in results)),
                          *map(number, backends), number(sum(r["failed"] for r in results)),
                          "-" if late is None else number(late),
                          "-" if noticed is None else f"{noticed:.2f} s",
                          "-" if again is None else f"{again:.0%}"])

    def unbroken(self):
        """Thousands of requests; not one may fail."""
        say = self.screen.say
        self.screen.heading(f"1. Nothing is broken: {2 * EACH:,} requests to each service")
        say("   Half on new connections, half on kept ones. Nothing is tried twice: a reset, a timeout\n"
            "   or a short answer is a failure. Expected: 0 failed.\n")
        for service, (client, address) in self.targets.items():
            results = []
            for kind, per_connection in (("new", 1), ("kept", 500)):
                load = start_http_load(client, address, requests=EACH, connections=32,
                                       per_connection=per_connection, progress=0.2)
                result = self.watch_to_the_end(load, f"   {service:9} {kind:4} connections")
                results.append(result)
                seconds = result["ended"] - result["started"]
                say(f"   {service:9} {kind:4} connections  {result['done']:7,} answered "
                    f"{result['done'] / seconds:8,.0f} a second  {result['failed']} failed")
                if result["failed"] or result["done"] != EACH:
                    self.problems.append(f"{service}, {kind} connections, nothing broken: "
                                         f"{result['failed']} failed {result['kinds']}")
            self.row("nothing broken", service, results)
        self.show_backends()

    def watch_to_the_end(self, load, label):
        """Shows a load's progress until its result is there."""
        done = failed = 0
        while not load.process.ended():
            for report in load.progress():
                done, failed = report["done"], report["failed"]
            self.screen.live(f"{label}  {done:7,} of {EACH:,}  {failed} failed")
            time.sleep(0.05)
        return load.result()

    def start_loads(self):
        """Each service loaded on new connections, and on kept ones."""
        return {service: [start_http_load(client, address, rate=PACE, connections=100,
                                          per_connection=per_connection, timeout=3, progress=0.2)
                          for per_connection in (1, 1000000)]
                for service, (client, address) in self.targets.items()}

    def broken(self, title, expected, kill, revive, words):
        """Kills b1 in some way while all services are loaded, and lets it return."""
        say = self.screen.say
        self.screen.heading(title)
        say(expected)
        loads = self.start_loads()
        watch = Watch(self.screen, loads)
        say()
        watch.note(1.5)
        say(f"   now: {words[0]}")
        killed = time.monotonic()
        kill()
        backend = watch.until(lambda: self._is("down"), "Headrace to notice")
        noticed = time.monotonic() - killed
        say(f"   b1 is down after {noticed:.2f} s: {backend['reason']}")
        watch.note(2)
        self.show_backends()
        say(f"\n   now: {words[1]}")
        returning = time.monotonic()
        revive()
        watch.until(lambda: self._is("up"), "b1 to be up again")
        returned = time.monotonic()
        say(f"   b1 is up after {returned - returning:.2f} s")
        watch.note(2.5)
        self.show_backends()
        for service, pair in loads.items():
            self.judge(words[2], service, [load.stop() for load in pair], killed, noticed,
                       watch.share_since(service, "b1", returned))

    def _is(self, state):
        backends = self.headrace.backends()
        rows = [backends[f"{pool}/b1"] for pool in POOLS.values()]
        return rows[0] if {row["state"] for row in rows} == {state} and self.headrace.running() else None

    def judge(self, step, service, results, killed, noticed, share):
        """Which failures may be: those of connections that began before it had to be noticed."""
        failures = [failure for result in results for failure in result["failures"]]
        early = [f for f in failures if f["failed"] < killed]
        late = [f for f in failures if f["begun"] > killed + TIME_TO_NOTICE]
        self.row(step, service, results, noticed, len(late), share)
        if early:
            self.problems.append(f"{step}, {service}: {len(early)} failed before anything was broken")
        if late:
            self.problems.append(f"{step}, {service}: {len(late)} failed whose connections began "
                                 f"more than {TIME_TO_NOTICE:.1f} s later: {late[0]}")
        if not 0.15 < share < 0.55:
            self.problems.append(f"{step}, {service}: b1, back again, answers {share:.0%}")

    def closing_table(self):
        """What a person would show a colleague."""
        self.screen.heading("What happened")
        self.screen.say(f"""   requests by who answered them; "failed": all that failed; "later": of these, connections that
   began later than {TIME_TO_NOTICE:.1f} s after the break; "noticed": from the break until no new flow went to b1;
   "again": b1's share of the new connections when it was back
""")
        self.screen.table(["step", "service", "requests", *self.servers, "failed", "later",
                           "noticed", "again"], self.rows)


def tell_how_to_play(screen, demo):
    """For --keep."""
    inside = "ip netns exec {}".format
    client, balancer = demo.world.client.full_name, demo.world.balancer.full_name
    headrace = f"{demo.lab.program('headrace')} --run-dir {demo.headrace.run_dir}"
    screen.heading("It goes on running. Play with it, as root:")
    for what, command in (
            ("a request to each service", f"{inside(client)} curl http://198.51.100.10/"),
            ("", f"{inside(client)} curl http://198.51.100.11/"),
            ("", f"{inside(demo.insider.full_name)} curl http://10.0.0.80/"),
            ("", f"{inside(client)} curl http://[2001:db8:1::10]/"),
            ("what Headrace says", f"{headrace} show status|services|backends|flows|workers"),
            ("kill b2's nginx", f"kill -9 -- -{demo.servers['b2'].process.pid}"),
            ("change the configuration", f"\"$EDITOR\" {demo.headrace.config_file}"),
            ("... and have it read", f"kill -HUP {demo.headrace.controlplane.pid}"),
            ("look around: ip, tcpdump, nft", f"{inside(balancer)} bash"),
            ("end it", "./bootstrap clean")):
        screen.say(f"   {what:30} {command}")


def play(demo):
    """The four acts."""
    checked = HEALTH_CHECK
    rule = (f"   Expected: connections that begin later than {TIME_TO_NOTICE:.1f} s after that (fall x interval + "
            f"timeout)\n   do not fail. b1, back again, takes its third of the new connections; kept ones "
            "stay where they are.")
    demo.headrace.start()
    demo.screen.say(f"   Health checks: GET {checked['path']} every {checked['interval']}, given up after "
                    f"{checked['timeout']}; {checked['fall']} failures in a row: down, "
                    f"{checked['rise']} successes: up.")
    demo.unbroken()
    b1, server = demo.world.backends[0], demo.servers["b1"]
    demo.broken("2. A server dies: kill -9 of b1's nginx, under load, and a new start", rule,
                server.kill, server.start,
                ("kill -9 of b1's nginx", "b1's nginx is started again", "b1's nginx killed"))
    demo.broken("3. A cable is pulled: b1's link goes down, under load, and comes back", rule,
                lambda: demo.world.set_plug(b1, False), lambda: demo.world.set_plug(b1, True),
                ("b1's link goes down", "b1's link is up again", "b1's link down"))
    changed_live(demo)
    demo.closing_table()


def run_demo(arguments, screen):
    """Builds the world, plays, takes it down. Returns the sentences of what was wrong."""
    before = left_behind.shared_places()
    lab = Lab(arguments.build, keep=arguments.keep, workers=arguments.workers, ports=arguments.ports)
    problems, programs, demo, kept = [], set(), None, False
    try:
        screen.say("   making namespaces and starting nginx ...")
        demo = Demo(lab, screen)
        play(demo)
        programs = left_behind.xdp_programs(demo.world.balancer)
        problems = demo.problems
        kept = arguments.keep
    except KeyboardInterrupt:
        problems = ["interrupted"]
    except Exception as error:  # told in a sentence; the logs tell the rest
        problems = [f"{'' if isinstance(error, Failure) else type(error).__name__ + ': '}{error}"]
    if kept:
        (lab.directory / leftovers.KEPT).touch()
        tell_how_to_play(screen, demo)
        return problems
    failures = arguments.build / "failures/demo"
    problems += end_lab(lab, failures if problems else None)
    if problems:
        screen.say(f"   logs and configuration: {failures}")
    # The kernel takes namespaces and programs apart behind the scenes.
    try:
        wait_for(lambda: not left_behind.find(programs, before), "nothing to be left", 10)
        screen.say("\n   Left behind: nothing (namespaces, processes, XDP programs, nftables, files).")
    except Exception:
        problems += ["left behind: " + what
                     for what in left_behind.find(programs, before)]
    return problems


def main():
    """The last line begins "demo: ok" or "demo: FAILED"; the exit status is 0 or 1."""
    parser = argparse.ArgumentParser(prog="bootstrap demo", description=__doc__)
    parser.add_argument("--build", default="build", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--keep", action="store_true", help="leave it running to play with")
    parser.add_argument("--workers", type=int, default=1, help="of the dataplane")
    parser.add_argument("--ports", default="af_xdp", choices=("af_xdp", "memif"),
                        help="interfaces, or memif behind programs that play network cards")
    arguments = parser.parse_args()
    arguments.build = arguments.build.resolve()
    sys.stdout.reconfigure(line_buffering=True)
    screen = Screen()
    began = time.monotonic()
    for pid in leftovers.remove_dead_runs():
        screen.say(f"removed what run {pid}, which was killed, had left")
    catch_signals()
    screen.heading("Headrace: HTTP balanced by a DPDK dataplane, on this machine, in network namespaces")
    screen.say(PICTURE + SERVICES)
    problems = run_demo(arguments, screen)
    screen.say()
    for problem in problems:
        screen.say(f"   problem: {problem}")
    screen.say(f"demo: {'FAILED' if problems else 'ok'} ({time.monotonic() - began:.0f} s)")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
