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


def with_bytes_behind(family, mac, count):
    """Datagrams whose packets go on behind them (RFC 9868): right, though this card sums all up and calls them wrong."""
    ip = LAYER[family](src=WAN[family].format(98), dst=WAN[family].format(10))
    # What is summed up is made without the bytes behind, for its length.
    whole = [bytes(Ether(src=ROUTER_MAC, dst=mac) / ip / UDP(sport=4000 + number, dport=53) / Raw(b"x" * 30))
             for number in range(count)]
    longer = []
    for frame in whole:
        packet = LAYER[family](frame[14:])
        if family == 4:
            packet.len += 4
            del packet.chksum
        else:
            packet.plen += 4
        longer.append(frame[:14] + bytes(packet) + b"more")
    return longer


class Card:
    """Headrace behind a card that says what it finds, and who sends to it."""

    def __init__(self, lab, family):
        self.headrace = Headrace(lab, Namespace(lab, "balancer", (4, 6)), config(family))
        self.headrace.start()
        self.wire = self.headrace.namespace.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        self.wire.bind((TAP, 0))
        self.mac = self.headrace.namespace.mac(TAP)
        self.judged = 0

    def send(self, sent):
        """Sends frames; returns how many went to the backend and were dropped as wrong, so far."""
        for frame in sent:
            self.wire.send(frame)
        self.judged += len(sent)
        wait_for(lambda: sum(self.verdicts()) >= self.judged, "all to be judged")
        return self.verdicts()

    def verdicts(self):
        """To the backend, and dropped as wrong."""
        verdicts = self.headrace.status()["verdicts"]
        return verdicts["to-backend"], verdicts["bad-checksum"]

    def wait_for_word(self, word):
        """What `show ports` says of the card, once it does."""
        wait_for(lambda: [port["checksums"] for port in self.headrace.get("/v1/ports")["ports"]] == [word, ""],
                 f"the card to be {word}")


def run_with(lab, family):
    """Each right one goes to the backend, also one that the card calls wrong."""
    card = Card(lab, family)
    right, wrong = frames(family, card.mac)
    right += with_bytes_behind(family, card.mac, COUNT)
    verdicts = card.send(right + wrong)
    check(verdicts == (len(right), len(wrong)), f"{verdicts}")
    card.wait_for_word("by-card")
    check_law(card.headrace)


def story_dropped(lab):
    """Over IPv4."""
    run_with(lab, 4)


def story_dropped_ipv6(lab):
    """Over IPv6."""
    run_with(lab, 6)


def story_mistaken(lab):
    """A card that is wrong too often is not heard any more: what it calls wrong passes as it came."""
    card = Card(lab, 4)
    verdicts = card.send(with_bytes_behind(4, card.mac, 5 * COUNT))
    check(verdicts == (5 * COUNT, 0), f"{verdicts}")
    card.wait_for_word("mistaken")
    check("its card calls checksums wrong that are right (100 of 100)" in card.headrace.dataplane.errors(),
          card.headrace.dataplane.errors())
    _, wrong = frames(4, card.mac)
    verdicts = card.send(wrong)
    check(verdicts == (5 * COUNT + len(wrong), 0), f"{verdicts}")
    check_law(card.headrace)
