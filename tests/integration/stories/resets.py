# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors
"""A backend goes down, or leaves for good, with connections open: both ends are reset, or nobody is.

    client ---- wan [headrace] lan ---- switch ---- b1 (and b2, which is never up)

b1 goes down by closing its listening socket: what it has accepted lives on, and Linux's own sockets at
both ends are the judges. Services: dnat and full NAT, with `on_backend_down` reset and keep.
"""

import socket
import time

from lab import check, check_law, two_arms, wait_for
from lab.addressing import BALANCER, LAN, socket_family

SERVICES = {f"{forwarding}-{word}": (number, 80 + (word == "keep"), forwarding, word)
            for number, forwarding in enumerate(("dnat", "full-nat")) for word in ("reset", "keep")}
PORT = 8080
HEALTH_CHECK = {"type": "tcp", "interval": "400ms", "timeout": "300ms", "rise": 1, "fall": 2}
DRAIN_TIMEOUT = 2
SOON = 2.0  # a reset is there within a few milliseconds; what comes by time-outs takes longer


class Backend:
    """b1's listening socket."""

    def __init__(self, world):
        self.namespace, self.family = world.backends[0], world.family
        self.listener = None
        self.listen()

    def listen(self):
        """The backend is up."""
        self.listener = self.namespace.socket(socket_family(self.namespace.address), socket.SOCK_STREAM)
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.settimeout(5)
        self.listener.bind((self.namespace.address, PORT))
        self.listener.listen(1000)

    def close(self):
        """The backend is down; what it has accepted stays."""
        self.listener.close()

    def accept(self):
        """The next connection that is not a health check's."""
        while True:
            accepted, peer = self.listener.accept()
            if peer[0] != LAN[self.family].format(BALANCER):
                accepted.settimeout(SOON)
                return accepted
            accepted.close()


class Connection:
    """Open, with its sockets at both ends."""

    def __init__(self, world, backend, service):
        number, port, _, _ = SERVICES[service]
        address = world.service_addresses[number]
        self.service = service
        self.client = world.client.socket(socket_family(address), socket.SOCK_STREAM)
        self.client.settimeout(SOON)
        self.client.connect((address, port))
        self.backend = backend.accept()
        self.works()

    def works(self):
        """There and back."""
        for one, other in ((self.client, self.backend), (self.backend, self.client)):
            one.sendall(b"12345678")
            check(other.recv(100) == b"12345678", f"{self.service}: other bytes")

    def is_reset(self, speaker):
        """That end speaks: both are reset, the other one without a word of its own."""
        getattr(self, speaker).sendall(b"?")
        for end in ("client", "backend"):
            try:
                said = getattr(self, end).recv(100)
                check(False, f"{self.service}, {speaker} spoke: the {end} got {said}")
            except ConnectionResetError:
                pass
            except TimeoutError:
                check(False, f"{self.service}, {speaker} spoke: the {end} was not reset")
        self.close()

    def close(self):
        """Both ends."""
        self.client.close()
        self.backend.close()


def wait_all(headrace, state):
    """b1 is in this state in all services."""
    for service in SERVICES:
        headrace.wait_state(f"{service}/b1", state)


def go_down(headrace, backend, open_ones):
    """Who is reset is so by the first packet; whose backend is back before that lives on."""
    backend.close()
    wait_all(headrace, "down")
    reset = [service for service in SERVICES if service.endswith("reset")]
    for service in SERVICES:
        for speaker in ("client", "backend"):
            if service in reset:
                open_ones[service, speaker].is_reset(speaker)
            else:
                open_ones[service, speaker].works()
    # One packet each, and two resets for it.
    count = 2 * len(reset)
    verdicts, accounts = check_law(headrace), headrace.status()["accounts"]
    check(accounts["generated"] == 2 * count and verdicts["backend-gone-told"] == count,
          f"{accounts}, {verdicts}")
    backend.listen()
    wait_all(headrace, "up")
    for service in SERVICES:
        open_ones[service, "nobody"].works()


def works_until_reset(connection, asked, answered):
    """As long as the drain lasts, which begins between these moments, it works, and not for long after that."""
    while True:
        try:
            connection.works()
        except ConnectionResetError:
            break
    now = time.monotonic()
    check(now - asked > DRAIN_TIMEOUT and now - answered < DRAIN_TIMEOUT + 2,
          f"{connection.service}: reset after {now - asked:.2f} s, {now - answered:.2f} s from the answer on")


def leave(headrace, open_ones):
    """The drain runs out: whatever the service says, both ends are reset."""
    for service in SERVICES:
        asked = time.monotonic()
        headrace.change("DELETE", f"/v1/pools/{service}/backends/b1")
        answered = time.monotonic()
        headrace.wait_state(f"{service}/b1", "removed")
        works_until_reset(open_ones[service, "nobody"], asked, answered)
        for speaker in ("client", "backend"):
            if (service, speaker) in open_ones:
                open_ones[service, speaker].is_reset(speaker)
    wait_for(lambda: not any(name.endswith("/b1") for name in headrace.backends()), "b1 to be gone")


def reset_and_keep(world):
    """First down and up again, then away."""
    backend = Backend(world)
    headrace = world.headrace(*(
        world.service(name, forwarding, world.service_addresses[number], port, backend_port=PORT,
                      on_backend_down=word, health_check=HEALTH_CHECK, timeouts={"tcp_closing": "1s"})
        for name, (number, port, forwarding, word) in SERVICES.items()))
    headrace.config["defaults"] = {"drain_timeout": f"{DRAIN_TIMEOUT}s"}
    headrace.write_config()
    headrace.start(backends_up=len(SERVICES))
    open_ones = {(service, speaker): Connection(world, backend, service)
                 for service in SERVICES for speaker in ("client", "backend", "nobody")}
    go_down(headrace, backend, open_ones)
    for key in [key for key in open_ones if key[0].endswith("reset") and key[1] != "nobody"]:
        del open_ones[key]
    leave(headrace, open_ones)
    backend.close()
    check_law(headrace)


def story(lab):
    """Over IPv4."""
    reset_and_keep(two_arms(lab, backends=2))


def story_ipv6(lab):
    """Over IPv6."""
    reset_and_keep(two_arms(lab, backends=2, family=6))
