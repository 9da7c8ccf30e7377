# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors
"""Backends drained, in maintenance, removed and put back, with connections open all the while.

    client ---- wan [headrace] lan ---- switch ---- b1 b2 b3 (b4 comes last)

Services: direct (dnat, 198.51.100.10) and both (full NAT, .11).
"""

import socket
import time

from lab import check, check_law, http_load, serve_http, two_arms, wait_for
from lab.addressing import socket_family
from lab.waiting import pass_time

SERVICES = {"direct": 0, "both": 1}
DRAIN_TIMEOUT = 3


class Connection:
    """An open connection to a service, and the backend that it is with."""

    def __init__(self, world, service):
        self.socket = world.client.socket(socket_family(world.vip), socket.SOCK_STREAM)
        self.socket.settimeout(3)
        self.socket.connect((world.service_addresses[SERVICES[service]], 80))
        self.backend = self.request()

    def request(self):
        """One request; returns the backend that answered. OSError: the connection is broken."""
        self.socket.sendall(b"GET /echo/x HTTP/1.1\r\nHost: x\r\n\r\n")
        data = b""
        while not data.endswith(b"/echo/x\n"):
            more = self.socket.recv(65536)
            if not more:
                raise ConnectionResetError("closed")
            data += more
        return data.rpartition(b"\r\n\r\n")[2].split()[0].decode()

    def close(self):
        """Ends it cleanly."""
        self.socket.close()


def connect_to(world, service, backend):
    """A connection to this backend, however many it takes."""
    for _ in range(200):
        connection = Connection(world, service)
        if connection.backend == backend:
            return connection
        connection.close()
    return check(False, f"200 connections to {service}, none met {backend}")


def new_ones(world, service):
    """The backends that 100 new connections meet."""
    result = http_load(world.client, world.service_addresses[SERVICES[service]], requests=100,
                       connections=10)
    check(result["failed"] == 0, f"{service}: {result}")
    return set(result["backends"])


def admin_states(world, headrace, service):
    """drain, maint and weight 0 keep what is open and take nothing new; ready takes again."""
    open_one = connect_to(world, service, "b3")
    name = f"{service}/b3"
    for options, state in ((("--drain",), "draining"), (("--ready",), "up"), (("--maint",), "down"),
                           (("--ready", "--weight", "0"), "draining"), (("--weight", "100"), "up")):
        headrace.command("set", "backend", name, *options)
        headrace.wait_state(name, state)
        met = new_ones(world, service)
        check(met == ({"b1", "b2", "b3"} if state == "up" else {"b1", "b2"}),
              f"{name} {options}: new connections met {met}")
        check(open_one.request() == "b3", f"{name} {options}: the open connection moved")
    open_one.close()


def restarted(world, headrace):
    """A drain is no doubt of a backend's health, and a new control plane has none."""
    open_one = connect_to(world, "direct", "b3")
    headrace.command("set", "backend", "direct/b3", "--drain")
    headrace.wait_state("direct/b3", "draining")
    headrace.controlplane.kill()
    headrace.start_controlplane()
    states = wait_for(headrace.backends, "the next control plane")
    check(states["direct/b3"]["state"] == "draining", f"{states['direct/b3']}")
    check(open_one.request() == "b3", "the open connection moved")
    headrace.command("set", "backend", "direct/b3", "--ready")
    headrace.wait_state("direct/b3", "up")
    open_one.close()


def removed_and_back(world, headrace, service):
    """Removed with a connection open, and put back: it is the same backend again."""
    path = f"/v1/pools/{service}/backends"
    open_one = connect_to(world, service, "b3")
    before = headrace.backends()[f"{service}/b3"]
    config = headrace.get(f"{path}/b3")["config"]
    headrace.change("DELETE", f"{path}/b3")
    headrace.wait_state(f"{service}/b3", "removed")
    check(new_ones(world, service) == {"b1", "b2"}, "new connections met a removed backend")
    check(open_one.request() == "b3", "the open connection moved")
    headrace.change("POST", path, config)
    headrace.wait_state(f"{service}/b3", "up")
    after = headrace.backends()[f"{service}/b3"]
    check(after["flows_started"] >= before["flows_started"] > 0 and after["flows"] >= 1,
          f"it is another backend: {before}, then {after}")
    check(open_one.request() == "b3", "the open connection moved")
    check("b3" in new_ones(world, service), "it takes no new connections")
    open_one.close()


def timed_out(world, headrace, service):
    """Removed, and drain_timeout is over: the connection is reset, and b3 is gone when b4 comes."""
    path = f"/v1/pools/{service}/backends"
    open_one = connect_to(world, service, "b3")
    headrace.change("DELETE", f"{path}/b3")
    headrace.wait_state(f"{service}/b3", "removed")

    def ends():
        try:
            check(open_one.request() == "b3", "the open connection moved")
        except ConnectionResetError:
            return True
        return False
    wait_for(ends, "the open connection to be reset", DRAIN_TIMEOUT + 2)
    wait_for(lambda: f"{service}/b3" not in headrace.backends() and headrace.running(), "b3 to be gone")
    headrace.change("POST", path, {"name": "b4", "address": world.backends[3].address, "port": 8080})
    headrace.wait_state(f"{service}/b4", "up")
    check("b4" in new_ones(world, service), "b4 takes no new connections")
    open_one.close()


def drain(world):
    """No open connection is lost before its time, and none ever meets another backend."""
    serve_http(world.backends, log_requests=False)
    services = [world.service(name, forwarding, world.service_addresses[SERVICES[name]],
                              timeouts={"tcp_closing": "1s"})
                for name, forwarding in (("direct", "dnat"), ("both", "full-nat"))]
    for service in services:
        service["backends"].pop()
    headrace = world.headrace(*services)
    headrace.config["defaults"] = {"drain_timeout": f"{DRAIN_TIMEOUT}s"}
    headrace.write_config()
    headrace.start()
    for service in SERVICES:
        admin_states(world, headrace, service)
    restarted(world, headrace)
    headrace.change("PUT", "/v1/config", {**headrace.get("/v1/config"),
                                          "defaults": {"drain_timeout": "60s"}})
    for service in SERVICES:
        removed_and_back(world, headrace, service)
    headrace.change("PUT", "/v1/config", {**headrace.get("/v1/config"),
                                          "defaults": {"drain_timeout": f"{DRAIN_TIMEOUT}s"}})
    for service in SERVICES:
        timed_out(world, headrace, service)
    check_law(headrace)


def story(lab):
    """Over IPv4."""
    drain(two_arms(lab, backends=4))


def story_ipv6(lab):
    """Over IPv6."""
    drain(two_arms(lab, backends=4, family=6))


def goes_on(connection, seconds):
    """Requests on an open connection, all answered by the backend that it is with."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        check(connection.request() == connection.backend, "the open connection moved")
        pass_time(0.05)


def turn(world):
    """A dnat service turns to another pool, then to full NAT: what is open goes on, guarded."""
    b1, b2, b3 = (backend.address for backend in world.backends)
    serve_http(world.backends, log_requests=False)
    service = world.service("direct", "dnat", timeouts={"tcp_closing": "1s"})
    rows, health_check = service.pop("backends"), service.pop("health_check")
    headrace = world.headrace({**service, "pool": "blue"})
    headrace.config["pools"] = [
        {"name": "blue", "health_check": health_check, "backends": rows[:2]},
        {"name": "green", "health_check": health_check, "backends": rows[2:]}]
    headrace.write_config()
    headrace.start()
    blue = connect_to(world, "direct", "b1")
    headrace.change("PATCH", "/v1/services/direct", {"pool": "green"})
    headrace.change("PATCH", "/v1/pools/green/backends/b3", {"weight": 50})  # and one more change
    wait_for(headrace.running, "the other pool to be used")
    goes_on(blue, 2.5)
    check(new_ones(world, "direct") == {"b3"}, "new connections met the pool of before")
    check(b1 in world.guarded("endpoints"), f"the guard forgot b1: {world.guarded('endpoints')}")
    wait_for(lambda: b2 not in world.guarded("endpoints"), "b2, which has no flows, to be forgotten")

    green = Connection(world, "direct")
    headrace.change("PATCH", "/v1/services/direct", {"forwarding": "full-nat", "local_pool": "nat"})
    wait_for(headrace.running, "full NAT to be used")
    goes_on(green, 1.5)
    goes_on(blue, 0.5)
    check(new_ones(world, "direct") == {"b3"}, "new connections met the pool of before")
    blue.close()
    wait_for(lambda: b1 not in world.guarded("endpoints"), "b1 to be forgotten", 15)
    check(b3 in world.guarded("endpoints"), f"the guard forgot b3: {world.guarded('endpoints')}")
    green.close()
    check_law(headrace)


def story_turned(lab):
    """Over IPv4."""
    turn(two_arms(lab))


def story_turned_ipv6(lab):
    """Over IPv6."""
    turn(two_arms(lab, family=6))
