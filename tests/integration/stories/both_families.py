# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors
"""Services of both families at once, on the same backends: single ports, ranges, every port.

    client ---- wan [headrace] lan ---- switch ---- b1 b2 b3
    each service address: 80 to b1, 8000-8099 to b2, every other port to b3
"""

from lab import FarEnds, check, check_law, curl, http_load, serve_http, two_arms, wait_for
from lab.addressing import bracketed, end
from lab.clients import start_http_load, try_tcp
from lab.worlds import HEALTH_CHECK

BACKENDS = {"80": "b1", "8000-8099": "b2", "*": "b3"}
FORWARDING = {4: "dnat", 6: "full-nat"}


def listeners(world, family):
    """A service each for a port, a range and every port of one address; b2 keeps the port."""
    for number, ports in enumerate(BACKENDS):
        service = world.service(f"ports-{number}-{family}", FORWARDING[family],
                                world.services_of(family)[0], port=ports,
                                health_check={**HEALTH_CHECK, "port": 8080})
        service["backends"] = [service["backends"][number]]
        if ports == "8000-8099":
            del service["backends"][0]["port"]
        yield service


def story_ports(lab):
    """Of the services that fit a port, the one with fewest ports has it."""
    world = two_arms(lab, family=6)
    serve_http(world.backends)
    serve_http(world.backends[1:2], 8099)
    headrace = world.headrace(*(service for family in world.families
                                for service in listeners(world, family)))
    headrace.start()
    for family in world.families:
        vip = world.services_of(family)[0]
        for port, backend in ((80, "b1"), (8080, "b2"), (8099, "b2"), (1, "b3"), (81, "b3"),
                              (7999, "b3"), (8100, "b3"), (65535, "b3")):
            body = curl(world.client, f"http://{end(vip, port)}/")
            check(f"served by {backend}" in body, f"{end(vip, port)}: {body.strip('.')}")
        # What is in the range goes there, though nobody listens and another service would have it.
        check(try_tcp(world.client, vip, 8000) == "refused", f"{end(vip, 8000)} is not b2's")
    started = {name: service["flows_started"] for name, service in headrace.services().items()}
    wanted = {f"ports-{number}-{family}": flows for number, flows in enumerate((1, 3, 5))
              for family in world.families}
    check(started == wanted, f"flows of services: {started}")
    check_law(headrace)


def story_load(lab):
    """Both loaded; one family's service goes and comes back, and the other's does not notice."""
    world = two_arms(lab, family=6)
    servers = serve_http(world.backends)
    services = {family: world.service(f"web{family}", FORWARDING[family], world.services_of(family)[0])
                for family in world.families}
    headrace = world.headrace(*services.values())
    far_ends = FarEnds(world)
    headrace.start()
    vips = {family: service["addresses"][0] for family, service in services.items()}
    for family, other in ((4, 6), (6, 4)):
        check(http_load(world.client, vips[family], requests=1000)["failed"] == 0,
              f"IPv{family} does not work")
        loads = [start_http_load(world.client, vips[other], rate=400, connections=50,
                                 per_connection=per_connection) for per_connection in (1, 1000000)]
        headrace.change("DELETE", f"/v1/services/web{family}")
        wait_for(headrace.running, f"IPv{family} to be gone")
        headrace.change("POST", "/v1/services", services[family])
        headrace.wait_ready()
        check("served by" in curl(world.client, f"http://{bracketed(vips[family])}/"),
              f"IPv{family} is not back")
        for load in loads:
            load.more(100)
            result = load.stop()
            check(result["failed"] == 0 and sorted(result["backends"]) == ["b1", "b2", "b3"],
                  f"IPv{other} meanwhile: {result}")
    for server in servers.values():
        peers = server.peers()
        check(peers == {world.client.addresses[4], world.local_address}, f"{server.name}: {peers}")
    flows = headrace.flows()
    check({flow["service_name"] for flow in flows} == {"web4", "web6"}, "flows of one family only")
    check_law(headrace, far_ends)
