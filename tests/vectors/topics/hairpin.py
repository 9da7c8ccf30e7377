# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors

"""A backend that calls the virtual address."""

from cases import vector
from packets import Flow, Packet

EITHER = ("tcp", "udp")


def _call(c, caller):
    """A flow whose client is that host, on the backends' link."""
    flow = Flow(c.family, c.protocol, c.service, c.port, client=caller)
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
