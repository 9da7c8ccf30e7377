# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors
"""More clients than there is room for: in the flow table, and in the local pool.

    client ---- wan [headrace] lan ---- switch ---- b1 b2 b3
"""

import select
import socket
import time

from lab import check, check_law, serve_http, serve_udp, two_arms, wait_for
from lab.addressing import socket_family

ROOM, CLIENTS = 1024, 4096
PLACES, ASKERS = 100, 200
SETTING = {4: "flows_per_worker", 6: "flows_per_worker_ipv6"}  # each family has a table of its own


def connected(world, count, seconds):
    """So many connections begun at once; those that stand after some seconds at most, and those that still wait."""
    begun = {}
    for _ in range(count):
        connection = world.client.socket(socket_family(world.vip), socket.SOCK_STREAM)
        connection.setblocking(False)
        connection.connect_ex((world.vip, 80))
        begun[connection.fileno()] = connection
    poll, standing = select.poll(), []
    for descriptor in begun:
        poll.register(descriptor, select.POLLOUT)
    end = time.monotonic() + seconds
    while begun and (left := end - time.monotonic()) > 0:
        for descriptor, _ in poll.poll(left * 1000):
            poll.unregister(descriptor)
            connection = begun.pop(descriptor)
            if connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0:
                standing.append(connection)
            else:
                connection.close()
    return standing, list(begun.values())


def accepts(world):
    """Does a new connection stand soon?"""
    standing, waiting = connected(world, 1, 0.2)
    close(standing + waiting)
    return bool(standing)


def close(connections):
    """All of them."""
    for connection in connections:
        connection.close()


def ask(connection):
    """A whole answer on an open connection."""
    connection.settimeout(5)
    connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    text = b""
    while part := connection.recv(65536):
        text += part
    connection.close()
    return text


def fill_table(world):
    """Who is in stays in; who comes later is refused and counted, and let in when there is room."""
    serve_http(world.backends, log_requests=False)
    headrace = world.headrace(world.service("web", "full-nat"))
    headrace.config["dataplane"][SETTING[world.family]] = ROOM
    headrace.write_config()
    headrace.start()
    first, _ = connected(world, ROOM, 10)
    check(len(first) == ROOM, f"only {len(first)} of {ROOM} connections stand")
    later, waiting = connected(world, CLIENTS - ROOM, 0.5)
    check(not later, f"{len(later)} connections more than there is room for")

    def refused():
        return headrace.status()["verdicts"]["flow-table-full"]
    # A SYN that the busy machine lost on its way here comes again.
    wait_for(lambda: refused() >= CLIENTS - ROOM, "all that came later to be counted")
    close(waiting)

    answers = [ask(connection) for connection in first]
    check(all(b"200 OK" in text and b"served by" in text for text in answers), "a broken answer")
    ended = time.monotonic()
    wait_for(lambda: accepts(world), "a new connection to be accepted", 5)
    took = time.monotonic() - ended
    check_law(headrace)
    world.lab.notes.append(f"{len(answers)} finished, {refused()} SYNs refused; {took * 1000:.0f} ms after "
                           "the last end a new one was accepted")


def story(lab):
    """Over IPv4."""
    fill_table(two_arms(lab))


def story_ipv6(lab):
    """Over IPv6."""
    fill_table(two_arms(lab, family=6))


def fill_local_pool(world):
    """One local address with 100 ports, 200 clients, one backend: 100 live, 100 refused."""
    serve_udp(world.backends)
    headrace = world.headrace(world.service("echo", "full-nat", port=53, protocol="udp",
                                            backend_port=5353))
    for pool in headrace.config["local_pools"]:
        pool["ports"] = f"20000-{20000 + PLACES - 1}"
    headrace.write_config()
    headrace.start()
    clients = [world.client.socket(socket_family(world.vip), socket.SOCK_DGRAM) for _ in range(ASKERS)]
    for number, client in enumerate(clients):
        client.sendto(b"%d" % number, (world.vip, 53))
    answered = set()

    def all_answered():
        for number, client in enumerate(clients):
            if number not in answered and select.select([client], [], [], 0)[0]:
                check(client.recv(100) == b"%d" % number, f"client {number} got another's answer")
                answered.add(number)
        return len(answered) >= PLACES
    wait_for(all_answered, f"{PLACES} answers")
    wait_for(lambda: headrace.status()["verdicts"]["no-local-port"] == ASKERS - PLACES,
             f"{ASKERS - PLACES} to be refused")
    all_answered()
    check(len(answered) == PLACES, f"{len(answered)} answers from {PLACES} places")
    flows = headrace.flows()
    places = {flow["local"] for flow in flows if flow["protocol"] == "udp"}
    check(len(places) == PLACES, f"{len(places)} places in use")
    check_law(headrace)
    world.lab.notes.append(f"{len(answered)} live, {ASKERS - PLACES} refused")


def story_local_ports(lab):
    """Over IPv4."""
    fill_local_pool(two_arms(lab, backends=1))


def story_local_ports_ipv6(lab):
    """Over IPv6."""
    fill_local_pool(two_arms(lab, backends=1, family=6))
