# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors
"""Packets of 9000 bytes, and tags on top of them, by ports that can have them.

    client ---- [card] wan [headrace] lan [card] ---- switch ---- b1     memif, links of 9100
    in.pcap ----> wan [headrace] lan ----> out.pcap
"""

import json
import socket
import time

from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.inet6 import ICMPv6EchoReply, ICMPv6EchoRequest, ICMPv6PacketTooBig, IPv6
from scapy.layers.l2 import Dot1AD, Dot1Q, Ether
from scapy.packet import Raw
from scapy.utils import rdpcap, wrpcap

from lab import Headrace, Namespace, check, check_law, two_arms, wait_for
from lab.addressing import LAN, WAN
from lab.clients import digest, start_download
from lab.servers import make_file, serve_http, sha256

JUMBO = 9000
LINK = JUMBO + 100  # of the links, that nothing but the balancer's ports has a bound at
HEADERS = {4: 20, 6: 40}
LAYER = {4: IP, 6: IPv6}
MEGABYTES = 16
TAGS = {"none": [], "one": [Dot1Q(vlan=20)], "of 802.1ad": [Dot1AD(vlan=30)],
        "two": [Dot1AD(vlan=30), Dot1Q(vlan=20)], "two of 802.1Q": [Dot1Q(vlan=30), Dot1Q(vlan=20)]}
ROUTER_MAC, BACKEND_MAC = "02:00:00:00:00:77", "02:00:00:00:00:11"
ETH_P_ALL = 0x0003


def packet(ends, ports, size, hops=64):
    """A datagram whose IP packet has so many bytes; ends and ports are (source, destination)."""
    family = 6 if ":" in ends[0] else 4
    ip = IP(src=ends[0], dst=ends[1], ttl=hops, id=size, flags="DF") if family == 4 else \
        IPv6(src=ends[0], dst=ends[1], hlim=hops)
    payload = bytes(number * 7 % 251 for number in range(size - HEADERS[family] - 8))
    return ip / UDP(sport=ports[0], dport=ports[1]) / Raw(payload)


def framed(macs, tags, inside):
    """The bytes of a frame from and to these MACs, behind tags."""
    frame = Ether(src=macs[0], dst=macs[1])
    for tag in tags:
        frame /= tag.copy()
    return bytes(frame / inside)


def through_files(lab, family):
    """Frames of 9014 to 9022 bytes come out byte for byte, with the next hop's tag; those of 9001 do not."""
    vip, backend = WAN[family].format(10), LAN[family].format(11)
    clients = {what: WAN[family].format(101 + number) for number, what in enumerate(TAGS)}
    files = {name: lab.directory / f"{name}.pcap" for name in ("in", "nothing", "wan", "lan")}
    macs = (ROUTER_MAC, "02:00:00:00:00:01")
    frames = [framed(macs, tags, packet((clients[what], vip), (4000, 53), size))
              for what, tags in TAGS.items() for size in (JUMBO, JUMBO + 1)]
    wrpcap(str(files["in"]), [Ether(frame) for frame in frames])
    wrpcap(str(files["nothing"]), [Ether(dst="02:00:00:00:00:02", type=0x88b5) / bytes(JUMBO)])
    headrace = Headrace(lab, Namespace(lab, "balancer", (4, 6)), {
        "dataplane": {
            "ports": [{"name": "wan", "device": f"pcap:{files['in']},{files['wan']}", "mtu": JUMBO},
                      {"name": "lan", "device": f"pcap:{files['nothing']},{files['lan']}", "mtu": JUMBO}],
            "flows_per_worker": 10000,
            "next_hops": [{"address": backend, "mac": BACKEND_MAC, "port": "lan", "vlan": 100}]},
        "services": [{"name": "echo", "addresses": [vip], "ports": ["53"], "protocol": "udp", "forwarding": "dnat",
                      "backends": [{"name": "b1", "address": backend, "port": 5353}]}]})
    headrace.start_controlplane()
    wait_for(lambda: headrace.controlplane.errors() and headrace.status()["generation"]["published"] > 0,
             "the tables to be published")
    headrace.start_dataplane()
    headrace.wait_ready()
    wait_for(lambda: headrace.status()["accounts"]["received"] == len(frames) + 1, "the file to be read")
    verdicts = check_law(headrace)
    check(verdicts["to-backend"] == verdicts["too-big-told"] == len(TAGS), f"{verdicts}")
    ports = {port["name"]: port for port in headrace.get("/v1/ports")["ports"]}
    check([port["mtu"] for port in ports.values()] == [JUMBO] * 2, f"{ports}")
    tap = json.loads(headrace.namespace.run("ip", "-j", "link", "show", "dev", "hr-wan"))[0]
    check(tap["mtu"] == JUMBO, f"{tap}")
    check(headrace.stop() == (0, 0), "a clean stop did not end with 0")

    came = [bytes(frame) for frame in rdpcap(str(files["lan"]))]
    expected = [framed((ports["lan"]["mac"], BACKEND_MAC), TAGS["one"],
                       packet((client, backend), (4000, 5353), JUMBO, hops=63)) for client in clients.values()]
    expected = [frame[:14] + bytes((0, 100)) + frame[16:] for frame in expected]
    check([len(frame) for frame in came] == [JUMBO + 18] * len(TAGS), f"{[len(frame) for frame in came]}")
    check(came == expected, "other bytes came out")
    told = [Ether(bytes(frame)) for frame in rdpcap(str(files["wan"]))]
    check([told_mtu(frame) for frame in told] == [JUMBO] * len(TAGS), f"{told}")


def told_mtu(frame):
    """What an ICMP message says of the MTU; None: it is another packet."""
    if ICMPv6PacketTooBig in frame:
        return frame[ICMPv6PacketTooBig].mtu
    return frame[ICMP].nexthopmtu if ICMP in frame else None


def story_pcap(lab):
    """Over IPv4."""
    through_files(lab, 4)


def story_pcap_ipv6(lab):
    """Over IPv6."""
    through_files(lab, 6)


def jumbo_world(lab, family):
    """Two arms behind cards, whose ports have an MTU of 9000."""
    world = two_arms(lab, backends=1, family=family, ports="memif")
    world.cards.mtu = JUMBO
    for place in (world.client, world.wires, world.switch, *world.backends):
        links = json.loads(place.run("ip", "-j", "link", "show"))
        place.ip(*[f"link set {link['ifname']} mtu {LINK}" for link in links if link["ifname"] != "lo"])
    return world


class Wire:
    """A host's end of its link."""

    def __init__(self, namespace):
        self.mac = namespace.mac("eth0")
        self.socket = namespace.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        self.socket.bind(("eth0", ETH_P_ALL))
        self.socket.settimeout(5)

    def take(self, wanted, what):
        """The next frame that is wanted; Linux takes its outer tag off."""
        until = time.monotonic() + 5
        while True:
            check(time.monotonic() < until, f"{what}: only other frames came out")
            try:
                data, sender = self.socket.recvfrom(LINK + 100)
            except TimeoutError:
                check(False, f"{what}: nothing came out")
            if sender[2] != socket.PACKET_OUTGOING and wanted(frame := Ether(data)):
                return frame


def talk(lab, family):
    """Datagrams and answers of 9000 bytes behind each kind of tags; one of 9001 is answered by ICMP."""
    world = jumbo_world(lab, family)
    layer, customer = LAYER[family], WAN[family].format(77)
    quiet = "table netdev q { chain c { type filter hook ingress device eth0 priority 0; meta l4proto udp drop; }; }"
    for host in (world.client, *world.backends):
        host.nft(quiet)
    client, backend = Wire(world.client), Wire(world.backends[0])
    headrace = world.headrace(world.service("echo", "full-nat", protocol="udp", port=53, backend_port=5353))
    headrace.start()
    macs = {"wan": (client.mac, world.mac("wan")), "lan": (backend.mac, world.mac("lan"))}
    for port, (what, tags) in enumerate(TAGS.items(), 4000):
        client.socket.send(framed(macs["wan"], tags, packet((customer, world.vip), (port, 53), JUMBO)))
        asked = backend.take(lambda frame: UDP in frame and frame[UDP].dport == 5353, what)
        own = (asked[layer].src, asked[layer].dst), (asked[UDP].sport, 5353)
        check(bytes(asked) == framed(macs["lan"][::-1], [], packet(*own, JUMBO, hops=63)), f"{what}: other bytes")
        back = [pair[::-1] for pair in own]
        backend.socket.send(framed(macs["lan"], [], packet(*back, JUMBO)))
        answer = client.take(lambda frame: UDP in frame and frame[UDP].sport == 53, what)
        check(len(answer) == JUMBO + 14 + 4 * max(len(tags) - 1, 0), f"{what}: {len(answer)} bytes")
        check(bytes(answer[layer]) == bytes(packet((world.vip, customer), (53, port), JUMBO, hops=63)),
              f"{what}: other bytes in the answer")
        client.socket.send(framed(macs["wan"], tags, packet((customer, world.vip), (port, 53), JUMBO + 1)))
        told = client.take(lambda frame: ICMP in frame or ICMPv6PacketTooBig in frame, what)
        check(told_mtu(told) == JUMBO, f"{what}: told of {told_mtu(told)}")
    verdicts = check_law(headrace)
    check(verdicts["too-big-told"] == len(TAGS) and verdicts["truncated"] == 0, f"{verdicts}")


def story_memif(lab):
    """Over IPv4."""
    talk(lab, 4)


def story_memif_ipv6(lab):
    """Over IPv6."""
    talk(lab, 6)


def check_ping(world, family):
    """Linux behind the tap answers an echo request of 9000 bytes with as many."""
    wire, itself = Wire(world.client), WAN[family].format(1)
    request, reply = (ICMP(), ICMP) if family == 4 else (ICMPv6EchoRequest(), ICMPv6EchoReply)
    ip = LAYER[family](src=world.client.address, dst=itself)
    wire.socket.send(framed((wire.mac, world.mac("wan")), [], ip / request / bytes(JUMBO - HEADERS[family] - 8)))
    answer = wire.take(lambda frame: reply in frame and frame[LAYER[family]].src == itself, "ping")
    check(len(answer) == JUMBO + 14, f"{len(answer)} bytes came")


def download(lab, family):
    """TCP fills packets of 9000 bytes, both ends' links having that MTU; so does a ping to the balancer itself."""
    world = jumbo_world(lab, family)
    for host in (world.client, *world.backends):
        host.ip(f"link set eth0 mtu {JUMBO}")
    files = lab.directory / "files"
    files.mkdir()
    whole = sha256(make_file(files / "whole", MEGABYTES))
    serve_http(world.backends, root=files)
    headrace = world.headrace(world.service("web", "full-nat"))
    headrace.start(backends_up=1)
    link = json.loads(world.client.run("ip", "-j", "-s", "link", "show", "eth0"))[0]["stats64"]["rx"]
    check(digest(start_download(world.client, f"{world.url}whole")) == whole, "other bytes came")
    after = json.loads(world.client.run("ip", "-j", "-s", "link", "show", "eth0"))[0]["stats64"]["rx"]
    size = (after["bytes"] - link["bytes"]) / (after["packets"] - link["packets"])
    check(size > 0.9 * JUMBO, f"packets of {size:.0f} bytes")
    check_ping(world, family)
    check_law(headrace)
    return f"packets of {size:.0f} bytes on average, MSS {JUMBO - HEADERS[family] - 20}"


def story_tcp(lab):
    """Over IPv4."""
    return download(lab, 4)


def story_tcp_ipv6(lab):
    """Over IPv6."""
    return download(lab, 6)


def story_af_xdp(lab):
    """AF_XDP has no frames of that size: refused by name, with what helps."""
    world = two_arms(lab, backends=1, ports="af_xdp")
    world.balancer.ip(f"link set lan mtu {JUMBO}")
    headrace = world.headrace(world.service("web", "full-nat"))
    headrace.start_dataplane()
    wait_for(headrace.dataplane.ended, "the dataplane to refuse")
    check(f"port lan: the MTU of lan is {JUMBO}, and AF_XDP takes packets up to 3400; run: ip link set dev lan mtu "
          "1500, or drive the card by pci:" in headrace.dataplane.errors(), headrace.dataplane.errors())


def story_beside(lab):
    """AF_XDP goes on in pages where another port has larger packets."""
    world = two_arms(lab, backends=1, ports="af_xdp")
    files = lab.directory / "files"
    files.mkdir()
    whole = sha256(make_file(files / "whole", MEGABYTES))
    serve_http(world.backends, root=files)
    headrace = world.headrace(world.service("web", "full-nat"))
    headrace.config["dataplane"]["ports"].append(
        {"name": "memory", "device": f"memif:{lab.directory}/memif.sock,server", "mtu": JUMBO})
    headrace.write_config()
    headrace.start(backends_up=1)
    check([port["mtu"] for port in headrace.get("/v1/ports")["ports"]] == [1500, 1500, JUMBO], "other MTUs")
    check(digest(start_download(world.client, f"{world.url}whole")) == whole, "other bytes came")
    check_law(headrace)
