# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors

"""The two topologies nearly every test uses, and the configuration that goes with them.

two_arms:

    client              balancer                         switch        b1 10.0.0.11
    198.51.100.100 ---- wan 198.51.100.1                   |      .--- b2 10.0.0.12
                        lan 10.0.0.1 --------------------- br0 --+---- b3 10.0.0.13

one_arm (one port, in and out of it; clients and backends on the same wire):

    client 10.0.0.100 ---.
                         br0 ---- lan 10.0.0.1 balancer
    b1 b2 b3 ------------'

Service addresses: 198.51.100.10, .11, ... (two arms), 10.0.0.80, .81, ... (one arm).
Local address of full NAT: 10.0.0.250. The backends' default route is the balancer.

A world of family 4 has no IPv6. A world of family 6 has both (lab/addressing.py), and
what it hands out without being asked for a family is IPv6.

With ports of another kind than AF_XDP (run.py --ports memif) the same names and addresses are on cards
and taps (lab/cards.py), and next hops come from the configuration.

An impairing hop (lab/impaired.py) can stand in the client's link or in the balancer's to the switch.
"""

from .addressing import (BALANCER, CLIENT, LAN, LOCAL, WAN, assign, bracketed, default_route,
                         family_of)
from .cards import MAC, Cards
from .headrace import Headrace
from .impaired import Hop
from .topology import Namespace, Switch, link

# Quick enough to watch, slow enough that a busy machine does not fail a check.
HEALTH_CHECK = {"type": "http", "path": "/healthz", "interval": "400ms", "timeout": "300ms",
                "rise": 2, "fall": 3}
GUARD_SUFFIX = {4: "", 6: "_ipv6"}  # of the guard's sets
TIME_TO_NOTICE = 3 * 0.4 + 0.3  # fall x interval + timeout


class World:
    """A client, a balancer and backends, wired up; not yet a load balancer."""

    def __init__(self, lab, family, service_side, first_service, services, ports=None):
        self.lab = lab
        self.family = family
        self.families = (4,) if family == 4 else (4, 6)
        self._services = {each: [service_side[each].format(first_service + number)
                                 for number in range(services)] for each in self.families}
        self.service_addresses = self._services[family]
        self.local_address = LAN[family].format(LOCAL)
        self.lan_address = LAN[family].format(BALANCER)
        self.ports = []
        self.client = None
        self.hop = None
        self.balancer = self.host("balancer")
        self.balancer.sysctl(**{"net/ipv4/ip_forward": 1})
        if 6 in self.families:
            self.balancer.sysctl(**{"net/ipv6/conf/all/forwarding": 1})
        self.cards = Cards(lab, self.balancer, self.families) if (ports or lab.ports) == "memif" else None
        self.wires = self.cards.namespace if self.cards else self.balancer  # where the ports' links end
        self.switch = Switch(lab, "switch")
        self.backends = []

    def host(self, name):
        """A namespace with the families of this world."""
        return Namespace(self.lab, name, self.families)

    @property
    def vip(self):
        """The first service address."""
        return self.service_addresses[0]

    @property
    def url(self):
        """Of the first service address, by HTTP."""
        return f"http://{bracketed(self.vip)}/"

    def services_of(self, family):
        """The service addresses of a family."""
        return self._services[family]

    def add_port(self, name, side):
        """The balancer's port on a side, with its address; the wire is there."""
        self.ports.append(name)
        if self.cards:
            self.cards.add_addresses(name, side)
        else:
            self.balancer.ip(*assign(side, BALANCER, self.families, name))

    def mac(self, port):
        """The MAC address of a port."""
        return MAC.format(self.ports.index(port)) if self.cards else self.balancer.mac(port)

    def add_client(self, side):
        """Client number 100 of a side; its interface eth0 is there."""
        self.client.ip(*assign(side, CLIENT, self.families, "eth0"))
        self.client.addresses = {each: side[each].format(CLIENT) for each in self.families}
        self.client.address = self.client.addresses[self.family]

    def wire(self, one, interface, other, other_interface, hop):
        """Links two namespaces (a switch: plugs one in), with the hop between them if it is to be there."""
        if hop:
            self.hop = Hop(self.lab)
            self.hop.join(one, interface)
            one, interface = self.hop, "other"
        if other is self.switch:
            self.switch.plug(one, interface)
        else:
            link(one, interface, other, other_interface)

    def add_backends(self, count, hop=False):
        """Backends b1, b2, ..., numbers 11, 12, ... of the lan side, behind the balancer."""
        self.wire(self.wires, "lan", self.switch, None, hop)
        self.add_port("lan", LAN)
        for number in range(11, 11 + count):
            backend = self.host(f"b{number - 10}")
            backend.addresses = {each: LAN[each].format(number) for each in self.families}
            backend.address = backend.addresses[self.family]
            self.switch.plug(backend, "eth0")
            backend.ip(*assign(LAN, number, self.families, "eth0"),
                       *default_route(LAN, self.families))
            self.backends.append(backend)

    def remove_default_routes(self):
        """The backends reach nobody but their neighbours."""
        for backend in self.backends:
            for family in self.families:
                backend.run("ip", f"-{family}", "route", "del", "default")

    def guarded(self, name):
        """A set of the guard's, that of this family, as nft writes it."""
        return self.balancer.run("nft", "list", "set", "netdev", "headrace",
                                 name + GUARD_SUFFIX[self.family])

    def set_plug(self, backend, plugged):
        """Pulls a backend's cable out of the switch, or puts it back."""
        self.switch.set_link(f"{backend.name}-eth0", plugged)

    def service(self, name, forwarding, address=None, port=80, protocol="tcp", backend_port=8080,
                weights=None, health_check=None, **settings):
        """A service over all backends, as the configuration has it; of its address's family."""
        address = address or self.vip
        family = family_of(address)
        weights = weights or [100] * len(self.backends)
        service = {
            "name": name, "addresses": [address], "ports": [str(port)],
            "protocol": protocol, "forwarding": forwarding, "hash_on": "address_port",
            "backends": [{"name": backend.name, "address": backend.addresses[family],
                          "port": backend_port, "weight": weight}
                         for backend, weight in zip(self.backends, weights)],
        }
        if protocol == "tcp":
            service["health_check"] = health_check or HEALTH_CHECK
        elif health_check:
            service["health_check"] = health_check
        if forwarding == "full-nat":
            service["local_pool"] = self._local_pool(family)
        return {**service, **settings}

    def _local_pool(self, family):
        return "nat" if family == self.family else f"nat{family}"

    def _ports(self, queues):
        """Of the configuration, with what goes with them."""
        if not self.cards:
            return {"ports": [{"name": port, "device": f"af_xdp:{port}"} for port in self.ports]}
        neighbours = [(self.client, self.ports[0]), *((host, "lan") for host in self.backends)]
        return {"ports": self.cards.insert(self.ports, queues),
                "next_hops": [{"address": address, "mac": host.mac("eth0"), "port": port}
                              for host, port in neighbours for address in host.addresses.values()]}

    def headrace(self, *services, **dataplane):
        """Headrace on the balancer, configured with these services; not yet started."""
        headrace = Headrace(self.lab, self.balancer, {
            "node": {"name": "balancer"},
            "dataplane": {
                **self._ports(dataplane.get("workers", self.lab.workers)),
                "flows_per_worker": 200000, "idle": "sleep", **dataplane},
            "local_pools": [{"name": self._local_pool(family), "addresses": [LAN[family].format(LOCAL)],
                             "ports": "1024-65535"} for family in self.families],
            "services": list(services),
        })
        if self.cards:
            headrace.options += ["--rss-key", self.cards.key_file()]
            headrace.cards = self.cards
        return headrace


def two_arms(lab, backends=3, services=4, family=4, ports=None, hop=None):
    """Clients on one side of the balancer, backends on the other; ports of a kind, or the lab's; a
    hop at "client" or "backends"."""
    world = World(lab, family, WAN, 10, services, ports)
    world.client = world.host("client")
    world.wire(world.client, "eth0", world.wires, "wan", hop == "client")
    world.add_port("wan", WAN)
    world.add_client(WAN)
    world.client.ip(*default_route(WAN, world.families))
    world.add_backends(backends, hop == "backends")
    return world


def one_arm(lab, backends=3, services=4, family=4):
    """Everybody on one wire; the balancer has one port."""
    world = World(lab, family, LAN, 80, services)
    world.add_backends(backends)
    world.client = world.host("client")
    world.switch.plug(world.client, "eth0")
    world.add_client(LAN)
    return world
