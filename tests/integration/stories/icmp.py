# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors
"""Paths with a narrow place, of which hosts learn by ICMP or not at all.

    client ---- near ---- wan [headrace] lan ---- switch ---- far ---- server
                router                                        router

Either router sends no more than 1280 bytes to where it is said, and tells senders of
larger packets so; or swallows that, and `mss_clamp` has to do.
"""

import socket
import struct

from lab import Capture, Failure, check, check_law, two_arms, wait_for
from lab.addressing import family_of, socket_family
from lab.bulk import Bulk, Stalled
from lab.topology import link

MEGABYTES = 10
NARROW = 1280
STALL = 2  # seconds
CLAMP = {4: NARROW - 40, 6: NARROW - 60}
CLIENT_NET = {4: ("192.0.2.{}", 24), 6: ("2001:db8:3::{}", 64)}
SERVER_NET = {4: ("10.9.0.{}", 24), 6: ("2001:db8:4::{}", 64)}
ROUTER, HOST = 1, 2
EMPTY_CAPTURE = 24  # bytes
# What routers say of packets that are too big.
TOO_BIG = {4: "ip protocol icmp icmp type destination-unreachable icmp code frag-needed",
           6: "icmpv6 type packet-too-big"}
TOO_BIG_CAPTURED = {4: "icmp[0] = 3 and icmp[1] = 4", 6: "ip6[6] = 58 and ip6[40] = 2"}


def ping(namespace, address):
    """Fails unless the address answers an echo request."""
    family = family_of(address)
    protocol, request, reply = {4: (socket.IPPROTO_ICMP, 8, 0),
                                6: (socket.IPPROTO_ICMPV6, 128, 129)}[family]
    message = struct.pack("!BBHHH", request, 0, 0xffff - (request << 8) - 1 if family == 4 else 0, 1, 0)
    with namespace.socket(socket_family(address), socket.SOCK_RAW, protocol) as own:
        own.settimeout(0.2)
        own.connect((address, 0))

        def answered():
            own.send(message)
            try:
                return own.recv(100)[20 if family == 4 else 0] == reply
            except socket.timeout:
                return False
        wait_for(answered, f"{address} to answer a ping")


def behind(world, router, name, net, leads_to):
    """A host behind a router of the world; the balancer has a route to it."""
    family = world.family
    host = world.host(name)
    address, width = net[family][0], net[family][1]
    nodad = " nodad" if family == 6 else ""
    link(host, "eth0", router, "stub")
    router.sysctl(**{"net/ipv4/ip_forward": 1} if family == 4 else {"net/ipv6/conf/all/forwarding": 1})
    router.ip(f"addr add {address.format(ROUTER)}/{width} dev stub{nodad}")
    host.ip(f"addr add {address.format(HOST)}/{width} dev eth0{nodad}",
            f"route add default via {address.format(ROUTER)}")
    host.address = address.format(HOST)
    world.balancer.ip(f"route add {address.format(0)}/{width} via {leads_to}")
    return host


def narrow(router, host):
    """So many bytes and no more on the way to the host behind the router."""
    router.ip(f"route add {host.address} dev stub mtu lock {NARROW}")


def swallow(router, family):
    """The router tells nobody."""
    router.nft("table inet swallow {\nchain leaving {\ntype filter hook output priority 0\n"
               f"{TOO_BIG[family]} drop\n}}\n}}\n")


def was_told(capture):
    """Fails unless something was captured: tcpdump takes its time."""
    wait_for(lambda: capture.file.stat().st_size > EMPTY_CAPTURE, f"the {capture.file.stem} to be told", 3)
    capture.stop()


class Path:
    """Client, two routers, a balancer and a server."""

    def __init__(self, lab, forwarding, family, megabytes=MEGABYTES, **settings):
        self.world = world = two_arms(lab, backends=1, family=family)
        self.near, self.far = world.client, world.backends[0]
        self.client = behind(world, self.near, "browser", CLIENT_NET, self.near.address)
        self.server = behind(world, self.far, "server", SERVER_NET, self.far.address)
        self.bulk = Bulk(self.server, self.server.address, megabytes)
        service = world.service("bulk", forwarding, health_check={"type": "none"}, **settings)
        service["backends"][0]["address"] = self.server.address
        self.headrace = world.headrace(service)

    def start(self):
        """A balancer that reaches the server, and a client that reaches the balancer."""
        ping(self.world.balancer, self.server.address)
        self.headrace.start()

    def narrow_near(self):
        """Towards the client."""
        narrow(self.near, self.client)

    def narrow_far(self):
        """Towards the server."""
        narrow(self.far, self.server)

    def both_ways(self):
        """All there and all back, without a stall."""
        for move in (self.bulk.download, self.bulk.upload):
            longest = move(self.client, self.world.vip)
            check(longest < STALL, f"{move.__name__}: {longest:.1f} s without a byte")
            # What a host has learned of a path it tells the other by its segment size.
            for host in (self.client, self.server):
                host.run("ip", f"-{self.world.family}", "route", "flush", "cache")
        # Ping is Linux's, as ever.
        ping(self.client, self.world.vip)
        return check_law(self.headrace)


def told(lab, forwarding, family, megabytes=MEGABYTES):
    """Hosts on both sides learn of narrow places on the other."""
    path = Path(lab, forwarding, family, megabytes)
    path.narrow_near()
    path.narrow_far()
    at_server = Capture(path.server, "eth0", TOO_BIG_CAPTURED[family], "server")
    at_client = Capture(path.client, "eth0", TOO_BIG_CAPTURED[family], "client")
    path.start()
    verdicts = path.both_ways()
    was_told(at_server)
    was_told(at_client)
    # Workers that share a CPU may not keep up with each other; TCP makes up for that.
    dropped = {name: n for name, n in verdicts.items()
               if n and not name.startswith("to-") and name != "handoff-full"}
    check(not dropped, f"dropped: {dropped}")


def swallowed(lab, forwarding, family, **settings):
    """Nobody learns of anything."""
    path = Path(lab, forwarding, family, **settings)
    for router in (path.near, path.far):
        swallow(router, family)
    path.narrow_near()
    path.narrow_far()
    path.start()
    return path


def clamped(lab, forwarding, family, megabytes=MEGABYTES):
    """Both have to do with small segments from the beginning."""
    swallowed(lab, forwarding, family, megabytes=megabytes, mss_clamp=CLAMP[family]).both_ways()


def own(lab, forwarding, family):
    """The narrow place is the balancer's own way out."""
    path = Path(lab, forwarding, family)
    path.world.balancer.ip(f"link set lan mtu {NARROW}")
    at_client = Capture(path.client, "eth0", TOO_BIG_CAPTURED[family], "client")
    path.start()
    longest = path.bulk.upload(path.client, path.world.vip)
    check(longest < STALL, f"{longest:.1f} s without a byte")
    verdicts = check_law(path.headrace)
    check(verdicts["too-big-told"] == path.headrace.status()["accounts"]["generated"] > 0, f"{verdicts}")
    was_told(at_client)


def story_swallowed_and_not_clamped(lab):
    """What the others would look like if they did not work."""
    path = swallowed(lab, "full-nat", 4)
    try:
        path.bulk.download(path.client, path.world.vip)
    except Stalled:
        return
    raise Failure("the path is not narrow")


def story_told_dnat(lab):
    """The routers tell, dnat."""
    told(lab, "dnat", 4)


def story_told_full_nat(lab):
    """The routers tell, full-nat."""
    told(lab, "full-nat", 4)


def story_told_dnat_ipv6(lab):
    """The routers tell, dnat over IPv6."""
    told(lab, "dnat", 6)


def story_told_full_nat_ipv6(lab):
    """The routers tell, full-nat over IPv6."""
    told(lab, "full-nat", 6)


def story_clamped_dnat(lab):
    """The routers swallow what they should tell, dnat."""
    clamped(lab, "dnat", 4)


def story_clamped_full_nat_ipv6(lab):
    """The routers swallow what they should tell, full-nat over IPv6."""
    clamped(lab, "full-nat", 6)


def story_own_dnat_ipv6(lab):
    """The balancer tells, dnat over IPv6."""
    own(lab, "dnat", 6)


def story_own_full_nat(lab):
    """The balancer tells, full-nat."""
    own(lab, "full-nat", 4)
