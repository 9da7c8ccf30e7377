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
"""

from .headrace import Headrace
from .topology import Namespace, Switch, link

LOCAL_ADDRESS = "10.0.0.250"
LAN_ADDRESS = "10.0.0.1"

# Quick enough to watch, slow enough that a busy machine does not fail a check.
HEALTH_CHECK = {"type": "http", "path": "/healthz", "interval": "400ms", "timeout": "300ms",
                "rise": 2, "fall": 3}
TIME_TO_NOTICE = 3 * 0.4 + 0.3  # fall x interval + timeout


class World:
    """A client, a balancer and backends, wired up; not yet a load balancer."""

    def __init__(self, lab, service_addresses):
        self.lab = lab
        self.service_addresses = service_addresses
        self.ports = []
        self.client = None
        self.balancer = Namespace(lab, "balancer")
        self.balancer.sysctl(**{"net/ipv4/ip_forward": 1})
        self.switch = Switch(lab, "switch")
        self.backends = []

    @property
    def vip(self):
        """The first service address."""
        return self.service_addresses[0]

    def add_backends(self, count):
        """Backends b1, b2, ... at 10.0.0.11, .12, ..., behind the balancer."""
        self.switch.plug(self.balancer, "lan")
        self.balancer.ip(f"addr add {LAN_ADDRESS}/24 dev lan")
        self.ports.append("lan")
        for number in range(1, count + 1):
            backend = Namespace(self.lab, f"b{number}")
            backend.address = f"10.0.0.{10 + number}"
            self.switch.plug(backend, "eth0")
            backend.ip(f"addr add {backend.address}/24 dev eth0",
                       f"route add default via {LAN_ADDRESS}")
            self.backends.append(backend)

    def set_plug(self, backend, plugged):
        """Pulls a backend's cable out of the switch, or puts it back."""
        self.switch.set_link(f"{backend.name}-eth0", plugged)

    def service(self, name, forwarding, address=None, port=80, protocol="tcp", backend_port=8080,
                weights=None, health_check=None, **settings):
        """A service over all backends, as the configuration has it."""
        weights = weights or [100] * len(self.backends)
        service = {
            "name": name, "addresses": [address or self.vip], "ports": [str(port)],
            "protocol": protocol, "forwarding": forwarding, "hash_on": "address_port",
            "backends": [{"name": backend.name, "address": backend.address,
                          "port": backend_port, "weight": weight}
                         for backend, weight in zip(self.backends, weights)],
        }
        if protocol == "tcp":
            service["health_check"] = health_check or HEALTH_CHECK
        elif health_check:
            service["health_check"] = health_check
        if forwarding == "full-nat":
            service["local_pool"] = "nat"
        return {**service, **settings}

    def headrace(self, *services, **dataplane):
        """Headrace on the balancer, configured with these services; not yet started."""
        return Headrace(self.lab, self.balancer, {
            "node": {"name": "balancer"},
            "dataplane": {
                "ports": [{"name": port, "device": f"af_xdp:{port}"} for port in self.ports],
                "flows_per_worker": 200000, "idle": "sleep", **dataplane},
            "local_pools": [{"name": "nat", "addresses": [LOCAL_ADDRESS], "ports": "1024-65535"}],
            "services": list(services),
        })


def two_arms(lab, backends=3, services=4):
    """Clients on one side of the balancer, backends on the other."""
    world = World(lab, [f"198.51.100.{10 + number}" for number in range(services)])
    world.client = Namespace(lab, "client")
    world.client.address = "198.51.100.100"
    link(world.client, "eth0", world.balancer, "wan")
    world.balancer.ip("addr add 198.51.100.1/24 dev wan")
    world.client.ip("addr add 198.51.100.100/24 dev eth0", "route add default via 198.51.100.1")
    world.ports.append("wan")
    world.add_backends(backends)
    return world


def one_arm(lab, backends=3, services=4):
    """Everybody on one wire; the balancer has one port."""
    world = World(lab, [f"10.0.0.{80 + number}" for number in range(services)])
    world.add_backends(backends)
    world.client = Namespace(lab, "client")
    world.client.address = "10.0.0.100"
    world.switch.plug(world.client, "eth0")
    world.client.ip("addr add 10.0.0.100/24 dev eth0")
    return world
