# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors

"""The addresses of the worlds: a host has the same number in both families.

                 IPv4              IPv6
    wan side     198.51.100.N      2001:db8:1::N
    lan side     10.0.0.N          2001:db8:2::N
"""

import socket

WAN = {4: "198.51.100.{}", 6: "2001:db8:1::{}"}
LAN = {4: "10.0.0.{}", 6: "2001:db8:2::{}"}
WIDTH = {4: 24, 6: 64}  # of each side's prefix

BALANCER = 1  # on each side
CLIENT = 100
LOCAL = 250  # where full NAT sends from, on the lan side


def family_of(address):
    """4 or 6."""
    return 6 if ":" in address else 4


def socket_family(address):
    """What a socket that talks to it is made of."""
    return socket.AF_INET6 if family_of(address) == 6 else socket.AF_INET


def bracketed(address):
    """As it stands before a colon and a port, or in a URL."""
    return f"[{address}]" if family_of(address) == 6 else address


def end(address, port):
    """An address with its port, as text."""
    return f"{bracketed(address)}:{port}"


def prefix(side, family):
    """The network of a side."""
    return f"{side[family].format(0)}/{WIDTH[family]}"


def assign(side, number, families, interface):
    """Lines of ip that give an interface its address of each family; nothing waits for DAD."""
    return [f"addr add {side[family].format(number)}/{WIDTH[family]} dev {interface}" +
            (" nodad" if family == 6 else "") for family in families]


def default_route(side, families):
    """Lines of ip: everything else goes to the balancer."""
    return [f"route add default via {side[family].format(BALANCER)}"
            for family in families]
