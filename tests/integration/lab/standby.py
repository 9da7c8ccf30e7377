# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors

"""Two nodes that stand in for each other, of Headrace or of keepalived.

    client                  n0  wan .2  lan .2                 b1 .11
    198.51.100.100 --- sw --+                   +--- sl ------ b2 .12      .10 is "beside": an echo
    (2001:db8:1::100)       n1  wan .3  lan .3                 b3 .13      on the client's switch

Virtual: the service 198.51.100.10 on the wan side; 10.0.0.1, the backends' gateway, on the lan
side. One group, an instance for each side and family: 51 and 52, of IPv6 61 and 62.
"""

import json
import os
import re
from pathlib import Path

from .addressing import CLIENT, LAN, LOCAL, WAN, assign, bracketed, default_route
from .clients import _fresh
from .headrace import Headrace
from .processes import exists
from .servers import serve_udp
from .topology import Namespace, Switch
from .vrrp import Keepalived, Lease
from .waiting import wait_for

VIRTUAL = 10  # the service, on the wan side
GATEWAY = 1   # the backends' router, on the lan side
BESIDE = 9    # an echo that no node stands before
NUMBERS = (2, 3)  # of the nodes on both sides
IDS = {4: (51, 52), 6: (61, 62)}  # wan, lan
WIDTH = {4: 32, 6: 128}
UDP_PORT = 5353
SERVICE_PORT = {"udp": 53, "tcp": 80}


class Node:
    """One of them: a host with a leg on each side."""

    def __init__(self, pair, number):
        self.pair = pair
        self.number = number
        self.host = Namespace(pair.lab, f"n{number}", pair.families)
        self.host.sysctl(**{"net/ipv4/ip_forward": 1})
        if 6 in pair.families:
            self.host.sysctl(**{"net/ipv6/conf/all/forwarding": 1})
        for interface, switch, side in (("wan", pair.wan, WAN), ("lan", pair.lan, LAN)):
            switch.plug(self.host, interface)
            self.host.ip(*assign(side, NUMBERS[number], pair.families, interface))
        self.headrace = None

    def set_plugs(self, plugged):
        """Cuts its paths at both switches, or mends them."""
        for switch, interface in ((self.pair.wan, "wan"), (self.pair.lan, "lan")):
            switch.set_link(f"{self.host.name}-{interface}", plugged)

    def holds(self, family=None):
        """Has it the service's address?"""
        family = family or self.pair.family
        shown = json.loads(self.host.run("ip", "-j", "addr", "show", "dev", "wan"))
        return any(each["local"] == self.pair.service_address(family)
                   for each in shown[0]["addr_info"])

    # Headrace.

    def configure(self, **group):
        """Writes its configuration: the pair's, with its own node section."""
        config = self.pair.configuration(self.number, **group)
        if self.headrace is None:
            self.headrace = Headrace(self.pair.lab, self.host, config, f"node{self.number}")
            self.pair.lab.defer(self.end_vrrp)
        else:
            self.headrace.config = config
            self.headrace.write_config()

    def start(self):
        """Starts all of it, and waits until it balances or could."""
        self.headrace.start()
        wait_for(self.vrrp_pid, f"headrace-vrrp of node {self.number}")

    def vrrp_pid(self):
        """Of its headrace-vrrp; None: it does not run. The control plane starts it, not we."""
        try:
            text = (self.headrace.run_dir / "vrrp.lock").read_text(encoding="ascii")
        except OSError:
            return None
        pid = int(re.match(r"\d*", text).group() or 0)
        try:
            name = Path(f"/proc/{pid}/comm").read_text(encoding="ascii").strip()
        except OSError:
            return None
        return pid if name == "headrace-vrrp" and exists(pid) else None

    def signal_vrrp(self, number):
        """Signals its headrace-vrrp, if it runs."""
        pid = self.vrrp_pid()
        if pid:
            self.host.run("kill", f"-{number}", pid)

    def end_vrrp(self):
        """With the lab: nobody else does."""
        pid = self.vrrp_pid()
        if pid:
            self.signal_vrrp(9)
            wait_for(lambda: not exists(pid), "headrace-vrrp to end")

    def signal_all(self, number):
        """All of its programs, as nearly at once as one command does it."""
        pids = [self.headrace.dataplane.pid, self.headrace.controlplane.pid, self.vrrp_pid()]
        self.host.run("kill", f"-{number}", *[pid for pid in pids if pid])

    def kill(self):
        """The node dies: every program of it."""
        self.signal_all(9)
        for process in (self.headrace.dataplane, self.headrace.controlplane):
            process.kill()

    def may_serve(self):
        """Does its lease run? Asked of the file, which takes no program."""
        lease = Lease(self.headrace.run_dir)
        try:
            return lease.holds()
        finally:
            lease.close()

    def state(self):
        """Of its group, as the API tells."""
        return self.headrace.get("/v1/vrrp_groups")["vrrp_groups"][0]["state"]


class Pair:
    """The client, the nodes and the backends."""

    def __init__(self, lab, family=4, backends=3):
        self.lab = lab
        self.family = family
        self.families = (4,) if family == 4 else (4, 6)
        self.wan, self.lan = Switch(lab, "sw"), Switch(lab, "sl")
        self.nodes = [Node(self, number) for number in (0, 1)]
        self.client = self._host("client", self.wan, WAN, CLIENT)
        self.beside = self._host("beside", self.wan, WAN, BESIDE)
        self.backends = [self._host(f"b{i + 1}", self.lan, LAN, 11 + i) for i in range(backends)]
        for backend in self.backends:
            backend.ip(*default_route(LAN, self.families))

    def _host(self, name, switch, side, number):
        host = Namespace(self.lab, name, self.families)
        switch.plug(host, "eth0")
        host.ip(*assign(side, number, self.families, "eth0"))
        host.addresses = {each: side[each].format(number) for each in self.families}
        host.address = host.addresses[self.family]
        return host

    def service_address(self, family=None):
        """The virtual one that clients know."""
        return WAN[family or self.family].format(VIRTUAL)

    def active(self):
        """The nodes that hold the service's address."""
        return [node.number for node in self.nodes if node.holds()]

    def wait_active(self, number, seconds=20):
        """Waits until this node, and it alone, is active."""
        wait_for(lambda: self.active() == [number], f"node {number} alone to be active", seconds)

    def _instances(self, interval, unicast):
        for family in self.families:
            for identity, side, interface, number in zip(
                    IDS[family], (WAN, LAN), ("wan", "lan"), (VIRTUAL, GATEWAY)):
                peers = {"peers": [side[family].format(each) for each in NUMBERS]} if unicast else {}
                yield {"id": identity, "interface": interface, "advert_interval": interval,
                       "addresses": [f"{side[family].format(number)}/{WIDTH[family]}"], **peers}

    def _service(self, name, protocol, backend_port, forwarding, **settings):
        return {"name": name, "addresses": [self.service_address()], "protocol": protocol,
                "ports": [str(SERVICE_PORT[protocol])], "forwarding": forwarding,
                "hash_on": "address_port", **settings,
                "backends": [{"name": each.name, "address": each.address, "port": backend_port}
                             for each in self.backends]}

    def configuration(self, node, interval="100ms", unicast=False, tcp_port=7000, **group):
        """What both share, with the node section of one."""
        check = {"type": "tcp", "interval": "400ms", "timeout": "300ms", "rise": 1, "fall": 3}
        return {
            "node": {"id": node, "name": f"n{node}"},
            "dataplane": {"ports": [{"name": side, "device": f"af_xdp:{side}"} for side in ("wan", "lan")],
                          "flows_per_worker": 100000, "flows_per_worker_ipv6": 30000, "idle": "sleep"},
            "local_pools": [{"name": "nat", "addresses": [LAN[self.family].format(LOCAL)]}],
            "services": [
                self._service("ticks", "udp", UDP_PORT, "dnat"),
                self._service("talks", "tcp", tcp_port, "dnat", health_check=check)],
            "vrrp_groups": [{"name": "main", "local_pools": ["nat"],
                             "instances": list(self._instances(interval, unicast)), **group}],
        }

    def keep_awake(self):
        """A virtual machine's processor that has nothing to do takes milliseconds to wake: give
        each something to do that gives way to everything else."""
        for cpu in sorted(os.sched_getaffinity(0)):
            self.lab.spawn(f"awake-{cpu}", ["chrt", "--idle", 0, "taskset", "--cpu-list", cpu,
                                            "sh", "-c", "while :; do :; done"])

    def serve_echoes(self):
        """By UDP on the backends and beside: programs that are not what is late."""
        self.keep_awake()
        for server in serve_udp([*self.backends, self.beside], UDP_PORT).values():
            self.beside.run("chrt", "--rr", "--pid", 1, server.process.pid)

    def start_ticker(self, gap=3):
        """A datagram each millisecond to the service, and to an echo beside it."""
        return Ticks(self.client.spawn(_fresh(self.client, "ticker"), [
            self.lab.tool("ticker"), "--gap", gap,
            "--target", f"{bracketed(self.service_address())}:{SERVICE_PORT['udp']}",
            "--target", f"{bracketed(self.beside.address)}:{UDP_PORT}"]))


class KeepalivedNode:
    """keepalived on a node, and nftables that translate what comes to the service's address."""

    def __init__(self, node, interval=0.1):
        self.node = node
        pair = node.pair
        family = pair.family
        self.keepalived = Keepalived(pair.lab, node.host.name, node.host, *(
            {"name": side, "id": identity, "interface": side, "version": 3, "interval": interval,
             "addresses": [f"{addresses[family].format(number)}/{WIDTH[family]}"],
             "priority": (150, 100)[node.number]}
            for side, identity, addresses, number in zip(
                ("wan", "lan"), IDS[family], (WAN, LAN), (VIRTUAL, GATEWAY))), sync=True)

    def translate(self):
        """The service's datagrams to the first backend, as Headrace's dnat does."""
        pair = self.node.pair
        self.node.host.nft(
            "table ip nat { chain in { type nat hook prerouting priority -100\n"
            f" ip daddr {pair.service_address()} udp dport {SERVICE_PORT['udp']}"
            f" dnat to {pair.backends[0].address}:{UDP_PORT}\n }}\n}}\n")

    def start(self):
        """Starts it."""
        self.keepalived.start()

    def end(self, number):
        """Signals all of it: 9, the node dies; 15, it gives up."""
        process = self.keepalived.process
        children = self.node.host.run("pgrep", "-P", process.pid).split()
        self.node.host.run("kill", f"-{number}", process.pid, *(children if number == 9 else []))
        process.child.wait()
        wait_for(lambda: not any(exists(int(child)) for child in children), "keepalived to end")

    def clear(self):
        """What one that was killed has left."""
        for name in ("pid", "vrrp-pid"):
            (self.keepalived.data / name).unlink(missing_ok=True)
        for interface in ("wan", "lan"):
            shown = json.loads(self.node.host.run("ip", "-j", "addr", "show", "dev", interface))
            for each in shown[0]["addr_info"]:
                if each["prefixlen"] == WIDTH[self.node.pair.family]:
                    self.node.host.ip(f"addr del {each['local']}/{each['prefixlen']} dev {interface}")


class Ticks:
    """The ticker at work."""

    def __init__(self, process):
        self.process = process
        self.lost = 0  # datagrams to the service without an answer, once it has ended

    def stop(self):
        """Ends it: the longest gap of the service, and of the echo beside it, in milliseconds."""
        self.process.signal(15)
        service, beside = [json.loads(line) for line in self.process.wait(10).splitlines()]
        self.lost = service["sent"] - service["answered"]
        return _longest(service), _longest(beside)


def _longest(course):
    if course["answered"] == 0:
        return float("inf")
    return max((gap["ms"] for gap in course["gaps"]), default=0.0)
