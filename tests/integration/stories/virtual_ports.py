# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors
"""Ports without a Linux interface: packets from a file into a file; ports that only start.

    wan-in.pcap ----> wan [headrace] lan ----> lan-out.pcap
    next hops come from the configuration
"""

from scapy.layers.inet import IP, TCP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import Ether
from scapy.utils import rdpcap, wrpcap

from lab import Headrace, Namespace, check, check_law, wait_for
from lab.addressing import LAN, WAN

ROUTER_MAC = "02:00:00:00:00:77"
BACKENDS = {11: "02:00:00:00:00:11", 12: "02:00:00:00:00:12"}  # number on the lan side, MAC
CLIENTS = {4: "203.0.113.{}", 6: "2001:db8:7::{}"}
LAYER = {4: IP, 6: IPv6}
COUNT = 500


def config(ports, family):
    """A dnat service, two backends that nobody checks, their MACs."""
    return {
        "dataplane": {
            "ports": [{"name": name, "device": device} for name, device in ports.items()],
            "flows_per_worker": 10000,
            "next_hops": [{"address": LAN[family].format(number), "mac": mac, "port": "lan"}
                          for number, mac in BACKENDS.items()]},
        "services": [{
            "name": "web", "addresses": [WAN[family].format(10)], "ports": ["80"], "forwarding": "dnat",
            "health_check": {"type": "none"},
            "backends": [{"name": f"b{number}", "address": LAN[family].format(number), "port": 8080}
                         for number in BACKENDS]}],
    }


def syn(macs, ends, family, number, hops):
    """The SYN of a client: from and to these MACs, an end being (address, port)."""
    (source, source_port), (target, target_port) = ends
    ip = IP(src=source, dst=target, ttl=hops, id=number) if family == 4 else \
        IPv6(src=source, dst=target, hlim=hops, fl=number)
    return Ether(src=macs[0], dst=macs[1]) / ip / \
        TCP(sport=source_port, dport=target_port, flags="S", seq=number)


def run_through(lab, family):
    """Each SYN comes out for the backend's MAC, address and port, with every sum right."""
    vip = WAN[family].format(10), 80
    clients = [(CLIENTS[family].format(number % 250 + 1), 10000 + number) for number in range(COUNT)]
    packets = [syn((ROUTER_MAC, "02:00:00:00:00:01"), (client, vip), family, number, 60)
               for number, client in enumerate(clients)]
    files = {name: lab.directory / f"{name}.pcap" for name in ("in", "nothing", "wan", "lan")}
    wrpcap(str(files["in"]), packets)
    # A file must hold a packet: one that is nobody's, and goes to Linux.
    wrpcap(str(files["nothing"]), [Ether(dst="02:00:00:00:00:02", type=0x88b5) / bytes(46)])

    headrace = Headrace(lab, Namespace(lab, "balancer", (4, 6)), config({
        "wan": f"pcap:{files['in']},{files['wan']}",
        "lan": f"pcap:{files['nothing']},{files['lan']}"}, family))
    headrace.start_on_tables()
    wait_for(lambda: headrace.status()["accounts"]["received"] == COUNT + 1, "the file to be read")
    verdicts = check_law(headrace)
    check(verdicts["to-backend"] == COUNT and verdicts["to-linux"] == 1, f"{verdicts}")
    lan = {port["name"]: port["mac"] for port in headrace.status()["dataplane"]["ports"]}["lan"]
    check(headrace.stop() == (0, 0), "a clean stop did not end with 0")

    backends = {LAN[family].format(number): mac for number, mac in BACKENDS.items()}
    came = rdpcap(str(files["lan"]))
    check(len(came) == COUNT, f"{len(came)} packets came out")
    for number, (client, after) in enumerate(zip(clients, came)):
        backend = after[LAYER[family]].dst
        check(backend in backends, f"to {backend}")
        expected = syn((lan, backends[backend]), (client, (backend, 8080)), family, number, 59)
        check(bytes(after) == bytes(expected), f"{bytes(after).hex()}, not {bytes(expected).hex()}")
    check({packet[LAYER[family]].dst for packet in came} == set(backends), "one backend got everything")


def story_pcap(lab):
    """Over IPv4."""
    run_through(lab, 4)


def story_pcap_ipv6(lab):
    """Over IPv6."""
    run_through(lab, 6)


def story_start(lab):
    """memif, ring and null start side by side, and stop."""
    headrace = Headrace(lab, Namespace(lab, "balancer"), config({
        "memory": f"memif:{lab.directory}/memif.sock,server", "lan": "ring:", "none": "null:"}, 4))
    headrace.start_controlplane()
    headrace.start_dataplane()
    headrace.wait_ready()
    drivers = [port["driver"] for port in headrace.status()["dataplane"]["ports"]]
    check(drivers == ["net_memif", "net_ring", "net_null"], f"{drivers}")
    check(headrace.stop() == (0, 0), "a clean stop did not end with 0")


def story_rss(lab):
    """A device that hashes is given our key and a queue for each worker; others are not."""
    settings = config({"card": "null:", "lan": "ring:"}, 4)
    settings["dataplane"]["workers"] = 2
    headrace = Headrace(lab, Namespace(lab, "balancer"), settings)
    headrace.start_controlplane()
    headrace.start_dataplane()
    headrace.wait_ready()
    ports = {port["name"]: port for port in headrace.get("/v1/ports")["ports"]}
    check((ports["card"]["rss"], ports["card"]["queues"]) == ("set", 2), f"{ports['card']}")
    check((ports["lan"]["rss"], ports["lan"]["queues"]) == ("none", 1), f"{ports['lan']}")
    wait_for(lambda: [port["delivers"] for port in headrace.get("/v1/ports")["ports"]] ==
             ["to-owners", "to-any"], "what is believed of the ports")
    check(headrace.stop() == (0, 0), "a clean stop did not end with 0")
