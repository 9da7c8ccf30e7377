# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors
"""HTTP through a full-nat service: the backends see a local address of the balancer.

    client 198.51.100.100 ---- wan [headrace] lan ---- switch ---- b1 b2 b3
                               198.51.100.10:80  ->  from 10.0.0.250:* to 10.0.0.11-13:8080
"""

from lab import FarEnds, check, check_law, curl, http_load, serve_http, two_arms
from lab.servers import check_served


def check_room(headrace):
    """The local pool tells of the busiest backend, and how much room it leaves."""
    name = headrace.config["services"][0]["local_pool"]
    pool, = [pool for pool in headrace.get("/v1/local_pools")["local_pools"] if pool["name"] == name]
    flows = {name: row["flows"] for name, row in headrace.backends().items()}
    first, last = map(int, pool["ports"].split("-"))
    check(pool["places"] == (last - first + 1) * len(pool["addresses"]), f"{pool}")
    check(pool["flows"] >= max(flows.values()) > 0, f"{pool}, {flows}")
    check(pool["busiest"].split("/")[1] in ("b1", "b2", "b3"), f"{pool}")
    for row in [pool, *pool["addresses"]]:
        check(abs(row["used"] - pool["flows"] / pool["places"]) < 1e-9, f"{pool}")
    shown = headrace.command("show", "local-pools")
    check(pool["busiest"] in shown and pool["ports"] in shown, shown)


def balance(world):
    """New and kept connections, every backend, nothing lost, all of it accounted for."""
    # Full NAT needs no route back through the balancer.
    world.remove_default_routes()
    servers = serve_http(world.backends)
    headrace = world.headrace(world.service("web", "full-nat"))
    far_ends = FarEnds(world)
    headrace.start()

    check("served by b" in curl(world.client, world.url), "curl got another body")
    for per_connection in (1, 100):
        result = http_load(world.client, world.vip, requests=6000, connections=24,
                           per_connection=per_connection)
        check(result["failed"] == 0 and result["done"] == 6000,
              f"{per_connection} requests a connection: {result['kinds']}")
        check(sorted(result["backends"]) == ["b1", "b2", "b3"], f"answers by {result['backends']}")
    check_room(headrace)
    check_served(servers, 12001)
    for server in servers.values():
        peers = server.peers()
        check(peers == {world.local_address}, f"{server.name} saw requests from {peers}")

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
