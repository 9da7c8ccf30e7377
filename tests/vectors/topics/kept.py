# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors

"""What is neither address, port, checksum nor hop limit goes through untouched."""

from scapy.layers.inet import IPOption, IPOption_NOP, IPOption_Router_Alert, IPOption_RR, IPOption_Timestamp

from cases import vector


def _both_ways(c, **how):
    c.establish()
    c.passes(c.client(**how), c.backend(**how))


@vector("RFC 2474 3, RFC 3168 5: traffic class and ECN are the ends'")
def traffic_class(c):
    """Every bit of it."""
    c.open()
    for bit in range(8):
        c.passes(c.client(tos=1 << bit), c.backend(tos=1 << bit))
    c.passes(c.client(tos=0xff), c.backend(tos=0xff))


@vector("RFC 6437 3: a flow label is not changed", families=(6,), protocols=("tcp", "udp"))
def flow_label(c):
    """All ones, and one."""
    c.passes(c.client(flags="S", label=0xfffff))
    c.passes(c.backend(label=1), c.client(label=0x80000), c.client(label=0))


@vector("RFC 6864 4: the identification is the sender's, and so is DF", families=(4,))
def identification(c):
    """Zero and all ones."""
    c.open()
    for ident in (0, 1, 0xffff):
        c.passes(c.client(id=ident, df=True), c.backend(id=ident), c.backend(id=ident, df=True))


OPTIONS = {
    "mss": [("MSS", 1460)], "mss_too_small": [("MSS", 1)], "window_scale": [("NOP", None), ("WScale", 14)],
    "sack": [("NOP", None), ("NOP", None), ("SAck", (0xffffffff, 0, 1, 2))],
    "timestamps": [("NOP", None), ("NOP", None), ("Timestamp", (0xffffffff, 0))],
    "user_timeout": [("UTO", 0x8001)],
    "fast_open": [(34, b"cookie")], "fast_open_request": [(34, b"")],
    "mptcp_capable": [(30, b"\x01\x01" + bytes(range(8)))], "mptcp_join": [(30, b"\x10\x00" + b"\xee" * 8)],
    "md5": [(19, bytes(range(16)))], "authentication": [(29, bytes(range(14)))],
    "unknown": [(253, b"\x00\x01\x02\x03")], "unknown_long": [(254, b"\xff" * 38)],
}


def _option(name, rule):
    def option(c):
        c.passes(c.client(flags="S", options=OPTIONS[name]), c.backend(flags="SA", options=OPTIONS[name]),
                 c.client(options=OPTIONS[name]), c.backend(options=OPTIONS[name]))
    option.__name__ = f"tcp_option_{name}"
    option.__module__ = __name__
    vector(rule)(option)


for _name, _rule in (
        ("mss", "RFC 9293 3.7.1: a maximum segment size is the ends'"),
        ("mss_too_small", "RFC 9293 3.7.1: whatever it says"),
        ("window_scale", "RFC 7323 2: window scale"),
        ("sack", "RFC 2018 3: selective acknowledgements"),
        ("timestamps", "RFC 7323 3: timestamps"),
        ("user_timeout", "RFC 5482 3: user timeout"),
        ("fast_open", "RFC 7413 4.1.1: Fast Open with a cookie"),
        ("fast_open_request", "RFC 7413 4.1.1: Fast Open without"),
        ("mptcp_capable", "RFC 8684 3.1: MP_CAPABLE"),
        ("mptcp_join", "RFC 8684 3.2: MP_JOIN"),
        ("md5", "RFC 2385 2.0: a digest of 16 bytes"),
        ("authentication", "RFC 5925 2.2: the authentication option"),
        ("unknown", "RFC 9293 3.1: options nobody knows"),
        ("unknown_long", "RFC 9293 3.1: 40 bytes of them")):
    _option(_name, _rule)


@vector("RFC 9293 3.1: a length that an option lies about is the ends' concern")
def tcp_option_lies(c):
    """One byte long, none, and longer than the header."""
    for lie in (0, 1, 40):
        def change(frame, lie=lie):
            at = len(frame) - 34 - 4
            frame[at + 1] = lie
        c.open()
        c.passes(c.client(options=[(253, b"ab")], change=change))


@vector("RFC 7413 4.2: data in a SYN")
def data_in_syn(c):
    """The first packet has a payload already."""
    c.passes(c.client(flags="S", payload=b"x" * 100, options=[(34, b"cookie")]),
             c.backend(flags="SA", payload=b"y" * 100))


@vector("RFC 9293 3.8.5: urgent data")
def urgent(c):
    """The pointer, with the flag and without it."""
    _both_ways(c, flags="PAU", urgptr=0xffff)
    c.passes(c.client(urgptr=1), c.backend(urgptr=1))


@vector("RFC 3168 6.1: ECN of TCP")
def tcp_ecn(c):
    """Asked for, agreed to, echoed."""
    c.passes(c.client(flags="SEC"), c.backend(flags="SAE"), c.client(flags="AE", tos=2),
             c.backend(flags="AC", tos=3), c.client(flags="AEC", tos=1))


@vector("RFC 9293 3.1: reserved bits of TCP are not ours to clear")
def tcp_reserved(c):
    """All of them."""
    _both_ways(c, reserved=7)


@vector("RFC 9293 3.4: sequence numbers and windows")
def tcp_numbers(c):
    """At both ends of their range."""
    c.open()
    for value in (0, 0xffffffff, 0x80000000):
        c.passes(c.client(seq=value, ack=value, window=value & 0xffff),
                 c.backend(seq=value, ack=value, window=value & 0xffff))


@vector("RFC 9868 5: what follows a UDP datagram in its IP packet stays there", protocols=("udp",))
def udp_options(c):
    """Options of UDP: its length is less than the IP packet's."""
    def change(frame):
        at = len(frame) - 34 - 8
        frame[at + 4:at + 6] = (8 + 20).to_bytes(2, "big")
    c.passes(c.client(change=change), c.backend(change=change))


def _ip_options(name, rule, options):
    def option(c):
        c.passes(c.client(flags="S", ip_options=options()), c.backend(ip_options=options()),
                 c.client(ip_options=options()))
    option.__name__ = f"ip_option_{name}"
    option.__module__ = __name__
    vector(rule, families=(4,), protocols=("tcp", "udp"))(option)


for _name, _rule, _make in (
        ("nop", "RFC 791 3.1: no operation", lambda: [IPOption_NOP()]),
        ("many", "RFC 791 3.1: 40 bytes of options", lambda: [IPOption_NOP()] * 40),
        ("record_route", "RFC 791 3.1: a route that is recorded",
         lambda: [IPOption_RR(routers=["192.0.2.1"] * 3)]),
        ("timestamp", "RFC 791 3.1: a timestamp", lambda: [IPOption_Timestamp(flg=0)]),
        ("router_alert", "RFC 2113 2.1: router alert", lambda: [IPOption_Router_Alert()]),
        ("unknown", "RFC 1812 4.2.2.1: options one does not know are passed on",
         lambda: [IPOption(b"\x9e\x06abcd")]),
        ("lies", "RFC 1812 4.2.2.1: whatever their length says", lambda: [IPOption(b"\x9e\xffab")])):
    _ip_options(_name, _rule, _make)
