# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors

"""Nodes that speak VRRP: headrace-vrrp by itself, and keepalived beside it."""

import errno
import json
import mmap
import os
import socket
import struct
import time

from . import vrrp_plan
from .lab import check
from .processes import exists
from .topology import Namespace, Switch
from .waiting import wait_for

STATES = ("none", "init", "backup", "active", "fault")
FAULTS = ("length", "ttl", "checksum", "version", "type", "vrid", "interval", "auth", "addresses",
          "peer", "own_priority")
REPORT_GROUPS, GROUP_SIZE, INSTANCES, INSTANCE_SIZE = 104, 1912, 248, 208


class Report:
    """What headrace-vrrp says of itself, and the lease, read from its files as any program may."""

    def __init__(self, run_dir):
        self.run_dir = run_dir

    def _read(self, name, offset, length):
        with open(self.run_dir / name, "rb") as file:
            return os.pread(file.fileno(), length, offset)

    def _row(self, number, offset, form):
        data = self._read("vrrp", REPORT_GROUPS + number * GROUP_SIZE + offset, struct.calcsize(form))
        return struct.unpack(form, data)[0]

    def state(self, number=1):
        """Of a group, in a word."""
        return STATES[self._row(number, 68, "<I")]

    def since(self, number=1):
        """When it came to its state, as time.monotonic() counts: by its own clock, since a test may
        look late."""
        return self._row(number, 80, "<Q") / 1e9

    def group(self, number=1):
        """What is said of a group."""
        names = {"priority": (72, "<I"), "released": (76, "<I"), "became_active": (88, "<Q"),
                 "released_active": (96, "<Q"), "lease_lost": (104, "<Q"), "addresses": (112, "<Q")}
        row = {name: self._row(number, *place) for name, place in names.items()}
        row["reason"] = self._row(number, 120, "128s").split(b"\0")[0].decode()
        return row

    def instance(self, position=0, number=1):
        """Counters of an instance."""
        begin = INSTANCES + position * INSTANCE_SIZE
        names = ("sent", "received", "zeros_sent", "zeros_received", "not_sent", "gratuitous")
        row = {name: self._row(number, begin + 72 + 8 * at, "<Q") for at, name in enumerate(names)}
        row["faults"] = {name: self._row(number, begin + 120 + 8 * at, "<Q")
                         for at, name in enumerate(FAULTS)}
        return row

    def number(self, offset, form="<Q"):
        """One at the head: 72 plan revision, 80 real_time (I), 96 longest turn in ns."""
        return struct.unpack(form, self._read("vrrp", offset, struct.calcsize(form)))[0]

    def lease(self, number=1):
        """Seconds that a group's lease runs yet; below 0: it has run out; None: there is none."""
        until = struct.unpack("<Q", self._read("lease", 128 + 8 * number, 8))[0]
        return until / 1e9 - time.monotonic() if until else None


class Lease:
    """The lease file, mapped: asked as often as a dataplane does."""

    def __init__(self, run_dir):
        with open(run_dir / "lease", "rb") as file:
            self.memory = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)

    def close(self):
        """Lets go of the file."""
        self.memory.close()

    def until(self, number=1):
        """Until when the group may be served, as time.monotonic() counts."""
        return struct.unpack_from("<Q", self.memory, 128 + 8 * number)[0] / 1e9

    def holds(self, number=1):
        """May the group be served now?"""
        return self.until(number) > time.monotonic()


def held(namespace, prefix=""):
    """The addresses of a namespace that begin so, of /32 and /128."""
    links = json.loads(namespace.run("ip", "-j", "addr", "show"))
    return {item["local"] for link in links for item in link["addr_info"]
            if item["prefixlen"] in (32, 128) and item["local"].startswith(prefix)}


def reaches(namespace, address, seconds=3):
    """Does Linux there answer? It refuses a connection. In that time a SYN is sent again once or twice, and
    who knows another MAC does not begin to doubt it."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with namespace.socket(family, socket.SOCK_STREAM) as connection:
        connection.settimeout(seconds)
        return connection.connect_ex((address, 9)) == errno.ECONNREFUSED


class Node:
    """headrace-vrrp in a namespace."""

    def __init__(self, lab, name, namespace):
        self.lab, self.name, self.namespace = lab, name, namespace
        self.run_dir = lab.directory / name
        self.run_dir.mkdir()
        self.report = Report(self.run_dir)
        self.process = None

    def plan(self, *groups, **options):
        """Writes its plan, and tells it if it runs."""
        vrrp_plan.write(self.run_dir, groups, **options)
        if self.process is not None and not self.process.ended():
            check(self.tell("plan") == "ok", f"{self.name} refused its plan")

    def start(self, wait=True, keep=False):
        """Starts it. What a process before has said of itself is nothing to go by, and so removed first
        where it is not to keep something of it."""
        report = self.run_dir / "vrrp"
        before = report.stat().st_ino if keep else None
        if not keep:
            report.unlink(missing_ok=True)
        self.process = self.lab.spawn(f"vrrp-{self.name}", [
            self.lab.program("headrace-vrrp"), "--run-dir", self.run_dir],
            namespace=self.namespace.full_name)
        if wait:
            wait_for(lambda: (not keep or report.stat().st_ino != before) and
                     self.state() not in ("none", "init"), f"{self.name} to start")
        return self

    def state(self, number=1):
        """Of a group."""
        return self.report.state(number)

    def lease(self):
        """Its lease, mapped; it is there from its first start on."""
        lease = Lease(self.run_dir)
        self.lab.defer(lease.close)
        return lease

    def tell(self, command):
        """A command; returns the answer."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as control:
            control.settimeout(5)
            control.connect(str(self.run_dir / "vrrp.sock"))
            control.send(command.encode())
            return control.recv(256).decode()

    def becomes(self, state, seconds=5, number=1):
        """Waits for a state."""
        wait_for(lambda: self.state(number) == state, f"{self.name} to be {state}", seconds,
                 every=0.002)
        return time.monotonic()

    def log(self):
        """What it has said."""
        return self.process.errors()


class Keepalived:
    """keepalived in a namespace."""

    def __init__(self, lab, name, namespace, *instances, sync=False):
        self.lab, self.name, self.namespace = lab, name, namespace
        self.configuration = lab.directory / f"{name}.conf"
        self.data = lab.directory / name
        self.data.mkdir()
        self.process = None
        self.states = {item["name"]: self.data / item["name"] for item in instances}
        groups = "" if not sync else "vrrp_sync_group all { group { " + " ".join(self.states) + " } }\n"
        self.configuration.write_text(
            "global_defs { vrrp_garp_master_delay 1\n script_user root\n }\n" + groups +
            "".join(self._instance(item) for item in instances), encoding="utf-8")

    def _instance(self, item):
        """item: name, id, interface, source, addresses, priority, interval (s), version, peers."""
        lines = [f"vrrp_instance {item['name']} {{", " state BACKUP", f" version {item['version']}",
                 f" interface {item['interface']}", f" virtual_router_id {item['id']}",
                 f" priority {item['priority']}", f" advert_int {item['interval']:g}"]
        if item.get("nopreempt"):
            lines.append(" nopreempt")
        if item.get("peers"):
            lines += [f" unicast_src_ip {item['source']}",
                      " unicast_ttl 255",  # its own default is 64 where it is IPv6
                      " unicast_peer { " + " ".join(item["peers"]) + " }"]
        lines.append(" virtual_ipaddress {\n  " + "\n  ".join(item["addresses"]) + "\n }")
        script = self.data / f"{item['name']}.sh"
        script.write_text(f"#!/bin/sh\necho \"$3\" >{self.states[item['name']]}\n", encoding="utf-8")
        script.chmod(0o755)
        lines += [f" notify {script}", "}\n"]
        return "\n".join(lines)

    def start(self):
        """Starts it. What one before has said of itself is nothing to go by."""
        for path in self.states.values():
            path.unlink(missing_ok=True)
        self.process = self.namespace.spawn(f"keepalived-{self.name}", [
            "keepalived", "-n", "-l", "-P", "-f", self.configuration, "-p", self.data / "pid", "-r",
            self.data / "vrrp-pid"])
        return self

    def state(self):
        """Of its first instance, in our word."""
        path = next(iter(self.states.values()))
        word = path.read_text(encoding="utf-8").strip() if path.exists() else "init"
        return {"MASTER": "active", "BACKUP": "backup", "FAULT": "fault"}.get(word, "init")

    def becomes(self, state, seconds=10):
        """Waits for a state."""
        wait_for(lambda: self.state() == state, f"{self.name} to be {state}", seconds, every=0.002)
        return time.monotonic()

    def ignored(self):
        """Packets it did not take, as its log tells."""
        return sum(word in line.lower() for line in self.process.output().splitlines()
                   for word in ("invalid", "dropp", "mismatch", "bogus", "incorrect", "expected"))

    def stop(self):
        """Ends it with priority 0, as its init script does."""
        self.process.stop()
        wait_for(lambda: not exists(self.process.pid), f"{self.name} to end")


class Site:
    """Nodes on a switch, or two, and a client on the first.

           client .9 ── br0 ── eth1 n1 .1, n2 .2, ...    192.0.2.0/24, 2001:db8:1::/64
                        br0 ── eth2 n1 .1, n2 .2, ...    198.51.100.0/24 (links=2)
    """

    NETS = ("192.0.2", "198.51.100")
    NETS_IPV6 = ("2001:db8:1:", "2001:db8:2:")

    def __init__(self, lab, nodes=2, links=1, families=(4,)):
        self.lab, self.families = lab, families
        self.switches = [Switch(lab, f"sw{at + 1}") for at in range(links)]
        self.nodes = [self._host(f"n{at + 1}", at + 1, links) for at in range(nodes)]
        self.client = self._host("client", 9, 1)

    def _host(self, name, number, links):
        namespace = Namespace(self.lab, name, self.families)
        for at in range(links):
            interface = f"eth{at + 1}"
            self.switches[at].plug(namespace, interface)
            namespace.ip(f"addr add {self.NETS[at]}.{number}/24 dev {interface}")
            if 6 in self.families:
                namespace.ip(f"addr add {self.NETS_IPV6[at]}:{number}/64 dev {interface} nodad")
        namespace.sysctl(**{"net/ipv4/conf/all/arp_ignore": 1, "net/ipv4/conf/all/arp_announce": 2,
                            "net/ipv4/ip_forward": 1})
        return namespace

    def cut(self, number, is_cut=True, link=0):
        """Cuts the way to a node behind its link, so that it sees no change of that; or mends it."""
        namespace = self.nodes[number]
        self.switches[link].ip(f"link set {namespace.name}-eth{link + 1} "
                               f"{'nomaster' if is_cut else 'master br0'}")

    def pair(self, **more):
        """Two nodes with one group; more: as of vrrp_plan.group(), and priorities, interval, peers."""
        priorities = more.pop("priorities", (150, 100))
        interval = more.pop("interval", 100)
        addresses = more.pop("vips", ["192.0.2.100"])
        made = []
        for at, namespace in enumerate(self.nodes[:2]):
            node = Node(self.lab, namespace.name, namespace)
            node.plan(vrrp_plan.group("main", [vrrp_plan.instance(51, "eth1", addresses, interval)],
                                      priority=priorities[at], **more), node=at)
            made.append(node)
        return made


def one_active(nodes, number=1):
    """Is exactly one of them active, and are the others backups?"""
    states = sorted(node.state(number) for node in nodes)
    return states == ["active"] + ["backup"] * (len(nodes) - 1)
