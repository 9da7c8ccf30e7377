# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors

"""Cases: what topics/*.py write down, and the text that comes of it."""

import zlib
from collections import namedtuple

import scene
from packets import Flow, Packet

RUNNERS = ("engine", "process", "steering")

# One packet that comes, what becomes of it, and what goes; or something that is no packet, and its line.
Step = namedtuple("Step", "says port frame verdict outs", defaults=(None, None, None, ()))


class Case:
    """A sequence of packets of a flow between a client and a service, and what must become of them."""

    # pylint: disable=too-many-instance-attributes
    # pylint: disable=too-many-arguments
    def __init__(self, topic, name, rule, family, protocol, service):
        self.topic, self.name, self.rule = topic, name, rule  # a base name yet: see made_of()
        self.family, self.protocol, self.service = family, protocol, service
        self.full_nat = scene.is_full_nat(service)
        self.port = scene.FIRST_PORT + zlib.crc32(f"{topic} {name}".encode()) % (scene.LAST_PORT - scene.FIRST_PORT)
        self.flow = Flow(family, protocol, service, self.port)
        self.runners, self.pending, self.steers = RUNNERS, False, None
        self.steps = []

    def address(self, name):
        """Of a host of the scene, in the case's family."""
        return scene.ADDRESSES[name][self.family]

    def client(self, **how):
        """A packet of the client; see Packet."""
        return Packet(self.flow, "client", **how)

    def backend(self, **how):
        """A packet of the backend."""
        return Packet(self.flow, "backend", **how)

    def step(self, says, port, frame, verdict, *outs):
        """The frame comes by the port; outs are (port, frame)."""
        self.steps.append(Step(says, port, bytes(frame), verdict, outs))

    def passes(self, *packets):
        """They come, and go on translated."""
        for packet in packets:
            self.step(self.describe(packet), packet.ports[0], packet.comes(), packet.verdict,
                      (packet.ports[1], packet.goes()))

    def dropped(self, verdict, *packets):
        """They come, and nothing goes: a drop, or to Linux."""
        for packet in packets:
            self.step(self.describe(packet), packet.ports[0], packet.comes(), verdict)

    def to_linux(self, *packets):
        """They come, and are nobody's."""
        self.dropped("to-linux", *packets)

    def after(self, seconds):
        """Time passes: of this only the engine's clock can be told."""
        self.runners = ("engine",)
        self.steps.append(Step(f"after {seconds}"))

    def backends(self, state):
        """From now on all are "up", "down", "expired" (removed, and their drain ran out) or "gone"."""
        self.runners = tuple(name for name in self.runners if name != "process")
        self.steps.append(Step(f"backends {state}"))

    def open(self):
        """The client's first packet."""
        self.passes(self.client(flags="S") if self.protocol == "tcp" else self.client())

    def establish(self):
        """There and back, and there again."""
        if self.protocol == "tcp":
            self.passes(self.client(flags="S"), self.backend(flags="SA"), self.client(flags="A", payload=b""))
        else:
            self.passes(self.client(), self.backend(), self.client())

    def describe(self, packet):
        """For who reads the file."""
        how = {key: value for key, value in packet.how.items()
               if isinstance(value, (int, str)) and key not in ("flags", "mac_from", "mac_to")}
        words = [f"{packet.sender}'s", packet.flow.protocol.upper(),
                 packet.how.get("flags", "A") if packet.flow.protocol == "tcp" else "",
                 *(f"{key}={value}" for key, value in how.items())]
        return " ".join(word for word in words if word)


def hex_of(frame):
    """With blanks behind the Ethernet header, a tag and the IP header."""
    text, cuts, at = frame.hex(), [], 14
    while frame[at - 2:at] in (b"\x81\x00", b"\x88\xa8"):
        cuts.append(at - 2)
        at += 4
    kind = frame[at - 2:at]
    cuts.append(at)
    if kind == b"\x86\xdd":
        cuts.append(at + 40)
    elif kind == b"\x08\x00" and len(frame) > at:
        cuts.append(at + max(20, (frame[at] & 15) * 4))
    cuts = [0, *(cut for cut in cuts if cut < len(frame)), len(frame)]
    return " ".join(text[2 * one:2 * two] for one, two in zip(cuts, cuts[1:]))


def case_text(case):
    """The lines of a case."""
    yield f"case {case.name}"
    yield f"rule {case.rule}"
    if case.runners != RUNNERS:
        yield f"run {' '.join(case.runners)}"
    if case.pending:
        yield "pending"
    if case.steers is not None:
        yield f"steer {'yes' if case.steers else 'no'}"
    for step in case.steps:
        if step.port is None:
            yield step.says
            continue
        yield f"# {step.says}"
        yield f"in {step.port} {hex_of(step.frame)}".rstrip()
        yield f"verdict {step.verdict}"
        for port, frame in step.outs:
            yield f"out {port} {hex_of(frame)}"
    yield ""


REGISTRY = {}  # topic: [(function, rule, what vector() was told)]


# pylint: disable=too-many-arguments
def vector(rule, services=("dnat", "full-nat"), families=(4, 6), protocols=("tcp",), runners=RUNNERS,
           pending=False, steers=None):
    """
    Makes a function that is given a Case, and fills it, into one case for each service, family and
    protocol. `rule` names the RFC's section, or the promise, that it is about. `pending`: not done
    yet, and must not pass by accident. `steers`: whether those packets that are Linux's must come to us
    first (all others must).
    """
    def register(function):
        kinds = [(service, family, protocol) for service in services for family in families
                 for protocol in protocols]
        REGISTRY.setdefault(function.__module__, []).append(
            (function, rule, kinds, (runners, pending, steers)))
        return function
    return register


def made_of(topic):
    """The cases of a topic, in the order they are written down."""
    for function, rule, kinds, (runners, pending, steers) in REGISTRY[topic]:
        services, families, protocols = (len(set(kind[i] for kind in kinds)) for i in range(3))
        for service, family, protocol in kinds:
            case = Case(topic, function.__name__.replace("_", "-"), rule, family, protocol, service)
            case.name += f"-{service}" if services > 1 else ""
            case.name += f"-ipv{family}" if families > 1 else ""
            case.name += f"-{protocol}" if protocols > 1 else ""
            case.runners, case.pending, case.steers = runners, pending, steers
            function(case)
            yield case
