# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors

"""A `vrrp-plan` for headrace-vrrp, as controlplane/vrrp/plan.h has it."""

import ipaddress
import struct

from .shared_memory import checksum

MAGIC, VERSION = 0x004e414c50525648, 1
PREEMPT, IS_PAIR, NEEDS_DATAPLANE = 1, 2, 4

HEAD = struct.Struct("<QIIQQQIIIIII")
GROUP = struct.Struct("<64s256sIIIIIIIIIIII")
INSTANCE = struct.Struct("<BBxx16sIIIII")
ADDRESS, PEER, INTERFACE = struct.Struct("<16s16s"), struct.Struct("<16s"), struct.Struct("<16s")


def packed(address):
    """16 bytes, IPv4 as ::ffff:a.b.c.d."""
    address = ipaddress.ip_address(address)
    return address.packed if address.version == 6 else bytes(10) + b"\xff\xff" + address.packed


def instance(number, interface, addresses, interval=100, peers=()):
    """One virtual router; its family is that of its addresses."""
    return {"id": number, "interface": interface, "addresses": addresses, "interval": interval,
            "peers": peers}


def group(name, instances, priority=100, number=1, **more):
    """A group; more: version, preempt, preempt_delay, lowered, pair, needs_dataplane, notify,
    addresses [(address, interface)], interfaces."""
    return {"name": name, "instances": instances, "priority": priority, "number": number,
            "version": 3, "preempt": True, "preempt_delay": 0, "lowered": 0, "pair": False,
            "needs_dataplane": False, "notify": "", "addresses": [], "interfaces": [], **more}


class _Rows:
    """Arrays that rows name their shares of."""

    def __init__(self):
        self.instances, self.peers, self.addresses, self.interfaces = [], [], [], []

    @staticmethod
    def share(array, rows):
        """Appends rows; returns first and count."""
        first = len(array)
        array.extend(rows)
        return first, len(rows)

    def instance(self, item):
        """The bytes of an instance."""
        name = item["interface"].encode()
        peers = self.share(self.peers, [PEER.pack(packed(peer)) for peer in item["peers"]])
        addresses = self.share(self.addresses, [ADDRESS.pack(packed(address), name)
                                                for address in item["addresses"]])
        family = ipaddress.ip_address(item["addresses"][0]).version
        return INSTANCE.pack(item["id"], family, name, item["interval"], *peers, *addresses)

    def group(self, item):
        """The bytes of a group."""
        instances = self.share(self.instances, [self.instance(each) for each in item["instances"]])
        addresses = self.share(self.addresses, [ADDRESS.pack(packed(address), name.encode())
                                                for address, name in item["addresses"]])
        interfaces = self.share(self.interfaces, [INTERFACE.pack(name.encode())
                                                  for name in item["interfaces"]])
        flags = (PREEMPT * item["preempt"] | IS_PAIR * item["pair"] |
                 NEEDS_DATAPLANE * item["needs_dataplane"])
        return GROUP.pack(item["name"].encode(), str(item["notify"]).encode(), item["number"], flags,
                          item["version"], item["priority"], item["lowered"],
                          item["preempt_delay"], *instances, *addresses, *interfaces)


def make(groups, node=0, revision=1):
    """The bytes of a plan."""
    rows = _Rows()
    parts = [rows.group(item) for item in groups]
    body = b"".join(parts + rows.instances + rows.peers + rows.addresses + rows.interfaces)
    return HEAD.pack(MAGIC, VERSION, len(groups), HEAD.size + len(body), revision, checksum(body),
                     len(rows.instances), len(rows.peers), len(rows.addresses),
                     len(rows.interfaces), node, 0) + body


def write(run_dir, groups, **options):
    """Puts a plan into place."""
    unfinished = run_dir / "vrrp-plan.new"
    unfinished.write_bytes(make(groups, **options))
    unfinished.rename(run_dir / "vrrp-plan")
