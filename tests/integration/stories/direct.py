# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors
"""Traffic that is not a service's, beside one that is.

    client 198.51.100.100 ---- wan [headrace, Linux routes] lan ---- switch ---- b1 b2 b3
    dnat: 198.51.100.10:80 and 198.51.100.11:80 -> 10.0.0.11-13:8080
"""

import socket

from lab import check, check_law, http_load, serve_http, two_arms
from lab.addressing import socket_family
from lab.clients import start_http_load
from lab.waiting import pass_time


def balance(world):
    """Two services over the same backends."""
    serve_http(world.backends)
    headrace = world.headrace(*(world.service(f"web{n}", "dnat", world.service_addresses[n])
                                for n in range(2)))
    headrace.start()
    return headrace


def talk_to_backends(world):
    """The client talks to a backend's real address and port while the service is loaded."""
    headrace = balance(world)
    # The client's ports come round again: many are those of connections just closed.
    check(http_load(world.client, world.vip, requests=8000)["failed"] == 0, "the service fails")
    load = start_http_load(world.client, world.vip, rate=500, connections=50)
    pass_time(0.3, alive=[load.process])
    for backend in world.backends:
        result = http_load(world.client, backend.address, 8080, requests=1000, connections=10,
                           per_connection=10)
        check(result["failed"] == 0, f"directly to {backend.name}: {result['kinds']}")
        check(result["backends"] == {backend.name: 1000}, f"answers by {result['backends']}")
    load.more(100)
    result = load.stop()
    check(result["failed"] == 0, f"the service meanwhile: {result}")
    check_law(headrace)
    spoke = headrace.status()["accounts"]["from_linux"]
    check(spoke == 0, f"Linux, asked nothing, sent {spoke} packets by the taps")


def story_backend_itself(lab):
    """Over IPv4."""
    talk_to_backends(two_arms(lab))


def story_backend_itself_ipv6(lab):
    """Over IPv6."""
    talk_to_backends(two_arms(lab, family=6))


def ask(connection, text):
    """One request on an open connection; returns (backend, path echoed)."""
    connection.sendall(f"GET /echo/{text} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    data = b""
    while b"\r\n\r\n" not in data or not data.endswith(b"\n"):
        more = connection.recv(65536)
        check(more, f"the connection ended while waiting for /echo/{text}")
        data += more
    return data.partition(b"\r\n\r\n")[2].decode().split()


def use_one_port_twice(world):
    """One client address and port talks to both addresses at once: never the other's data."""
    headrace = balance(world)
    for port in range(20000, 20040):
        connections = []
        for vip in world.service_addresses[:2]:
            connection = world.client.socket(socket_family(vip), socket.SOCK_STREAM)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            connection.settimeout(5)
            connection.bind((world.client.address, port))
            connection.connect((vip, 80))
            connections.append(connection)
        for turn in range(5):
            for number, connection in enumerate(connections):
                text = f"{port}-{turn}-{number}"
                _, path = ask(connection, text)
                check(path == f"/echo/{text}", f"asked for {text}, got {path}")
        first, second = (ask(connection, "who")[0] for connection in connections)
        check(first != second, f"port {port}: {first} serves both, with one reply tuple")
        for connection in connections:
            connection.close()
    check_law(headrace)


def story_one_port_two_services(lab):
    """Over IPv4."""
    use_one_port_twice(two_arms(lab))


def story_one_port_two_services_ipv6(lab):
    """Over IPv6."""
    use_one_port_twice(two_arms(lab, family=6))
