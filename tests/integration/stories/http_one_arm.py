# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors
"""HTTP through a full-nat service on one port: packets leave by the port they came in.

    client 10.0.0.100 ---.
                         switch ---- lan [headrace]  10.0.0.80:80 -> from 10.0.0.250:*
    b1 b2 b3 ------------'                           to 10.0.0.11-13:8080
"""

from lab import FarEnds, check, check_law, http_load, one_arm, serve_http
from lab.servers import check_served


def balance(world):
    """As with two ports: nothing lost, every backend, all of it accounted for."""
    servers = serve_http(world.backends)
    headrace = world.headrace(world.service("web", "full-nat"))
    far_ends = FarEnds(world)
    headrace.start()

    for per_connection in (1, 100):
        result = http_load(world.client, world.vip, requests=6000, connections=24,
                           per_connection=per_connection)
        check(result["failed"] == 0 and result["done"] == 6000,
              f"{per_connection} requests a connection: {result['kinds']}")
        check(sorted(result["backends"]) == ["b1", "b2", "b3"], f"answers by {result['backends']}")
    check_served(servers, 12000)
    ports = headrace.status()["dataplane"]["ports"]
    check([port["name"] for port in ports] == ["lan"], f"more than one port: {ports}")
    verdicts = check_law(headrace, far_ends)
    dropped = {name: n for name, n in verdicts.items() if n and not name.startswith("to-")}
    check(not dropped, f"dropped: {dropped}")


def story(lab):
    """Over IPv4."""
    balance(one_arm(lab))


def story_ipv6(lab):
    """Over IPv6."""
    balance(one_arm(lab, family=6))
