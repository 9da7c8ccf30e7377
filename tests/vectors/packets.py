# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors

"""One packet of a flow, twice: as it comes in, and as it must go out.

Scapy builds both from one description, the second with the other addresses, ports and MACs and a
hop limit less, and computes every checksum anew: nothing is known here of how the engine does it.
"""

from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import Dot1Q, Ether
from scapy.packet import Raw

import scene
from sums import get, put, transport_checksum_at

PAYLOAD = b"one packet of many, of odd length" + b"."


def ethernet(source, destination, vlan=None):
    """The head of a frame from and to these MAC addresses."""
    head = Ether(src=source, dst=destination)
    return head / Dot1Q(vlan=vlan) if vlan else head


class Flow:
    """Whose packets: a client's, to a service of the scene."""

    # pylint: disable=too-many-arguments,too-many-instance-attributes
    def __init__(self, family, protocol, service, port, client="client", client_port=40000):
        backend = f"backend-{scene.pool_of(service)}"
        self.family, self.protocol, self.full_nat = family, protocol, scene.is_full_nat(service)
        self.client = scene.ADDRESSES[client][family], client_port
        self.service = scene.ADDRESSES[service][family], port
        self.backend = scene.ADDRESSES[backend][family], port
        self.local = (scene.ADDRESSES["local"][family], scene.LOCAL_PORT) if self.full_nat else self.client
        self.client_mac, self.backend_mac = scene.mac(client), scene.mac(backend)
        self.vlan = scene.VLANS.get(backend)


class Packet:
    """
    What is not said is usual. `how`, of any: payload, ttl, tos, id, df, ip_options, label, extensions;
    padding (behind the IP packet, comes in only); of UDP checksum=0 (none); of TCP flags, seq, ack,
    window, urgptr, options. `wrong`: the checksum is wrong by so much, in one's complement.
    `change` is called with each frame at last, `spoil` with the one that comes in.
    """

    # pylint: disable=too-many-instance-attributes
    def __init__(self, flow, sender, **how):
        self.flow, self.sender, self.how = flow, sender, how
        if sender == "client":
            self.ports = "wan", "lan"
            self.ends_in, self.ends_out = (flow.client, flow.service), (flow.local, flow.backend)
            self.macs_in, self.macs_out = (flow.client_mac, scene.mac("wan")), (scene.mac("lan"), flow.backend_mac)
            self.vlans = None, flow.vlan
        else:
            self.ports = "lan", "wan"
            self.ends_in, self.ends_out = (flow.backend, flow.local), (flow.service, flow.client)
            self.macs_in, self.macs_out = (flow.backend_mac, scene.mac("lan")), (scene.mac("wan"), flow.client_mac)
            self.vlans = None, None
        self.verdict = {"client": "to-backend", "backend": "to-client"}[sender]
        if "mac_from" in how:
            self.macs_in = how["mac_from"], self.macs_in[1]
        if "mac_to" in how:
            self.macs_in = self.macs_in[0], how["mac_to"]

    def transport(self, ends):
        """TCP or UDP with its payload."""
        how, (source, destination) = self.how, ends
        payload = Raw(how.get("payload", b"" if "S" in how.get("flags", "") else PAYLOAD))
        if self.flow.protocol == "udp":
            datagram = UDP(sport=source[1], dport=destination[1])
            if "checksum" in how:
                datagram.chksum = how["checksum"]
            return datagram / payload
        fields = {name: how[name] for name in ("window", "urgptr", "options", "reserved") if name in how}
        return TCP(sport=source[1], dport=destination[1], flags=how.get("flags", "A"),
                   seq=how.get("seq", 0x01020304), ack=how.get("ack", 0x0a0b0c0d), **fields) / payload

    def network(self, ends, ttl):
        """The IP header, with what stands between it and the transport."""
        how, (source, destination) = self.how, ends
        if self.flow.family == 4:
            return IP(src=source[0], dst=destination[0], ttl=ttl, tos=how.get("tos", 0), id=how.get("id", 1),
                      flags="DF" if how.get("df") else 0, options=how.get("ip_options", []))
        ip = IPv6(src=source[0], dst=destination[0], hlim=ttl, tc=how.get("tos", 0), fl=how.get("label", 0))
        for extension in how.get("extensions", []):
            ip /= extension.copy()
        return ip

    def ip(self, ends, ttl):
        """The IP packet."""
        return self.network(ends, ttl) / self.transport(ends)

    def _finish(self, frame):
        frame = bytearray(bytes(frame))
        if "wrong" in self.how:
            at = transport_checksum_at(frame)
            put(frame, at, (get(frame, at) + self.how["wrong"]) % 0xffff or
                (0xffff if self.flow.protocol == "udp" else 0))
        if "change" in self.how:
            self.how["change"](frame)
        return frame

    @property
    def ttl(self):
        """The hop limit with which it comes in."""
        return self.how.get("ttl", 64)

    def comes(self):
        """The frame that comes in."""
        frame = self._finish(ethernet(*self.macs_in, self.how.get("vlan")) / self.ip(self.ends_in, self.ttl))
        if "spoil" in self.how:
            self.how["spoil"](frame)
        return bytes(frame) + self.how.get("padding", b"")

    def goes(self):
        """The frame that must go out. A tag is put on last."""
        frame = self._finish(ethernet(*self.macs_out) / self.ip(self.ends_out, self.ttl - 1))
        return tagged(frame, self.vlans[1])


def tagged(frame, vlan, kind=0x8100):
    """The frame in a VLAN; None: as it is."""
    if vlan is None:
        return bytes(frame)
    return bytes(frame[:12]) + kind.to_bytes(2, "big") + vlan.to_bytes(2, "big") + bytes(frame[12:])
