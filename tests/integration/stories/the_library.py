# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors
"""The test library itself, with Linux's own NAT in the place of Headrace: does it see what is wrong?

    client ---- wan [nft dnat to b1] lan ---- switch ---- b1
"""

from lab import Capture, FarEnds, check, curl, http_load, serve_http, serve_udp, two_arms, udp_load
from lab.clients import start_http_load
from lab.waiting import pass_time

RULES = """
table ip nat {
    chain pre {
        type nat hook prerouting priority -100;
        ip daddr 198.51.100.10 tcp dport 80 dnat to 10.0.0.11:8080
        ip daddr 198.51.100.10 udp dport 53 dnat to 10.0.0.11:5353
    }
}
"""


def story(lab):
    """What works is counted as working, at both ends, and each failure is called by its name."""
    world = two_arms(lab, backends=1)
    world.balancer.ip("addr add 198.51.100.10/32 dev wan")
    world.balancer.nft(RULES)
    servers = serve_http(world.backends)
    serve_udp(world.backends)
    far_ends = FarEnds(world)

    check("served by b1" in curl(world.client, f"http://{world.vip}/"), "curl got another body")
    result = http_load(world.client, world.vip, requests=2000, connections=16)
    check(result["done"] == 2000 and result["failed"] == 0, f"new connections: {result}")
    check(result["backends"] == {"b1": 2000}, f"answers by backend: {result['backends']}")
    result = http_load(world.client, world.vip, requests=2000, connections=16, per_connection=500)
    check(result["done"] == 2000 and result["connections"] <= 17, f"kept connections: {result}")
    check(servers["b1"].requests_served() == 4001, "nginx counted other requests than the client")
    result = udp_load(world.client, world.vip, 53, count=3000)
    check(result["answered"] == 3000, f"datagrams: {result}")
    sent, received = far_ends.totals()
    check(sent == received > 20000, f"far ends sent {sent} and received {received}")

    resets = Capture(world.client, "eth0", "tcp[tcpflags] & tcp-rst != 0", "resets")
    load = start_http_load(world.client, world.vip, rate=500, connections=8)
    pass_time(0.5, alive=[load.process])
    servers["b1"].kill()
    pass_time(0.2)
    servers["b1"].start()
    pass_time(0.3)
    result = load.stop()
    check(result["kinds"].get("refused", 0) > 10, f"a killed server was not noticed: {result}")
    check(result["done"] + result["failed"] == result["requests"], f"requests got lost: {result}")
    check(len(resets.stop()) >= result["kinds"]["refused"], "the capture missed resets")

    world.backends[0].set_link("eth0", up=False)
    result = http_load(world.client, world.vip, requests=4, connections=4, timeout=0.5)
    check(result["kinds"] == {"connect-timeout": 4}, f"a dead link was not noticed: {result}")
    result = udp_load(world.client, world.vip, 53, count=10, timeout=0.3)
    check(result["lost"] == 10, f"lost datagrams were not noticed: {result}")
