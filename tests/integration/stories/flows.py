# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors
"""Flows as they are shown: those that the clients really have, by every filter.

    client ---- wan [headrace] lan ---- switch ---- b1 b2 b3
    each family: a service of HTTP by full NAT, one by dnat, and one of UDP
"""

import collections
import json
import re
import socket
import subprocess

from lab import check, check_law, serve_http, serve_udp, two_arms, wait_for
from lab.addressing import end, socket_family
from lab.clients import start_http_load
from lab.processes import CommandFailed

EACH = 12  # connections to each service
SILENCE = 0.7  # seconds after which one that is to get no answer has got none
NAMES = {"full": "full-nat", "plain": "dnat", "echo": "full-nat"}


class Connections:
    """Open connections and asked questions of the client, each by its own end."""

    def __init__(self, world):
        self.world = world
        self.open = {}  # (service, client's end) -> socket

    def begin(self, service, target, protocol="tcp"):
        """One more, and answered."""
        kind = socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM
        connection = self.world.client.socket(socket_family(target[0]), kind)
        connection.settimeout(5)
        connection.connect(target)
        if protocol == "tcp":
            self.ask(connection)
        else:
            for _ in range(2):
                connection.send(b"hello")
                connection.recv(100)
        self.open[service, end(*connection.getsockname()[:2])] = connection
        return connection

    @staticmethod
    def ask(connection):
        """A whole answer; the connection stays."""
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        text = b""
        while b"\r\n\r\n" not in text:
            part = connection.recv(65536)
            if not part:
                raise ConnectionResetError("closed")
            text += part
        check(b" 200 " in text, f"{text}")

    def ends(self, *services):
        """The clients' ends of some services."""
        return {mine for service, mine in self.open if service in services}

    def close(self):
        """All of them."""
        for connection in self.open.values():
            connection.close()


def make(lab):
    """Both families' services, and EACH connections to each: (headrace, connections, services)."""
    world = two_arms(lab, family=6)
    serve_http(world.backends, log_requests=False)
    serve_udp(world.backends)
    services, targets = [], {}
    for family in world.families:
        addresses = world.services_of(family)
        for number, (name, forwarding) in enumerate(NAMES.items()):
            udp = name == "echo"
            services.append(world.service(
                f"{name}{family}", forwarding, addresses[number], port=53 if udp else 80,
                protocol="udp" if udp else "tcp", backend_port=5353 if udp else 8080))
            targets[f"{name}{family}"] = (addresses[number], 53 if udp else 80)
    headrace = world.headrace(*services)
    headrace.start()
    connections = Connections(world)
    for name, target in targets.items():
        for _ in range(EACH):
            connections.begin(name, target, "udp" if name.startswith("echo") else "tcp")
    return world, headrace, connections, targets


def as_linux_says(namespace, *options):
    """What `ss` says of a namespace's TCP connections: pairs (its own end, the other's)."""
    lines = namespace.run("ss", "-Htn", *options, "state", "established").splitlines()
    return {tuple(line.split()[-2:]) for line in lines}


def lines_of(headrace, *words):
    """The table's rows, as dictionaries by column."""
    lines = headrace.command("show", "flows", *words).splitlines()
    titles = lines[0].split()
    check(all(len(line.split()) == len(titles) for line in lines), "a cell is not a word")
    starts = [lines[0].index(title) for title in titles]
    for line in lines[1:]:
        check(all(start == 0 or line[start - 1] == " " for start in starts), f"not aligned: {line}")
    return [dict(zip(titles, line.split())) for line in lines[1:]]


def story(lab):
    """The client's connections, by ss, and the backends', are the flows, and the other way round."""
    world, headrace, connections, targets = make(lab)
    flows = headrace.flows()
    by_service = {name: {flow["client"] for flow in flows if flow["service_name"] == name}
                  for name in targets}
    for name in targets:
        check(by_service[name] == connections.ends(name), f"{name}: {by_service[name]}")
    check(len(flows) == len(targets) * EACH, f"{len(flows)} flows")

    of_tcp = [flow for flow in flows if flow["protocol"] == "tcp"]
    check({(flow["client"], flow["service"]) for flow in of_tcp} == as_linux_says(world.client),
          "the client has other connections")
    for backend in world.backends:
        here = {(flow["backend"], flow["local"] or flow["client"]) for flow in of_tcp
                if flow["backend_name"].endswith(f"/{backend.name}")}
        there = {pair for pair in as_linux_says(backend) if pair in here}
        check(here == there, f"{backend.name} has {there}, not {here}")
    check(all((flow["local"] is None) == flow["service_name"].startswith("plain") for flow in flows),
          "local where there is no full NAT, or none where there is")
    states = {flow["state"] for flow in of_tcp}
    check(states == {"established"}, f"{states}")
    mac = json.loads(world.client.run("ip", "-j", "link", "show", "eth0"))[0]["address"]
    hops = {(flow["hop_port"], flow["hop_vlan"], flow["hop_mac"]) for flow in flows}
    check(hops == {("wan", 0, mac)}, f"{hops}")
    check(all(0 <= flow["idle"] <= flow["age"] < 60 for flow in flows), "ages")
    connections.close()
    wait_for(lambda: {flow["state"] for flow in headrace.flows(protocol="tcp")} == {"closing"},
             "all to be closing")


def story_filters(lab):
    """Each filter by itself and some together; the same flows by API, command line and JSON."""
    world, headrace, connections, targets = make(lab)
    everything = headrace.flows()

    def same(wanted, **filters):
        wanted = sorted(flow["client"] for flow in everything if wanted(flow))
        options = [word for name, value in filters.items()
                   for word in ("--" + name.replace("_", "-"), str(value))]
        came = sorted(flow["client"] for flow in headrace.flows(**filters))
        check(came == wanted, f"{filters}: {came}, not {wanted}")
        shown = sorted(row["CLIENT"] for row in lines_of(headrace, *options))
        check(shown == wanted, f"{options}: {shown}")
        written = headrace.command("show", "flows", *options, "--json").splitlines()
        check(sorted(json.loads(line)["client"] for line in written) == wanted, f"{options} --json")
        return len(wanted)

    one = everything[5]
    vip = {name: target[0] for name, target in targets.items()}
    counts = {
        "service": same(lambda flow: flow["service_name"] == "full4", service="full4"),
        "backend": same(lambda flow: flow["backend_name"] == "plain6/b2", backend="plain6/b2"),
        "client": same(lambda flow: flow["family"] == 4, client=world.client.addresses[4]),
        "prefix": same(lambda flow: flow["family"] == 6, client="2001:db8:1::/48"),
        "end": same(lambda flow: flow["client"] == one["client"], client=one["client"]),
        "address": same(lambda flow: flow["service"].startswith(vip["plain4"] + ":"),
                        address=vip["plain4"]),
        "port": same(lambda flow: flow["service"].endswith(":53"), port=53),
        "protocol": same(lambda flow: flow["protocol"] == "udp", protocol="udp"),
        "state": same(lambda flow: flow["state"] == "established", state="established"),
        "family": same(lambda flow: flow["family"] == 6, family=6),
        "worker": same(lambda flow: flow["worker"] == 0, worker=0),
        "both": same(lambda flow: flow["service_name"] == "full6" and flow["backend_name"] == "full6/b1",
                     service="full6", backend="full6/b1"),
        "tuple": same(lambda flow: flow is one, protocol=one["protocol"], client=one["client"],
                      address=one["service"]),
    }
    check(counts["end"] >= 1 and counts["tuple"] == 1, f"{counts}")
    for none in ({"worker": 1}, {"state": "closing"}, {"client": "203.0.113.0/24"},
                 {"service": "full4", "family": 6}, {"older_than": "1h"}, {"limit": 0}):
        check(same(lambda flow: False, **none) == 0, f"{none}")
    for limit in (1, 7, 10 ** 9):
        check(len(headrace.flows(limit=limit)) == min(limit, len(everything)), f"limit {limit}")
    refused(headrace)
    connections.close()
    lab.notes.append(f"{len(everything)} flows; {counts}")


def refused(headrace):
    """What is no filter, with its place."""
    for query, status, words in (
            ("service=nobody", 404, "there is no service"), ("backend=full4", 404, "there is no backend"),
            ("client=me", 400, "an address, a prefix"), ("family=5", 400, "4 or 6"),
            ("limit=many", 400, "a number"), ("state=open", 400, "half-open, established"),
            ("colour=red", 400, "there is service, backend, client"), ("port", 400, "has no value"),
            ("port=1&port=2", 400, "twice")):
        answer = headrace.request("GET", f"/v1/flows?{query}")
        check(answer.status == status and words in answer.body["detail"], f"{query}: {answer}")
    try:
        headrace.command("show", "flows", "--service", "nobody")
    except CommandFailed as error:
        check(re.search(r"exit 1.*refused \(404\): there is no service", str(error), re.S), f"{error}")
    else:
        check(False, "a service that is not there is shown")


def story_reader_goes(lab):
    """A reader that takes no more, and one that comes back late, hold up nobody."""
    world, headrace, connections, _ = make(lab)
    program = [lab.program("headrace"), "--run-dir", headrace.run_dir, "show", "flows", "--json"]
    for _ in range(40):  # more than may be open at once
        with subprocess.Popen(program, stdout=subprocess.PIPE) as child:
            child.stdout.read(1)
            child.kill()
    check(len(headrace.flows()) == len(connections.open), "others are kept from reading")
    headrace.stop()
    answer = headrace.namespace.run("sh", "-c", f"{' '.join(map(str, program))} 2>&1; true")
    check("does headrace-controlplane run" in answer, answer)
    connections.close()


def story_churn(lab):
    """While others come and go, each flow that stays is listed once, every time."""
    world, headrace, connections, _ = make(lab)
    service = world.service("busy", "full-nat", world.services_of(4)[3],
                            timeouts={"tcp_closing": "500ms"})
    headrace.change("POST", "/v1/services", service)
    headrace.wait_ready()
    load = start_http_load(world.client, world.services_of(4)[3], rate=1000, connections=50,
                           per_connection=1)
    load.more(100)
    standing = {ends for ends in map(ends_of, headrace.flows())
                if not ends[1].startswith(world.services_of(4)[3])}
    check(len(standing) == len(connections.open), f"{len(standing)} stand")
    seen = set()
    for _ in range(50):
        listed = collections.Counter(map(ends_of, headrace.flows()))
        check(not standing - set(listed), f"{standing - set(listed)} are missing")
        twice = {ends for ends, count in listed.items() if count > 1}
        check(not twice, f"{twice} are there twice")
        seen |= set(listed)
    check(load.stop()["failed"] == 0, "the load failed")
    check(len(seen) > 10 * len(standing), "nothing came and went")
    head = headrace.request("HEAD", "/v1/flows")
    check((head.status, head.body) == (200, []), f"HEAD: {head}")
    connections.close()
    lab.notes.append(f"50 lists with {len(standing)} that stood, {len(seen)} flows in all")


def answers(connection, seconds=5):
    """Whether the connection is still answered."""
    connection.settimeout(seconds)
    try:
        if connection.type & 0xf == socket.SOCK_DGRAM:
            connection.send(b"hello")
            connection.recv(100)
        else:
            Connections.ask(connection)
    except (TimeoutError, ConnectionError):
        return False
    return True


def ends_of(flow):
    """What tells a flow from the others; a client's port alone may serve two services."""
    return flow["client"], flow["service"]


def flushed(headrace):
    """What the worker counted."""
    return sum(worker["flushed"] for worker in headrace.get("/v1/workers")["workers"])


def story_flush(lab):
    """Flows of full NAT that are ended get no answer any more; all others do."""
    world, headrace, connections, targets = make(lab)
    ended = set()

    def flush(wanted, *options):
        before = {ends_of(flow): flow for flow in headrace.flows()}
        check(not ended & set(before), f"{ended & set(before)} are there again")
        meant = {ends for ends, flow in before.items() if wanted(flow)}
        said = headrace.command("flush", "flow", *options, "--dry-run")
        check(said.startswith(f"{len(meant)} flow"), f"{options}: {said}, not {len(meant)}")
        count = flushed(headrace)
        said = headrace.command("flush", "flow", *options)
        check(said.startswith(f"{len(meant)} flow") and "ended" in said, f"{options}: {said}")
        check(flushed(headrace) - count == len(meant), f"{options}: the worker ended others")
        left = {ends_of(flow) for flow in headrace.flows()}
        check(left == set(before) - meant, f"{options}: {left}")
        ended.update(meant)
        return len(meant)

    one = headrace.flows(service="full4")[0]
    counts = [
        flush(lambda flow: ends_of(flow) == ends_of(one), "--client", one["client"], "--address",
              one["service"], "--protocol", "tcp"),
        flush(lambda flow: flow["backend_name"] == "full6/b3", "--backend", "full6/b3"),
        flush(lambda flow: flow["service_name"] == "echo4", "--service", "echo4"),
        flush(lambda flow: False, "--client", "203.0.113.0/24"),
        flush(lambda flow: flow["family"] == 6 and flow["protocol"] == "udp", "--client",
              "2001:db8:1::/48", "--port", "53"),
    ]
    check(counts[0] == 1 and counts[2] == EACH and counts[3] == 0 and counts[4] == EACH, f"{counts}")
    # UDP of a client that goes on begins a flow anew: TCP does not.
    for (service, client), connection in connections.open.items():
        if not service.startswith("echo"):
            is_ended = (client, end(*targets[service])) in ended
            check(answers(connection, SILENCE if is_ended else 5) != is_ended, f"{service} {client}")
    check(headrace.status()["verdicts"]["no-flow"] > 0, "nothing was refused")
    answer = headrace.change("DELETE", "/v1/flows?all=true").body
    check(answer["complete"] and answer["asked"] > 0 and not headrace.flows(), f"{answer}")
    services = headrace.services()
    check(all(service["flows"] == 0 for service in services.values()), f"{services}")
    check(answers(connections.begin("full4", targets["full4"])), "no new connection after it")
    check(json.loads(headrace.command("flush", "flow", "--all", "--json"))["ended"] >= 1, "--json")
    flush_refused(headrace)
    connections.close()
    check_law(headrace)
    lab.notes.append(f"ended by one tuple, a backend, a service, a prefix that has none, a port: {counts}")


def flush_refused(headrace):
    """Without a filter nothing ends; nor without a dataplane."""
    for query, status, words in (("", 400, "all=true"), ("?limit=3", 400, "limit is for lists"),
                                 ("?all=false", 400, "all=true"), ("?service=nobody", 404, "no service"),
                                 ("?dry_run=true", 400, "there is no \"dry_run\"")):
        answer = headrace.request("DELETE", f"/v1/flows{query}")
        check(answer.status == status and words in answer.body["detail"], f"{query}: {answer}")
    for words in (("flow",), ("flows", "--all"), ("flow", "web", "--all")):
        try:
            headrace.command("flush", *words)
        except CommandFailed as error:
            check("exit 2" in str(error), f"{words}: {error}")
        else:
            check(False, f"{words} is taken")
    headrace.dataplane.kill()
    wait_for(lambda: not headrace.status()["dataplane"]["running"], "the dataplane to be dead")
    check(headrace.request("DELETE", "/v1/flows?all=true").status == 503, "a dead dataplane is asked")
    headrace.start_dataplane()
    headrace.wait_ready()


def story_flush_restarts(lab):
    """Commands reach the worker after either daemon has died and come back."""
    world = two_arms(lab)
    serve_http(world.backends, log_requests=False)
    headrace = world.headrace(world.service("web", "full-nat"))
    headrace.start()
    connections = Connections(world)
    for daemon in ("none", "controlplane", "dataplane", "controlplane"):
        if daemon != "none":
            getattr(headrace, daemon).kill()
            getattr(headrace, f"start_{daemon}")()
            headrace.wait_ready()
        connection = connections.begin("web", (world.vip, 80))
        check("1 flow ended" in headrace.command("flush", "flow", "--client",
                                                 end(*connection.getsockname()[:2])), daemon)
        check(not answers(connection, SILENCE), f"{daemon}: it goes on")
    connections.close()
