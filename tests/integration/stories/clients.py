# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors
"""What a service makes of its clients: which it allows, where it sends them, how long it remembers.

    client, many addresses ---- wan [headrace] lan ---- switch ---- b1 b2 b3
"""

import socket

from lab import check, check_law, curl, http_load, serve_http, serve_udp, two_arms, udp_load, wait_for
from lab.addressing import WAN, WIDTH, socket_family
from lab.clients import try_tcp
from lab.waiting import pass_time

HOST = {4: 32, 6: 128}  # bits of an address


def add_addresses(world, count):
    """More addresses of the client, numbers 101, 102, ..., for who asks for them; all of them."""
    width = WIDTH[world.family]
    more = [WAN[world.family].format(number) for number in range(101, 101 + count)]
    world.client.ip(*(f"addr add {address}/{width} dev eth0" +
                      (" nodad preferred_lft 0" if world.family == 6 else "") for address in more))
    return [world.client.address, *more]


def judge_clients(world):
    """Who is allowed and not denied gets in, the others hear nothing; and so after a change."""
    serve_http(world.backends)
    serve_udp(world.backends)
    first, second, third = add_addresses(world, 2)
    bits = HOST[world.family]
    rules = {"allow": [f"{first}/{bits - 1}"], "deny": [f"{second}/{bits}"]}  # numbers 100 and 101
    headrace = world.headrace(
        world.service("web", "full-nat", **rules),
        world.service("echo", "dnat", port=53, protocol="udp", backend_port=5353, deny=[f"{first}/{bits}"]))
    headrace.start()

    def judge(wanted, when):
        seen = [try_tcp(world.client, world.vip, 80, source, 0.5 if outcome == "silence" else 5)
                for source, outcome in zip((first, second, third), wanted)]
        check(seen == wanted, f"{when}: {seen} instead of {wanted}")
    judge(["open", "silence", "silence"], "at first")
    result = udp_load(world.client, world.vip, 53, count=20, timeout=0.2)
    check(result["lost"] == 20, f"datagrams of one who is denied: {result}")
    wait_for(lambda: [headrace.services()[name]["drops"] for name in ("web", "echo")] == [2, 20],
             "2 and 20 drops to be counted")
    check(check_law(headrace)["denied"] == 22, "not all were counted as denied")

    open_one = world.client.socket(socket_family(first), socket.SOCK_STREAM)
    open_one.settimeout(2)
    open_one.connect((world.vip, 80))
    headrace.change("PATCH", "/v1/services/web", {"allow": [], "deny": [f"{first}/{bits}"]})
    wait_for(headrace.running, "the change to be taken")
    judge(["silence", "open", "open"], "with others denied")
    open_one.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    check(b" 200 " in open_one.recv(1000), "an open connection was broken by it")
    open_one.close()
    check(check_law(headrace)["denied"] == 23, "not all were counted as denied")


def send_by_address(world):
    """By address a client has one backend, whatever its port; by address and port it has all."""
    serve_http(world.backends)
    sources = add_addresses(world, 20)
    headrace = world.headrace(
        world.service("sticky", "dnat", hash_on="address"),
        world.service("spread", "dnat", world.service_addresses[1]))
    headrace.start()
    met = http_load(world.client, world.vip, requests=300)["backends"]
    check(list(met.values()) == [300], f"one client met {met}")
    met_spread = http_load(world.client, world.service_addresses[1], requests=300)["backends"]
    check(sorted(met_spread) == ["b1", "b2", "b3"], f"by address and port it met {met_spread}")
    rounds = [[curl(world.client, world.url, "--interface", source).split()[2] for source in sources]
              for _ in range(2)]
    check(rounds[0] == rounds[1] and rounds[0][0] in met, f"clients moved: {rounds}")
    check(len(set(rounds[0])) == 3, f"21 clients met {set(rounds[0])}")
    check_law(headrace)


def ask(world, port, questions):
    """Datagrams from a port, each answered before the next."""
    with world.client.socket(socket_family(world.vip), socket.SOCK_DGRAM) as asking:
        asking.settimeout(2)
        asking.bind(("", port))
        asking.connect((world.vip, 53))
        for number in range(questions):
            asking.send(bytes([number]))
            check(asking.recv(10) == bytes([number]), "another answer than was sent")


def forget_one_shots(world):
    """A flow of one question and one answer ends by its own timeout; one of more goes on."""
    serve_udp(world.backends)
    headrace = world.headrace(world.service(
        "echo", "full-nat", port=53, protocol="udp", backend_port=5353,
        timeouts={"udp_one_shot": "500ms", "udp": "1h"}))
    headrace.start()

    def flows():
        return headrace.services()["echo"]["flows"]
    for number in range(60):
        # Of its own port: two sockets now and then get one after the other from Linux.
        ask(world, 20000 + number, questions=2 if number < 20 else 1)
    check(headrace.services()["echo"]["flows_started"] == 60, "not a flow for each port")
    wait_for(lambda: flows() == 20, "the 40 flows of one question to end", 5)
    pass_time(1, alive=[headrace.dataplane])
    check(flows() == 20, f"{flows()} of the 20 flows of two questions are left")
    check_law(headrace)


def story_allowed(lab):
    """Over IPv4."""
    judge_clients(two_arms(lab))


def story_allowed_ipv6(lab):
    """Over IPv6."""
    judge_clients(two_arms(lab, family=6))


def story_hash(lab):
    """Over IPv4."""
    send_by_address(two_arms(lab))


def story_hash_ipv6(lab):
    """Over IPv6."""
    send_by_address(two_arms(lab, family=6))


def story_one_shot(lab):
    """Over IPv4."""
    forget_one_shots(two_arms(lab))


def story_one_shot_ipv6(lab):
    """Over IPv6."""
    forget_one_shots(two_arms(lab, family=6))
