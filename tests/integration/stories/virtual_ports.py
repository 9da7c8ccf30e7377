# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors
"""Ports without a Linux interface: packets from a file into a file; ports that only start.

    wan-in.pcap ----> wan [headrace] lan ----> lan-out.pcap
    next hops come from the configuration
"""

from scapy.layers.inet import IP, TCP
from scapy.layers.l2 import Ether
from scapy.utils import rdpcap, wrpcap

from lab import Headrace, Namespace, check, check_law, wait_for

VIP, ROUTER_MAC = "198.51.100.10", "02:00:00:00:00:77"
BACKENDS = {"10.0.0.11": "02:00:00:00:00:11", "10.0.0.12": "02:00:00:00:00:12"}
COUNT = 500


def config(ports):
    """A dnat service, two backends that nobody checks, their MACs."""
    return {
        "dataplane": {
            "ports": [{"name": name, "device": device} for name, device in ports.items()],
            "flows_per_worker": 10000,
            "next_hops": [{"address": address, "mac": mac, "port": "lan"}
                          for address, mac in BACKENDS.items()]},
        "services": [{
            "name": "web", "addresses": [VIP], "ports": ["80"], "forwarding": "dnat",
            "health_check": {"type": "none"},
            "backends": [{"name": f"b{number}", "address": address, "port": 8080}
                         for number, address in enumerate(BACKENDS, 1)]}],
    }


def story_pcap(lab):
    """Each SYN comes out for the backend's MAC, address and port, with every sum right."""
    packets = [Ether(src=ROUTER_MAC, dst="02:00:00:00:00:01") /
               IP(src=f"203.0.113.{number % 250 + 1}", dst=VIP, ttl=60, id=number) /
               TCP(sport=10000 + number, dport=80, flags="S", seq=number) for number in range(COUNT)]
    files = {name: lab.directory / f"{name}.pcap" for name in ("in", "nothing", "wan", "lan")}
    wrpcap(str(files["in"]), packets)
    # A file must hold a packet: one that is nobody's, and goes to Linux.
    wrpcap(str(files["nothing"]), [Ether(dst="02:00:00:00:00:02", type=0x88b5) / bytes(46)])

    headrace = Headrace(lab, Namespace(lab, "balancer"), config({
        "wan": f"pcap:{files['in']},{files['wan']}",
        "lan": f"pcap:{files['nothing']},{files['lan']}"}))
    headrace.start_controlplane()
    wait_for(lambda: headrace.controlplane.errors() and
             headrace.status()["generation"]["published"] > 0, "the tables to be published")
    headrace.start_dataplane()
    headrace.wait_ready()
    wait_for(lambda: headrace.status()["accounts"]["received"] == COUNT + 1, "the file to be read")
    verdicts = check_law(headrace)
    check(verdicts["to-backend"] == COUNT and verdicts["to-linux"] == 1, f"{verdicts}")
    lan = {port["name"]: port["mac"] for port in headrace.status()["dataplane"]["ports"]}["lan"]
    check(headrace.stop() == (0, 0), "a clean stop did not end with 0")

    came = rdpcap(str(files["lan"]))
    check(len(came) == COUNT, f"{len(came)} packets came out")
    for before, after in zip(packets, came):
        backend = after[IP].dst
        check(backend in BACKENDS, f"to {backend}")
        expected = Ether(src=lan, dst=BACKENDS[backend]) / \
            IP(src=before[IP].src, dst=backend, ttl=59, id=before[IP].id) / \
            TCP(sport=before[TCP].sport, dport=8080, flags="S", seq=before[TCP].seq)
        check(bytes(after) == bytes(expected), f"{bytes(after).hex()}, not {bytes(expected).hex()}")
    check(len({packet[IP].dst for packet in came}) == 2, "one backend got everything")


def story_start(lab):
    """memif, ring and null start side by side, and stop."""
    headrace = Headrace(lab, Namespace(lab, "balancer"), config({
        "memory": f"memif:{lab.directory}/memif.sock,server", "lan": "ring:", "none": "null:"}))
    headrace.start_controlplane()
    headrace.start_dataplane()
    headrace.wait_ready()
    drivers = [port["driver"] for port in headrace.status()["dataplane"]["ports"]]
    check(drivers == ["net_memif", "net_ring", "net_null"], f"{drivers}")
    check(headrace.stop() == (0, 0), "a clean stop did not end with 0")
