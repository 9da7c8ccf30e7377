# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors

"""ICMP: errors about a flow, errors about nobody's, and what is no error."""

import struct

from scapy.layers.inet import IP
from scapy.layers.inet6 import IPv6

import scene
from cases import vector
from messages import PARAMETER, TIME_EXCEEDED, UNREACHABLE, Error, finish
from packets import ethernet

EITHER = ("tcp", "udp")


def _tell(c, error):
    c.step(f"ICMP {error.kind}/{error.code} of {error.who} about the {error.about.sender}'s packet",
           error.ports[0], error.comes(), error.verdict, (error.ports[1], error.goes()))


def _from_both(c, kind, code=0, **how):
    """Of a router on the clients' side about a reply, and of one on the backends' about a request."""
    c.establish()
    _tell(c, Error(c.backend(), "router", kind, code, **how))
    _tell(c, Error(c.client(), "inner-router", kind, code, **how))
    c.passes(c.client(), c.backend())  # They never end a flow.


@vector("RFC 792, RFC 4443 3.1: unreachable, every code there is", protocols=EITHER)
def unreachable(c):
    """Those with an MTU are elsewhere."""
    c.establish()
    for code in {4: (0, 1, 2, 3, 5, 9, 10, 13), 6: range(7)}[c.family]:
        _tell(c, Error(c.backend(), "router", UNREACHABLE[c.family], code))
        _tell(c, Error(c.client(), "inner-router", UNREACHABLE[c.family], code))
    c.passes(c.client(), c.backend())


@vector("RFC 1191 4, RFC 8201 4: the MTU that a router tells is the sender's to know", protocols=EITHER)
def too_big(c):
    """From both sides."""
    kind, code = {4: (3, 4), 6: (2, 0)}[c.family]
    for mtu in (1280, 1400):
        _from_both(c, kind, code, rest=mtu)


@vector("RFC 792, RFC 4443 3.3: time exceeded: traceroute through us", protocols=EITHER)
def time_exceeded(c):
    """In transit, and in reassembly."""
    _from_both(c, TIME_EXCEEDED[c.family])


@vector("RFC 792, RFC 4443 3.4: parameter problem")
def parameter_problem(c):
    """The pointer is kept."""
    _from_both(c, PARAMETER[c.family], rest=0x06000000 if c.family == 4 else 6)


@vector("RFC 792: 8 bytes of the packet inside are all one can count on", protocols=EITHER, families=(4,))
def eight_bytes(c):
    """TCP's checksum is not among them."""
    _from_both(c, 3, 1, cut=8)


@vector("RFC 5508 REQ-4: a checksum inside is mended where it is there", protocols=EITHER)
def cut_inside(c):
    """TCP's ends at byte 18, UDP's at 8."""
    c.establish()
    for size in (8, 12, 18, 20, 30):
        _tell(c, Error(c.backend(), "router", UNREACHABLE[c.family], 1, cut=size))


@vector("RFC 5508 REQ-4: less than the ports is nobody's", steers=False)
def less_than_ports(c):
    """Linux counts it."""
    for size in (0, 3):
        error = Error(c.backend(), "router", UNREACHABLE[c.family], 1, cut=size)
        c.step("an error, cut", "wan", error.comes(), "to-linux")


@vector("RFC 4884 4: extensions stay where they are")
def extensions(c):
    """A length of 128 bytes, and an object of MPLS behind it."""
    label = bytes.fromhex("2000 0000 0008 0101 0001 0140".replace(" ", ""))
    c.establish()
    _tell(c, Error(c.backend(), "router", TIME_EXCEEDED[c.family], words=32 if c.family == 4 else 16, extension=label))
    _tell(c, Error(c.client(), "inner-router", TIME_EXCEEDED[c.family], words=32 if c.family == 4 else 16,
                   extension=label))


@vector("RFC 5508 3.2: an error whose own checksum is wrong does not come out right")
def wrong(c):
    """Wrong by as much."""
    c.establish()
    _tell(c, Error(c.backend(), "router", UNREACHABLE[c.family], 1, wrong=0x1111))


@vector("RFC 1812 5.3.1: an error's own hop limit counts")
def hop_limit(c):
    """2 goes out as 1."""
    c.establish()
    _tell(c, Error(c.backend(), "router", UNREACHABLE[c.family], 1, ttl=2))


@vector("RFC 1122 3.2.2: no error is sent about an error")
def hop_limit_used_up(c):
    """It is dropped, and nobody told."""
    c.establish()
    error = Error(c.backend(), "router", UNREACHABLE[c.family], 1, ttl=1)
    c.step("an error at its end", "wan", error.comes(), "ttl-expired")


@vector("RFC 5508 REQ-3: an error of the client itself", protocols=EITHER)
def of_client(c):
    """Port unreachable: it has gone."""
    c.establish()
    _tell(c, Error(c.backend(), "client", UNREACHABLE[c.family], {4: 3, 6: 4}[c.family]))


@vector("errors about nobody's flow take the kernel path", protocols=EITHER)
def about_nobody(c):
    """There is no record, but it looks like a service's reply."""
    error = Error(c.backend(), "router", UNREACHABLE[c.family], 1)
    c.step("about nobody's flow", "wan", error.comes(), "to-linux")


@vector("errors about nobody's flow to a full-nat backend take the kernel path", services=("full-nat",),
        protocols=EITHER)
def about_nobody_inside(c):
    """About a packet of the local address."""
    error = Error(c.client(), "inner-router", UNREACHABLE[c.family], 1)
    c.step("about nobody's flow", "lan", error.comes(), "to-linux")


@vector("what names a dnat backend does not leave with its address", services=("dnat",), protocols=EITHER)
def about_nobody_of_dnat(c):
    """Linux would forward it to the client."""
    error = Error(c.client(), "inner-router", UNREACHABLE[c.family], 1)
    c.step("about nobody's flow", "lan", error.comes(), "no-flow")


@vector("errors about other things are Linux's", steers=False)
def about_others(c):
    """About packets to our own address, and between strangers."""
    about = c.backend()
    for name in ("host", "stranger"):
        about.ends_out = (c.address(name), c.port), c.flow.client
        error = Error(about, "router", UNREACHABLE[c.family], 1)
        c.step(f"about a packet of {name}", "wan", error.comes(), "to-linux")


def _message(c, kind, code=0, rest=b"\0\1\0\2ping", destination=None):
    network = {4: lambda: IP(src=c.address("client"), dst=destination or c.address(c.service), ttl=64),
               6: lambda: IPv6(src=c.address("client"), dst=destination or c.address(c.service), hlim=64)}[c.family]()
    return bytes(ethernet(scene.mac("client"), scene.mac("wan")) /
                 finish(network, struct.pack("!BBH", kind, code, 0) + rest))


@vector("RFC 1122 3.2.2.6, RFC 4443 4.1: ping to a service's address is Linux's to answer", steers=False)
def ping(c):
    """Request and reply."""
    for kind in {4: (8, 0), 6: (128, 129)}[c.family]:
        c.step(f"ICMP {kind}", "wan", _message(c, kind), "to-linux")


@vector("RFC 1122 3.2.2, RFC 4443 2.1: all that is no error is Linux's", steers=False)
def no_error(c):
    """Quench, redirect, router discovery, timestamps, masks; neighbours, listeners, what is not assigned."""
    kinds = {4: (4, 5, 9, 10, 13, 14, 17, 18, 40, 255), 6: (0, 5, 100, 127, 133, 134, 135, 136, 137, 143, 255)}
    for kind in kinds[c.family]:
        inner = bytes(c.backend().ip(c.backend().ends_out, 60))
        c.step(f"ICMP {kind}", "wan", _message(c, kind, 0, b"\0\0\0\0" + inner), "to-linux")


@vector("RFC 5508 3.1: errors about pings are Linux's", steers=False)
def about_ping(c):
    """It sent them."""
    if c.family == 4:
        inner = bytes(finish(IP(src=c.address(c.service), dst=c.address("client"), ttl=60), b"\x08\0\0\0\0\1\0\2"))
    else:
        inner = bytes(finish(IPv6(src=c.address(c.service), dst=c.address("client"), hlim=60), b"\x80\0\0\0\0\1\0\2"))
    c.step("about a ping", "wan", _message(c, UNREACHABLE[c.family], 1, b"\0\0\0\0" + inner), "to-linux")


@vector("ICMP of the other family's number is nothing", steers=False)
def other_family(c):
    """ICMPv6 over IPv4, and ICMP over IPv6."""
    error = Error(c.backend(), "router", UNREACHABLE[c.family], 1)
    frame = bytearray(error.comes())
    at = 23 if c.family == 4 else 20
    frame[at] = {1: 58, 58: 1}[frame[at]]
    if c.family == 4:
        total = int.from_bytes(frame[24:26], "big") - 57
        frame[24:26] = (total % 0xffff).to_bytes(2, "big")
    c.step("an error by the other's number", "wan", frame, "to-linux")
