# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors
"""Services of both families at once, on the same backends: single ports, ranges, every port.

    client ---- wan [headrace] lan ---- switch ---- b1 b2 b3
    each service address: 80 to b1, 8000-8099 to b2, every other port to b3
"""

from lab import (FarEnds, check, check_law, curl, http_load, serve_http, serve_udp, two_arms, udp_load,
                 wait_for)
from lab.addressing import bracketed, end
from lab.clients import start_http_load, try_tcp
from lab.worlds import HEALTH_CHECK

BACKENDS = {"80": "b1", "8000-8099": "b2", "*": "b3"}
LISTENERS = {80: "b1", 8080: "b2", 8099: "b2", 1: "b3", 81: "b3", 7999: "b3", 8100: "b3", 65535: "b3"}
FORWARDING = {4: "dnat", 6: "full-nat"}
FORWARDING_UDP = {4: "full-nat", 6: "dnat"}  # the other way round


def listeners(world, family, forwarding, protocol):
    """A service each for a port, a range and every port of one address; b2 keeps the port."""
    for number, ports in enumerate(BACKENDS):
        service = world.service(f"ports-{number}-{family}", forwarding,
                                world.services_of(family)[0], port=ports, protocol=protocol,
                                health_check={**HEALTH_CHECK, "port": 8080})
        service["backends"] = [service["backends"][number]]
        if ports == "8000-8099":
            del service["backends"][0]["port"]
        yield service


def listen(world, forwarding, protocol):
    """Headrace with all of them, of each family, and web servers behind them."""
    serve_http(world.backends)
    headrace = world.headrace(*(service for family in world.families for service in
                                listeners(world, family, forwarding[family], protocol)))
    headrace.start()
    return headrace


def check_ports(world, headrace, ask):
    """Of the services that fit a port, the one with fewest ports has it; ask(vip, port, backend)."""
    for family in world.families:
        wanted = {f"ports-{number}-{family}": 0 for number in range(len(BACKENDS))}
        # What is in the range goes there, though nobody listens and another service would have it.
        for port, backend in {**LISTENERS, 8000: "nobody"}.items():
            ask(world.services_of(family)[0], port, backend)
            number = list(BACKENDS.values()).index(LISTENERS.get(port, "b2"))
            wanted[f"ports-{number}-{family}"] += 1
            started = {name: row["flows_started"] for name, row in headrace.services().items()
                       if name in wanted}
            check(started == wanted, f"port {port} of IPv{family}: flows {started}, not {wanted}")
    check_law(headrace)


def story_ports(lab):
    """By TCP, which names who answers."""
    world = two_arms(lab, family=6)
    headrace = listen(world, FORWARDING, "tcp")
    serve_http(world.backends[1:2], 8099)

    def ask(vip, port, backend):
        if backend == "nobody":
            check(try_tcp(world.client, vip, port, seconds=5) == "refused", f"{end(vip, port)} is not b2's")
            return
        body = curl(world.client, f"http://{end(vip, port)}/")
        check(f"served by {backend}" in body, f"{end(vip, port)}: {body.strip('.')}")
    check_ports(world, headrace, ask)


def story_ports_udp(lab):
    """By UDP, forwarded the other way."""
    world = two_arms(lab, family=6)
    headrace = listen(world, FORWARDING_UDP, "udp")
    serve_udp(world.backends, 8080)
    serve_udp(world.backends[1:2], 8099)

    def ask(vip, port, backend):
        result = udp_load(world.client, vip, port, count=1, sockets=1,
                          timeout=0.3 if backend == "nobody" else 5)
        check(result["answered"] == (backend != "nobody"), f"{end(vip, port)}: {result}")
    check_ports(world, headrace, ask)


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
