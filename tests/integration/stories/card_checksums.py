# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors
"""A port whose card says of packets that their checksum is wrong: they are dropped by name, and no others.

    sender ----> net_tap0 [headrace]
    DPDK's own tap plays the card: it sums packets up, and says what it found
"""

import socket

from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import Dot1Q, Ether
from scapy.packet import Raw

from lab import Headrace, Namespace, check, check_law, wait_for
from lab.addressing import LAN, WAN

LAYER = {4: IP, 6: IPv6}
ROUTER_MAC, BACKEND_MAC = "02:00:00:00:00:77", "02:00:00:00:00:11"
COUNT = 20  # of each kind of packet
TAP = "dtap0"  # what the driver calls it


def config(family):
    """TCP and UDP for one backend, behind a port that takes everything."""
    def service(name, port, protocol):
        return {"name": name, "addresses": [WAN[family].format(10)], "ports": [str(port)], "protocol": protocol,
                "forwarding": "dnat", "health_check": {"type": "none"},
                "backends": [{"name": "b1", "address": LAN[family].format(11), "port": 8080}]}
    return {
        "dataplane": {
            "ports": [{"name": "wan", "device": "pci:net_tap0"}, {"name": "lan", "device": "null:"}],
            "flows_per_worker": 10000,
            "eal_args": ["--no-pci", "--iova-mode", "va"],
            "next_hops": [{"address": LAN[family].format(11), "mac": BACKEND_MAC, "port": "lan"}]},
        "services": [service("web", 80, "tcp"), service("ticks", 53, "udp")]}


def frames(family, mac):
    """Right ones and wrong ones."""
    ip = LAYER[family](src=WAN[family].format(99), dst=WAN[family].format(10))
    link = Ether(src=ROUTER_MAC, dst=mac)
    right, wrong = [], []
    for number in range(COUNT):
        port, payload = 4000 + number, Raw(b"x" * number)
        right += [link / ip / TCP(sport=port, dport=80, flags="S") / payload,
                  link / ip / UDP(sport=port, dport=53) / payload]
        wrong += [link / ip / TCP(sport=port + 100, dport=80, flags="S", chksum=0x1234) / payload,
                  link / ip / UDP(sport=port + 100, dport=53, chksum=0x1234) / payload]
        if family == 4:
            right += [link / ip / UDP(sport=port + 200, dport=53, chksum=0) / payload]
    tagged = [Ether(src=ROUTER_MAC, dst=mac) / Dot1Q(vlan=20) / frame.payload for frame in right]
    return [bytes(frame) for frame in right + tagged], [bytes(frame) for frame in wrong]


def run_with(lab, family):
    """Each right one goes to the backend."""
    headrace = Headrace(lab, Namespace(lab, "balancer", (4, 6)), config(family))
    headrace.start()
    wire = headrace.namespace.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    wire.bind((TAP, 0))
    right, wrong = frames(family, headrace.namespace.mac(TAP))
    for frame in right + wrong:
        wire.send(frame)

    def verdicts():
        return headrace.status()["verdicts"]
    wait_for(lambda: verdicts()["to-backend"] + verdicts()["bad-checksum"] >= len(right) + len(wrong),
             "all to be judged")
    check((verdicts()["to-backend"], verdicts()["bad-checksum"]) == (len(right), len(wrong)), f"{verdicts()}")
    wait_for(lambda: [port["checksums"] for port in headrace.get("/v1/ports")["ports"]] == ["by-card", ""],
             "what the ports say of checksums")
    check_law(headrace)


def story_dropped(lab):
    """Over IPv4."""
    run_with(lab, 4)


def story_dropped_ipv6(lab):
    """Over IPv6."""
    run_with(lab, 6)
