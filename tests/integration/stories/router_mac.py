# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors
"""The router in front of the clients gets another MAC while servers are sending.

    client ---- router ---- wan [headrace] lan ---- switch ---- b1 b2 b3
    each connection is sent a piece every 20 ms and says nothing itself
"""

import json
import selectors
import socket
import threading
import time

from lab import check, check_law, two_arms, wait_for
from lab.addressing import WAN, WIDTH, socket_family
from lab.scripted import Servers, push
from lab.topology import link

PORT = 7000
CONNECTIONS = 50
FAR = {4: "203.0.113.{}", 6: "2001:db8:9::{}"}  # the client's side of the router
ROUTER, CUSTOMER = 254, 9
WITHIN = 1.0  # seconds from Linux's knowing to every connection's next piece


def put_router(world):
    """Takes the client's place on the link; the client moves behind it."""
    family, width = world.family, WIDTH[world.family]
    router, customer = world.client, world.host("customer")
    nodad = " nodad" if family == 6 else ""
    link(customer, "eth0", router, "far")
    router.sysctl(**{"net/ipv4/ip_forward": 1, **({"net/ipv6/conf/all/forwarding": 1} if family == 6 else {})})
    router.ip(f"addr add {WAN[family].format(ROUTER)}/{width} dev eth0{nodad}",
              f"addr add {FAR[family].format(1)}/{width} dev far{nodad}")
    customer.ip(f"addr add {FAR[family].format(CUSTOMER)}/{width} dev eth0{nodad}",
                f"route add default via {FAR[family].format(1)}")
    world.balancer.ip(f"route add default via {WAN[family].format(ROUTER)}")
    return router, customer


class Audience:
    """Connections that only listen, and when each heard something."""

    def __init__(self, customer, target, count):
        self.selector = selectors.DefaultSelector()
        self.heard = [[] for _ in range(count)]
        self.ended, self.stopping = [], False
        for number in range(count):
            own = customer.socket(socket_family(target[0]), socket.SOCK_STREAM)
            own.settimeout(5)
            own.connect(target)
            own.setblocking(False)
            self.selector.register(own, selectors.EVENT_READ, number)
        self.thread = threading.Thread(target=self._listen, daemon=True)
        self.thread.start()

    def _listen(self):
        while not self.stopping:
            for key, _ in self.selector.select(0.1):
                try:
                    piece = key.fileobj.recv(1 << 16)
                except OSError as error:
                    piece = None
                    self.ended.append(f"{key.data}: {error}")
                if piece:
                    self.heard[key.data].append(time.monotonic())
                else:
                    self.selector.unregister(key.fileobj)

    def all_heard_since(self, moment):
        """Has each heard something after this moment?"""
        return all(times and times[-1] > moment for times in self.heard)

    def stop(self):
        """Ends the listening, and the connections."""
        self.stopping = True
        self.thread.join(5)
        for key in list(self.selector.get_map().values()):
            key.fileobj.close()


def neighbour_mac(world):
    """The router's MAC, as the balancer's Linux has it."""
    said = world.balancer.run("ip", "-j", f"-{world.family}", "neigh", "show", WAN[world.family].format(ROUTER))
    return (json.loads(said or "[]") or [{}])[0].get("lladdr")


def change_mac(world, announces, within=WITHIN):
    """All connections hear on within a second of Linux's learning it, by an announcement or by hand."""
    servers = Servers(world.lab)
    for backend in world.backends:
        servers.add(backend, PORT, usual=push(b"piece of it\n" * 20, 0.02))
    router, customer = put_router(world)
    if announces:  # gratuitous ARP, unsolicited neighbour advertisements
        router.sysctl(**{"net/ipv4/conf/eth0/arp_notify": 1, **(
            {"net/ipv6/conf/eth0/ndisc_notify": 1} if world.family == 6 else {})})
    headrace = world.headrace(world.service("push", "dnat" if announces else "full-nat", port=PORT,
                                            backend_port=PORT, health_check={"type": "none"}))
    headrace.start()
    headrace.wait_next_hops()
    audience = Audience(customer, (world.vip, PORT), CONNECTIONS)
    longest = 0.0
    for mac in ("02:00:00:00:05:01", "02:00:00:00:05:02"):
        wait_for(lambda now=time.monotonic(): audience.all_heard_since(now), "every connection to hear something")
        router.ip(f"link set eth0 address {mac}")
        if not announces:
            world.balancer.ip(f"neigh replace {WAN[world.family].format(ROUTER)} "
                              f"lladdr {mac} dev wan nud reachable")
        wait_for(lambda new=mac: neighbour_mac(world) == new, "Linux to learn the new MAC", 20, every=0.005)
        learned = time.monotonic()
        wait_for(lambda now=learned: audience.all_heard_since(now), "every connection to hear on", 20, every=0.005)
        longest = max(longest, time.monotonic() - learned)
    check(not audience.ended, f"connections ended: {audience.ended[:3]}")
    check(longest < within, f"it took {longest:.2f} s from Linux's knowing")
    check(headrace.services()["push"]["flows_started"] == CONNECTIONS, "connections were begun anew")
    audience.stop()
    check_law(headrace)
    world.lab.notes.append(f"{CONNECTIONS} connections heard on {longest * 1000:.0f} ms after Linux knew, at most")


def story_announced(lab):
    """The router announces it."""
    change_mac(two_arms(lab), True)


def story_announced_ipv6(lab):
    """The router announces it, over IPv6."""
    change_mac(two_arms(lab, family=6), True)


def story_told(lab):
    """Nobody says a word; Linux is told by hand."""
    change_mac(two_arms(lab), False)


def story_told_ipv6(lab):
    """Linux is told by hand, over IPv6."""
    change_mac(two_arms(lab, family=6), False)
