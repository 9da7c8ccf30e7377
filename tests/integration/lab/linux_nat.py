# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors

"""Linux's own NAT in the place of Headrace, told where each flow goes to and leaves from."""

TABLE = """table inet nat {{
{maps}
    chain invalid {{ type filter hook forward priority 0; ct state invalid drop; }}
    chain in {{ type nat hook prerouting priority -100;
        dnat ip to meta l4proto . ip saddr . th sport . ip daddr . th dport map @forth4
        dnat ip6 to meta l4proto . ip6 saddr . th sport . ip6 daddr . th dport map @forth6
    }}
    chain out {{ type nat hook postrouting priority 100;
        snat ip to meta l4proto . ip saddr . th sport . ip daddr . th dport map @from4
        snat ip6 to meta l4proto . ip6 saddr . th sport . ip6 daddr . th dport map @from6
    }}
}}
"""
MAP = """    map {name} {{
        type inet_proto . {address} . inet_service . {address} . inet_service : {address} . inet_service
        {elements}
    }}"""
ADDRESS = {4: "ipv4_addr", 6: "ipv6_addr"}
# What is wrong in a packet is the ends' to find (as for Headrace), windows and sequences as well.
SETTINGS = {"net/netfilter/nf_conntrack_checksum": 0, "net/netfilter/nf_conntrack_tcp_be_liberal": 1,
            "net/netfilter/nf_conntrack_tcp_loose": 1}


def _map(name, family, rows):
    elements = ", ".join(f"{protocol} . " + " . ".join(f"{address} . {port}" for address, port in (source, to)) +
                         f" : {result[0]} . {result[1]}" for protocol, source, to, result in rows)
    return MAP.format(name=f"{name}{family}", address=ADDRESS[family],
                      elements=f"elements = {{ {elements} }}" if elements else "")


def translate(namespace, flows):
    """Loads the tables: service to backend, and the client's end to the local one where that is another."""
    maps = []
    for family in (4, 6):
        ours = [flow for flow in flows if flow.family == family]
        maps.append(_map("forth", family, [(f.protocol, f.client, f.service, f.backend) for f in ours]))
        maps.append(_map("from", family, [(f.protocol, f.client, f.backend, f.local) for f in ours
                                          if f.local != f.client]))
    namespace.nft(TABLE.format(maps="\n".join(maps)))
    namespace.sysctl(**SETTINGS)
