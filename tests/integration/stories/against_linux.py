# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors
"""The same packets through Headrace and through Linux's own NAT: the same frames come out.

    client (a router) ---- wan [headrace, then nftables] lan ---- switch ---- b1 (three backends)
    frames are put on and taken off the links themselves; no kernel answers

Linux is told which backend and which local port Headrace has drawn for each flow (GET /v1/flows). What
differs has to be of a class that is named here, with the RFC that allows it. What tcprewrite makes of the
packets of IPv4, and scapy of those of IPv6, is compared with Headrace's frames as well.
"""

import collections

from lab import check, check_law, frames, two_arms, wait_for
from lab.addressing import CLIENT as CLIENT_NUMBER, LAN, WAN, assign, end
from lab.captures import describe, write_pcap
from lab.linux_nat import translate
from lab.replay import Played, Side, play
from lab.rewriting import against_scapy, against_tcprewrite
from lab.traffic import BACKEND, CLIENT, OTHER, Traffic

SEED = 6
FLOWS = 54             # by mode, family and protocol
STEPS = 46             # of each, about
CLIENTS = {4: ["203.0.113.7", "203.0.113.8"], 6: ["2001:db8:7::7", "2001:db8:7::8"]}
BEHIND = {4: "203.0.113.0/24", 6: "2001:db8:7::/64"}
PORTS = {"tcp": (80, 8080), "udp": (53, 5353)}   # of services, of backends
FIRST_PORT = 40000     # of clients: no other port here is like it
BACKENDS = 11, 12, 13
FEWEST = 20000         # frames
# Of what lab/traffic.py makes, what Headrace carries.
KINDS = "tcp", "udp", "icmp", "fragments"

# What came out for a packet: frames on the other side, and on that of its sender.
Outcome = collections.namedtuple("Outcome", "forwarded answered")


def is_time_exceeded(frame):
    """ICMP for IPv4, for IPv6?"""
    packet = frames.trim(frame)
    if packet[0] >> 4 == 6:
        return packet[6] == frames.ICMPV6 and packet[40] == 3
    return packet[9] == frames.ICMP and packet[20] == 11


def is_silent_end(_step, ours, linux):
    """Nobody sends it on. Linux tells the sender, Headrace need not."""
    return not ours.forwarded and not linux.forwarded and len(linux.answered) == 1 and \
        all(map(is_time_exceeded, ours.answered + linux.answered))


def is_judged_by_its_end(step, ours, linux):
    """Headrace translates it; for Linux it is invalid."""
    return packets(ours.forwarded) == step.expected() and not ours.answered and linux == Outcome([], [])


def packets(some):
    """Without their Ethernet headers."""
    return [frames.trim(frame) for frame in some]


def is_fresh_identification(_step, ours, linux):
    """Of IPv4, whose fragments Linux puts together and cuts anew: the same datagram but for that."""
    return not ours.answered + linux.answered and len(ours.forwarded) == 1 and None not in ours.forwarded and \
        [*map(frames.without_identification, ours.forwarded)] == \
        [*map(frames.without_identification, linux.forwarded)]


# A difference that is right: (name, RFC, what was sent, does it fit (step, Headrace's outcome, Linux's)).
Class = collections.namedtuple("Class", "name rfc what fits")
CLASSES = [
    Class("hop limit used up", "RFC 1812 section 5.3.1, RFC 4443 section 3.3", ("ttl-1",), is_silent_end),
    Class("reset of any sequence number is its end's to judge", "RFC 5961 section 3.2", ("blind-reset",),
          is_judged_by_its_end),
    Class("fragments have a fresh identification", "RFC 6864 section 5.3", ("fragments",), is_fresh_identification),
]


def wire_up(world):
    """The clients are behind a router, the backends are addresses of one host."""
    for family in world.families:
        world.balancer.ip(f"route add {BEHIND[family]} via {WAN[family].format(CLIENT_NUMBER)}")
        for number in BACKENDS[1:]:
            world.backends[0].ip(*assign(LAN, number, [family], "eth0"))


def settle(world):
    """Each router and backend is a neighbour that will not be asked for in the middle of it."""
    mac = {"wan": world.client.mac("eth0"), "lan": world.backends[0].mac("eth0")}
    for family in world.families:
        world.balancer.ip(f"neigh replace {WAN[family].format(CLIENT_NUMBER)} lladdr {mac['wan']} dev wan nud permanent",
                          *(f"neigh replace {LAN[family].format(number)} lladdr {mac['lan']} dev lan nud permanent"
                            for number in BACKENDS))


def configure(world):
    """Both modes, both families, both protocols."""
    services = []
    for family in world.families:
        for place, forwarding in enumerate(("dnat", "full-nat")):
            for protocol, (port, backend_port) in PORTS.items():
                service = world.service(f"{protocol}-{forwarding}-{family}", forwarding,
                                        world.services_of(family)[place], port=port, protocol=protocol,
                                        health_check={"type": "none"})
                service["backends"] = [{"name": f"b{number}", "address": LAN[family].format(number),
                                        "port": backend_port} for number in BACKENDS]
                services.append(service)
    headrace = world.headrace(*services)
    for pool in headrace.config["local_pools"]:
        pool["ports"] = "20000-29999"
    headrace.write_config()
    return headrace


def make_traffic(headrace, kinds):
    """Flows to every service."""
    traffic, port = Traffic(SEED, kinds), FIRST_PORT
    for number in range(FLOWS):
        for service in headrace.config["services"]:
            address = service["addresses"][0]
            family = 6 if ":" in address else 4
            traffic.add((CLIENTS[family][number % 2], port), (address, int(service["ports"][0])),
                        service["protocol"], STEPS)
            port += 1
    return traffic


def parse_end(text):
    """"A:PORT" or "[A]:PORT" as (address, port)."""
    address, _, port = text.rpartition(":")
    return address.strip("[]"), int(port)


def learn(headrace, flows):
    """Which backend and local port each flow was given."""
    rows = {(row["protocol"], row["client"], row["service"]): row for row in headrace.flows()}
    for flow in flows:
        row = rows.get((flow.protocol, end(*flow.client), end(*flow.service)))
        check(row, f"no flow of {flow.key}")
        flow.backend = parse_end(row["backend"])
        flow.local = parse_end(row["local"]) if row["local"] else flow.client


def compare(headrace, linux):
    """How many differ by class; fails when one is of none."""
    counts, unknown = collections.Counter(), []
    for (side, number), (step, sent) in headrace.sent.items():
        # All that came of it, forwarded or told its sender.
        ours, theirs = (Outcome(*(played.got.get((at, number), []) for at in (OTHER[side], side)))
                        for played in (headrace, linux))
        if step.what == "fragments":
            ours, theirs = (Outcome(*map(frames.whole, outcome)) for outcome in (ours, theirs))
        if ours == theirs:
            counts["the same"] += 1
            continue
        fitting = next((one for one in CLASSES if step.what in one.what and one.fits(step, ours, theirs)), None)
        if fitting:
            counts[f"{fitting.name} ({fitting.rfc})"] += 1
        else:
            counts["of no class"] += 1
            unknown.append(f"{step.what} from the {side}, {describe(sent[0])}, {sent[0].hex()}: Headrace "
                           f"{told(ours)}, Linux {told(theirs)}")
    return counts, unknown


def told(outcome):
    """Frames that came out, in short."""
    return " and ".join(f"{name} {[one.hex() for one in some]}" for name, some in
                        zip(("forwards", "answers"), outcome) if some) or "nothing"


def replay(world, traffic, opening):
    """Everything that traffic has, once; opening(steps, played) sends the first of each flow."""
    sides = {CLIENT: Side(world.client, world.balancer.mac("wan")),
             BACKEND: Side(world.backends[0], world.balancer.mac("lan"))}
    played = Played(sides)
    first, *rest = traffic.rounds()
    play(sides, first, played)
    if opening:
        opening()
    play(sides, [step for steps in rest for step in steps], played)
    played.put_together()
    for side in sides.values():
        side.close()
    return played


def through_both(lab, kinds):
    """Headrace first, then Linux with what Headrace drew."""
    world = two_arms(lab, backends=1, family=6)
    wire_up(world)
    headrace = configure(world)
    headrace.start()
    headrace.wait_next_hops()
    traffic = make_traffic(headrace, kinds)
    ours = replay(world, traffic, lambda: learn(headrace, traffic.flows))
    check_law(headrace)
    headrace.stop()
    settle(world)
    translate(world.balancer, traffic.flows)
    linux = replay(world, traffic, None)
    return ours, linux


def keep(lab, ours, linux):
    """Captures: of all for a failed test to show; of Headrace's frames, which tshark is to look at, not the spoiled ones."""
    for side in (CLIENT, BACKEND):
        write_pcap(lab.directory / f"sent-by-{side}.pcap", [
            frame for (at, _), (_, some) in ours.sent.items() if at == side for frame in some])
        write_pcap(lab.directory / f"linux-to-{side}.pcap", linux.frames_got[side])
        spoiled = {number for (at, number), (step, _) in ours.sent.items()
                   if at == OTHER[side] and step.what == "wrong-checksum"}
        write_pcap(lab.logs / f"headrace-to-{side}.pcap", [
            frame for (at, number), some in ours.got.items() if at == side and number not in spoiled
            for frame in some])


def against(lab, kinds):
    """The whole comparison."""
    ours, linux = through_both(lab, kinds)
    sent = sum(len(frames_sent) for _, frames_sent in ours.sent.values())
    check(sent >= FEWEST, f"only {sent} frames")
    keep(lab, ours, linux)
    counts, unknown = compare(ours, linux)
    lab.notes.append(f"{sent} frames, {sum(counts.values())} comparisons: " +
                     ", ".join(f"{count} {name}" for name, count in counts.most_common()))
    check(not unknown, f"{len(unknown)} differ from Linux; " + "; ".join(unknown[:3]))
    lab.notes.append(f"{against_tcprewrite(ours, lab.directory)} frames of IPv4 as tcprewrite has them, "
                     f"{against_scapy(ours, 8)} of IPv6 as scapy")


def story(lab):
    """Both modes, both families; TCP and UDP, errors about them, fragments."""
    against(lab, KINDS)
