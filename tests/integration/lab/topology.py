# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors

"""Network namespaces and the links between them.

Names are hr<pid>-<name>, with the id of the process that made them: what a
run that died has left behind is known by it (see leftovers.py).
"""

import contextlib
import ctypes
import json
import os
import socket

from .processes import enter, run

# On a veth a sender leaves checksums and segmentation to a card that is not
# there; what reads frames off the link (AF_XDP, a capture) would get them unfinished.
OFFLOADS = ("tx", "rx", "sg", "tso", "gso", "gro", "rxvlan", "txvlan")

# No source filtering that a test did not ask for.
SYSCTLS = {
    "net/ipv4/conf/all/rp_filter": 0,
    "net/ipv4/conf/default/rp_filter": 0,
    "net/ipv4/conf/all/send_redirects": 0,
    "net/ipv4/conf/default/send_redirects": 0,
    "net/ipv4/icmp_ratelimit": 0,
}
NO_IPV6 = {
    "net/ipv6/conf/all/disable_ipv6": 1,
    "net/ipv6/conf/default/disable_ipv6": 1,
}
# No router chatter, and nothing that waits for duplicates to show up.
IPV6 = {
    "net/ipv6/conf/default/accept_ra": 0,
    "net/ipv6/conf/default/router_solicitations": 0,
    "net/ipv6/conf/default/accept_dad": 0,
    "net/ipv6/conf/default/dad_transmits": 0,
    "net/ipv6/icmp/ratelimit": 0,
}


CLONE_NEWNET = 0x40000000
LIBC = ctypes.CDLL(None, use_errno=True)


def _enter(namespace_file):
    if LIBC.setns(namespace_file.fileno(), CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")


class Namespace:
    """One host of the test: its addresses, routes, settings and programs. IPv6 is off unless told."""

    def __init__(self, lab, name, families=(4,)):
        self.lab = lab
        self.name = name
        self.full_name = f"hr{os.getpid()}-{name}"
        run(["ip", "netns", "add", self.full_name])
        lab.defer(self.remove)
        self.ip("link set lo up")
        self.sysctl(**SYSCTLS, **(IPV6 if 6 in families else NO_IPV6))

    def remove(self):
        """Takes it away, with every interface in it."""
        run(["ip", "netns", "del", self.full_name])

    def ip(self, *lines):
        """ip commands in here, one a line, all in one process."""
        self.run("ip", "-batch", "-", stdin="\n".join(lines) + "\n")

    def run(self, *argv, **options):
        """Runs a command in here to its end; returns its output."""
        return run([*enter(self.full_name), *argv], **options)

    def spawn(self, name, argv):
        """Starts a program in here; it is killed with the lab."""
        return self.lab.spawn(name, argv, namespace=self.full_name)

    def sysctl(self, **values):
        """Sets kernel settings by their path under /proc/sys (slashes, for names with dots)."""
        script = "; ".join(f"echo {value} > /proc/sys/{path}" for path, value in values.items())
        self.run("sh", "-ec", script)

    def nft(self, rules):
        """Loads nftables rules."""
        self.run("nft", "-f", "-", stdin=rules)

    def mac(self, interface):
        """The MAC address of an interface, as text."""
        return json.loads(self.run("ip", "-j", "link", "show", "dev", interface))[0]["address"]

    @contextlib.contextmanager
    def inside(self):
        """What this thread opens in the block belongs to this namespace."""
        with open("/proc/self/ns/net", "rb") as home, \
                open(f"/run/netns/{self.full_name}", "rb") as there:
            _enter(there)
            try:
                yield
            finally:
                _enter(home)

    def socket(self, *arguments):
        """A socket of this namespace."""
        with self.inside():
            return socket.socket(*arguments)

    def set_link(self, interface, up):
        """Pulls the plug, or puts it back."""
        self.ip(f"link set {interface} {'up' if up else 'down'}")


def link(one, one_interface, other, other_interface):
    """A veth pair between two namespaces, both ends up, with no offloads and one queue."""
    run(["ip", "link", "add", one_interface, "netns", one.full_name, "numtxqueues", 1,
         "numrxqueues", 1, "type", "veth", "peer", "name", other_interface, "netns",
         other.full_name, "numtxqueues", 1, "numrxqueues", 1])
    for namespace, interface in ((one, one_interface), (other, other_interface)):
        settings = [word for offload in OFFLOADS for word in (offload, "off")]
        namespace.run("ethtool", "-K", interface, *settings)
        namespace.ip(f"link set {interface} up")


class Switch(Namespace):
    """A namespace that is nothing but an Ethernet switch."""

    def __init__(self, lab, name):
        super().__init__(lab, name)
        self.ip("link add br0 type bridge stp_state 0 forward_delay 0", "link set br0 up")

    def plug(self, namespace, interface):
        """Connects an interface of a namespace; the switch's end is named after the namespace."""
        port = f"{namespace.name}-{interface}"[:15]
        link(namespace, interface, self, port)
        self.ip(f"link set {port} master br0")
        return port
