# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors
"""HTTP through a dnat service: the backends see the client's own address.

    client 198.51.100.100 ---- wan [headrace] lan ---- switch ---- b1 b2 b3
                               198.51.100.10:80  ->  10.0.0.11-13:8080
"""

from lab import FarEnds, check, check_law, curl, http_load, serve_http, two_arms
from lab.servers import check_served


def balance(world):
    """New and kept connections, every backend, nothing lost, all of it accounted for."""
    servers = serve_http(world.backends)
    headrace = world.headrace(world.service("web", "dnat"))
    far_ends = FarEnds(world)
    headrace.start()

    check("served by b" in curl(world.client, world.url), "curl got another body")
    connections = 1
    for per_connection in (1, 100):
        result = http_load(world.client, world.vip, requests=6000, connections=24,
                           per_connection=per_connection, expect=len(servers["b1"].body) - 1)
        check(result["failed"] == 0 and result["done"] == 6000,
              f"{per_connection} requests a connection: {result['kinds']}")
        connections += result["connections"]
        check(sorted(result["backends"]) == ["b1", "b2", "b3"], f"answers by {result['backends']}")
    check_served(servers, 12001)
    for server in servers.values():
        peers = server.peers()
        check(peers == {world.client.address}, f"{server.name} saw requests from {peers}")

    flows = headrace.services()["web"]["flows_started"]
    check(flows == connections, f"Headrace counted {flows} flows of {connections} connections")
    verdicts = check_law(headrace, far_ends)
    dropped = {name: n for name, n in verdicts.items() if n and not name.startswith("to-")}
    check(not dropped, f"dropped: {dropped}")
    check(headrace.stop() == (0, 0), "a clean stop did not end with 0")


def story(lab):
    """Over IPv4."""
    balance(two_arms(lab))


def story_ipv6(lab):
    """Over IPv6."""
    balance(two_arms(lab, family=6))
