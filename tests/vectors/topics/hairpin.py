# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors

"""A backend that calls the virtual address."""

from cases import vector
from packets import Flow, Packet

EITHER = ("tcp", "udp")


def _call(c, caller, port=40000):
    """A flow whose client is that host, on the backends' link."""
    flow = Flow(c.family, c.protocol, c.service, c.port, client=caller, client_port=port)
    there, back = Packet(flow, "client", flags="S"), Packet(flow, "backend", flags="SA")
    there.ports, back.ports = ("lan", "lan"), ("lan", "lan")
    there.macs_in = there.macs_in[0], "02:00:00:00:00:a1"
    back.macs_out = "02:00:00:00:00:a1", back.macs_out[1]
    return there, back


@vector("RFC 4787 REQ-9, RFC 5382 REQ-8: a backend reaches itself by the virtual address",
        services=("full-nat",), protocols=EITHER)
def itself(c):
    """In full NAT it is a client like any other."""
    c.passes(*_call(c, "backend-full-nat"))


@vector("RFC 4787 REQ-9, RFC 5382 REQ-8: another one does", services=("full-nat",), protocols=EITHER)
def another(c):
    """Of a dnat service."""
    c.passes(*_call(c, "backend-dnat"))


@vector("client_on_backend_link: what a client there sends is forwarded all the same", services=("dnat",),
        protocols=EITHER)
def past_us(c):
    """Its address stays: the backend will answer it directly; and where it answers by us, that is translated."""
    c.passes(*_call(c, "backend-full-nat"))


@vector("client_on_backend_link: the backend itself", services=("dnat",), protocols=EITHER)
def itself_past_us(c):
    """From its own address to its own address; what it makes of that is its own affair."""
    there, _ = _call(c, "backend-dnat", 40001)
    c.passes(there)


@vector("what a dnat backend sends to another client's port is of no flow", services=("dnat",), protocols=EITHER)
def past_us_of_nobody(c):
    """On the link of the backends as elsewhere."""
    _, back = _call(c, "backend-full-nat", 40002)
    c.dropped("no-flow", back)
