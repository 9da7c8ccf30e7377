# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors

"""Who may send what to whom."""

from cases import vector
from packets import Flow, Packet


def _from(c, source, port=40000):
    """A packet of that client: an address."""
    flow = Flow(c.family, c.protocol, c.service, c.port)
    flow.client = source, port
    if not flow.full_nat:
        flow.local = flow.client
    return Packet(flow, "client", flags="S")


NOBODY = {4: ["0.0.0.0", "0.0.0.1", "127.0.0.1", "224.0.0.5", "239.255.255.255", "255.255.255.255"],
          6: ["::", "::1", "ff02::5", "ff0e::1"]}


@vector("RFC 1812 5.3.7, RFC 4291 2.7: sources that nobody can answer", protocols=("tcp", "udp"))
def source_of_nobody(c):
    """Unspecified, this host's, groups, everyone."""
    c.dropped("bad-address", *(_from(c, source) for source in NOBODY[c.family]))


@vector("RFC 9293 3.9.2.3: a service that sends to itself", protocols=("tcp", "udp"))
def land(c):
    """Service, local address and our own are no clients."""
    c.dropped("bad-address", _from(c, c.address(c.service), c.port), _from(c, c.address("dnat")),
              _from(c, c.address("local")), _from(c, c.address("host")))


@vector("RFC 6335 6: port 0 is none", protocols=("tcp", "udp"))
def from_port_0(c):
    """Nobody can answer it."""
    c.dropped("bad-address", _from(c, c.address("client"), 0))


@vector("RFC 1122 3.2.1.3: ports at both ends of their range", protocols=("tcp", "udp"))
def first_port(c):
    """1."""
    c.passes(_from(c, c.address("client"), 1))


@vector("RFC 1122 3.2.1.3: ports at both ends of their range", protocols=("tcp", "udp"))
def last_port(c):
    """65535."""
    c.passes(_from(c, c.address("client"), 65535))


def _port_to(c, port):
    return Packet(Flow(c.family, c.protocol, c.service, port), "client", flags="S")


@vector("ports that the service does not have are Linux's", protocols=("tcp", "udp"), steers=False)
def other_ports(c):
    """0, 22, and the last one before its range."""
    c.to_linux(*(_port_to(c, port) for port in (0, 22, 1023)))


@vector("the range's ends are the service's", protocols=("tcp", "udp"))
def range_ends(c):
    """1024 and 65535."""
    c.passes(_port_to(c, 1024), _port_to(c, 65535))


@vector("strangers' packets to each other are Linux's", protocols=("tcp", "udp"), steers=False)
def strangers(c):
    """And those to ourselves."""
    packet = c.client(flags="S")
    for name in ("stranger", "host", "client-too"):
        packet.ends_in = c.flow.client, (c.address(name), c.port)
        c.to_linux(packet)


@vector("allow: only those on the list", services=("allows",))
def allowed(c):
    """The client is."""
    c.passes(c.client(flags="S"), c.backend(flags="SA"))
    c.dropped("denied", _from(c, c.address("client-too")), _from(c, c.address("stranger")))


@vector("deny: all but those on the list", services=("denies",))
def denied(c):
    """The client is."""
    c.dropped("denied", c.client(flags="S"), c.client())
    c.passes(_from(c, c.address("client-too")))


@vector("a service without a backend", services=("nobody",))
def nobody(c):
    """What may begin something, and what may not."""
    c.dropped("no-backend", c.client(flags="S"))
    c.dropped("no-flow", c.client())


@vector("RFC 894: a frame for another MAC is not ours", runners=("engine", "steering"), steers=False)
def other_mac(c):
    """By one bit, in each byte."""
    for bit in (2, 9, 18, 27, 36, 45):
        mac = bytearray(b"\x02\0\0\0\0\xa0")
        mac[bit // 8] ^= 1 << bit % 8
        c.to_linux(c.client(flags="S", mac_to=":".join(f"{byte:02x}" for byte in mac)))


@vector("RFC 1812 5.3.4: what a link sends to everyone is not forwarded", runners=("engine", "steering"),
        steers=False)
def link_broadcast(c):
    """And to groups."""
    c.open()
    for mac in ("ff:ff:ff:ff:ff:ff", "01:00:5e:00:00:05", "33:33:00:00:00:05", "03:00:00:00:00:a0"):
        c.to_linux(c.client(mac_to=mac))


@vector("RFC 4291 2.5.6: link-local addresses are not routed", families=(6,), protocols=("tcp", "udp"),
        steers=False)
def link_local(c):
    """From there to a service."""
    c.to_linux(_from(c, "fe80::7"), _from(c, "febf:ffff::1"))


@vector("RFC 4942 2.2: IPv4 in disguise", families=(6,), protocols=("tcp", "udp"), steers=False)
def mapped(c):
    """::ffff:a.b.c.d is no client of IPv6, and no service of IPv4 either."""
    c.to_linux(_from(c, "::ffff:203.0.113.7"))
    packet = c.client(flags="S")
    packet.ends_in = ("::ffff:203.0.113.7", 40000), ("::ffff:198.51.100.10", c.port)
    c.to_linux(packet)


@vector("a reply goes back to the MAC that the client's packets come from")
def last_hop(c):
    """Also when it is another one from now on."""
    c.establish()
    c.passes(c.backend())
    c.flow.client_mac = "02:00:00:00:00:c9"
    c.passes(c.client(), c.backend(), c.backend(flags="FA"))


@vector("a dnat backend's own packets do not leave with its address", services=("dnat",),
        protocols=("tcp", "udp"))
def backend_of_nobody(c):
    """To anyone, whatever its port."""
    packet = c.backend()
    for name, port in (("stranger", 80), ("client", 22), ("client-too", 40000)):
        packet.ends_in = c.flow.backend, (c.address(name), port)
        c.dropped("no-flow", packet)


@vector("a dnat backend's packets to the balancer are Linux's", services=("dnat",), protocols=("tcp", "udp"),
        steers=False)
def backend_to_host(c):
    """Answers to health checks."""
    packet = c.backend()
    packet.ends_in = c.flow.backend, (c.address("host"), 40000)
    c.to_linux(packet)


@vector("who reaches a dnat backend directly is answered directly", services=("dnat",), protocols=("tcp", "udp"),
        steers=True)
def direct(c):
    """Linux forwards both ways; a record tells the answer from a lost flow's."""
    there, back = c.client(flags="S"), c.backend(flags="SA")
    there.ends_in = (c.address("client-too"), 50000), c.flow.backend
    back.ends_in = c.flow.backend, (c.address("client-too"), 50000)
    c.dropped("no-flow", back)
    c.to_linux(there, back)


@vector("a full-nat backend's other packets are Linux's", services=("full-nat",), protocols=("tcp", "udp"),
        steers=False)
def full_nat_backend(c):
    """Only what is for a local address and port in its range is ours."""
    packet = c.backend()
    for name, port in (("stranger", 80), ("local", 4320), ("local", 4322), ("host", 4321)):
        packet.ends_in = c.flow.backend, (c.address(name), port)
        c.to_linux(packet)


@vector("another host's packets to a local address", services=("full-nat",), protocols=("tcp", "udp"))
def other_to_local(c):
    """It belongs to a flow with one backend, and nobody else."""
    c.open()
    packet = c.backend(flags="SA")
    for source in ((c.address("stranger"), c.port), (c.flow.backend[0], c.port ^ 1)):
        packet.ends_in = source, c.flow.local
        c.dropped("no-flow", packet)
