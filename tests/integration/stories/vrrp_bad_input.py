# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors

"""Packets that are none of ours: counted by what is wrong with them, and nothing comes of them."""

import socket
import struct
import time

from lab import Capture, check, wait_for
from lab.captures import read_pcap, write_pcap
from lab.vrrp import Node, Site
from lab.vrrp_plan import group, instance
from lab.waiting import pass_time

GROUP, PROTOCOL = "224.0.0.18", 112


def checksum(data):
    """Of the Internet."""
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    total = (total & 0xffff) + (total >> 16)
    return ~(total + (total >> 16)) & 0xffff


def advert(version=3, number=51, priority=200, interval=10, addresses=("192.0.2.100",), kind=1,
           auth=0, wrong=0, cut=None):
    """An advert without pseudo-header; interval as in the packet."""
    body = b"".join(socket.inet_aton(address) for address in addresses)
    timing = bytes((auth, interval)) if version == 2 else struct.pack(">H", interval)
    tail = bytes(8) if version == 2 else b""
    head = bytes((version << 4 | kind, number, priority, len(addresses))) + timing
    total = checksum(head + bytes(2) + body + tail) ^ wrong
    return (head + struct.pack(">H", total) + body + tail)[:cut]


class Sender:
    """A raw socket of the client's."""

    def __init__(self, lab, client):
        self.socket = client.socket(socket.AF_INET, socket.SOCK_RAW, PROTOCOL)
        lab.defer(self.socket.close)
        self.socket.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF,
                               socket.inet_aton("192.0.2.9"))

    def send(self, data, limit=255, to=GROUP):
        """One packet."""
        self.socket.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, limit)
        self.socket.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, limit)
        self.socket.sendto(data, (to, 0))


def transitions(nodes):
    """How often any of them changed what it does."""
    return [(node.report.group()["became_active"], node.report.group()["released_active"])
            for node in nodes]


def story_counted(lab):
    """Each fault by its name, at the active node and at the other; nothing moves."""
    site = Site(lab)
    nodes = site.pair()
    nodes[0].start().becomes("active")
    nodes[1].start()
    wait_for(lambda: nodes[1].report.instance()["received"] > 3, "the second to hear the first")
    before = transitions(nodes)
    sender = Sender(lab, site.client)
    faults = {"ttl": dict(data=advert(), limit=254), "checksum": dict(data=advert(wrong=1)),
              "vrid": dict(data=advert(number=52)), "version": dict(data=advert(version=2, interval=1)),
              "length": dict(data=advert(cut=7)), "type": dict(data=advert(kind=2)),
              "interval": dict(data=advert(interval=0)),
              "auth": dict(data=advert(version=2, interval=1, auth=1))}
    for name, packet in faults.items():
        counts = [node.report.instance()["faults"][name] for node in nodes]
        for _ in range(10):
            sender.send(**packet)
        wait_for(lambda name=name, counts=counts: [
            node.report.instance()["faults"][name] for node in nodes] == [n + 10 for n in counts],
            f"10 packets of a bad {name} to be counted")
    sender.send(bytes(1400), limit=255)
    wait_for(lambda: nodes[0].report.instance()["faults"]["version"] > 10, "a long one to be counted")
    check(transitions(nodes) == before and nodes[0].state() == "active", "something moved")


def story_reflected(lab):
    """A switch gives the active node its own adverts back: Linux drops them where it is IPv4, not
    where it is IPv6. It does not hear itself."""
    site = Site(lab, families=(4, 6))
    node, _ = site.pair(vips=["2001:db8:1::100"])
    node.start().becomes("active")
    capture = Capture(site.client, "eth1", "ip6 proto 112", "own", first=3)
    capture.process.wait(5)
    tell_apart = advert_of_another(capture)
    site.client.run("tcpreplay", "-q", "-i", "eth1", capture.file)
    site.client.run("tcpreplay", "-q", "-i", "eth1", tell_apart)
    wait_for(lambda: node.report.instance()["faults"]["checksum"] > 0, "another's to be read")
    check(node.report.instance()["received"] == 0, "it hears itself")


def advert_of_another(capture):
    """One of the captured ones from another address, and so with a wrong checksum: the last to be read."""
    _, frame = next(read_pcap(capture.file))
    path = capture.file.with_name("another.pcap")
    write_pcap(path, [frame[:22] + bytes((0xfe, 0x80)) + bytes(13) + b"\x77" + frame[38:]])
    return path


def story_foreign(lab):
    """A sender that is not among the peers; one whose addresses differ is heard all the same."""
    site = Site(lab)
    peers = ["192.0.2.1", "192.0.2.2"]
    node = Node(lab, "n1", site.nodes[0])
    node.plan(group("main", [instance(51, "eth1", ["192.0.2.100"], peers=peers)]))
    node.start().becomes("active")
    sender = Sender(lab, site.client)
    for to in (GROUP, "192.0.2.1"):
        count = node.report.instance()["faults"]["peer"]
        sender.send(advert(), to=to)
        wait_for(lambda count=count: node.report.instance()["faults"]["peer"] == count + 1,
                 "it to be counted")
    check(node.state() == "active", "it yielded to a stranger")
    node.plan(group("main", [instance(51, "eth1", ["192.0.2.100"], peers=peers + ["192.0.2.9"])]))
    # It comes every second, it says: the node waits for more than three before it serves again.
    sender.send(advert(addresses=("192.0.2.100", "192.0.2.101"), interval=100), to="192.0.2.1")
    node.becomes("backup")
    check(node.report.instance()["faults"]["addresses"] == 1, f"{node.report.instance()}")
    check("192.0.2.9 has the higher priority: 200" in node.report.group()["reason"],
          node.report.group()["reason"])


def story_flood(lab):
    """10,000 adverts a second, bad ones and good ones of a low priority: counted, nothing moves, and
    under 20 % of a core."""
    site = Site(lab)
    first, second = site.pair()
    first.start().becomes("active")
    second.start()
    wait_for(lambda: second.report.instance()["received"] > 3, "the second to hear the first")
    before = transitions((first, second))
    pcap = lab.directory / "flood.pcap"
    for data, name in ((advert(wrong=1), "checksum"), (advert(priority=1), None)):
        write_flood(pcap, data)
        counts = [node.report.instance() for node in (first, second)]
        used, began = [node.process.cpu_seconds() for node in (first, second)], time.monotonic()
        site.client.run("tcpreplay", "-q", "--pps", 10000, "--loop", 300, "-i", "eth1", pcap)
        seconds = time.monotonic() - began
        shares = [(node.process.cpu_seconds() - cpu) / seconds
                  for node, cpu in zip((first, second), used)]
        for node, count, share in zip((first, second), counts, shares):
            def counted(node=node, count=count, name=name):
                now = node.report.instance()
                return now["faults"][name] - count["faults"][name] if name else now["received"] - count["received"]
            wait_for(lambda counted=counted: counted() >= 29900, f"{node.name} to count nearly all of 30000")
            now = node.report.instance()
            check(share < 0.2, f"{node.name} took {share:.0%} of a core")
            check(now["sent"] - count["sent"] < 60 * seconds, "each of a flood was answered")
        lab.notes.append(f"{30000 / seconds:,.0f} a second, {name or 'good'}: " +
                         ", ".join(f"{share:.1%}" for share in shares) + " of a core")
    check(transitions((first, second)) == before, "something moved")
    pass_time(0.5, alive=[first.process, second.process])
    check((first.state(), second.state()) == ("active", "backup"), "something moved")


def write_flood(path, data):
    """100 times the same, from the client to the group."""
    header = struct.pack(">BBHHHBBH4s4s", 0x45, 0xc0, 20 + len(data), 0, 0, 255, PROTOCOL, 0,
                         socket.inet_aton("192.0.2.9"), socket.inet_aton(GROUP))
    header = header[:10] + struct.pack(">H", checksum(header)) + header[12:]
    frame = bytes.fromhex("01005e000012" "020000000009" "0800") + header + data
    write_pcap(path, [frame + bytes(max(0, 60 - len(frame)))] * 100)
