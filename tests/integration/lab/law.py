# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors

"""The law of accounts, and counters at the far ends that are not ours.

    received + generated + from_linux = sent + to_linux + dropped + held

holds at rest with held = 0. What the clients' and backends' kernels count on
their own links says the same from outside.
"""

import json

from .addressing import BALANCER, LAN
from .lab import check
from .waiting import Late, wait_for

FAR_ENDS = """
table netdev far_end {{
    counter sent {{}}
    counter received {{}}
    chain leaving {{
        type filter hook egress device "{interface}" priority 0;
        {not_counted} accept
        {leaving}
    }}
    chain arriving {{
        type filter hook ingress device "{interface}" priority 0;
        {not_counted} accept
        {arriving}
    }}
}}
"""


IP = {4: "ip", 6: "ip6"}


def counting(matches):
    """The table that counts what one of the matches fits; {side} in them is daddr or saddr."""
    leaving, arriving = ("\n        ".join(
        f"{match.format(side=side)} counter name {name}" for match in matches)
                         for side, name in (("daddr", "sent"), ("saddr", "received")))
    return FAR_ENDS.format(interface="eth0", leaving=leaving, arriving=arriving,
                           not_counted="icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert }")


class FarEnds:
    """Counts, on the links of client and backends, the packets that Headrace should handle.

    At the client: IP to and from the service addresses. At a backend: TCP and UDP to
    and from anybody but the balancer's own address (its health checks). Of either family;
    of IPv6 not what stands in for ARP. Behind cards Headrace handles everything: what the
    cards gave it, and what is on the wires, is counted.
    """

    def __init__(self, world):
        self.cards = world.cards
        if self.cards:
            return
        self.namespaces = [world.client, *world.backends]
        clients = [f"{IP[family]} {{side}} {address}" for family in world.families
                   for address in world.services_of(family)]
        others = [f"meta l4proto {{{{ tcp, udp }}}} {IP[family]} {{side}} != "
                  f"{LAN[family].format(BALANCER)}" for family in world.families]
        world.client.nft(counting(clients))
        for backend in world.backends:
            backend.nft(counting(others))

    def totals(self):
        """(packets sent towards Headrace, packets received from it), over all far ends."""
        if self.cards:
            return self.cards.totals()
        sums = {"sent": 0, "received": 0}
        for namespace in self.namespaces:
            listing = json.loads(namespace.run("nft", "-j", "list", "counters"))
            for item in listing["nftables"]:
                if "counter" in item:
                    sums[item["counter"]["name"]] += item["counter"]["packets"]
        return sums["sent"], sums["received"]


def imbalance(accounts):
    """What is on the left of the law and not on the right."""
    return accounts["received"] + accounts["generated"] + accounts["from_linux"] - \
        accounts["sent"] - accounts["to_linux"] - accounts["dropped"]


def check_law(headrace, far_ends=None):
    """Waits for rest, then checks the accounts, among themselves and against the far ends.

    Returns the verdicts, by name. What is under way is given a moment to
    arrive; what is wrong stays wrong.
    """
    seen = []

    def balanced():
        before = far_ends.totals() if far_ends else None
        status = headrace.status()
        accounts = status["accounts"]
        missed = sum(port["missed"] for port in status["dataplane"]["ports"])
        sent, received = after = far_ends.totals() if far_ends else (None, None)
        faults = []
        if far_ends and before != after:
            faults.append(f"no rest: the far ends counted {before}, and then {after}")
        if imbalance(accounts) != 0 or accounts["held"] != 0:
            faults.append(f"the accounts do not balance: {accounts}")
        if far_ends and accounts["received"] + missed != sent:
            faults.append(f"far ends sent {sent}, Headrace received {accounts['received']} and "
                          f"missed {missed}")
        if far_ends and accounts["sent"] != received:
            faults.append(f"Headrace sent {accounts['sent']}, far ends received {received}")
        seen[:] = faults
        return None if faults else status
    try:
        return wait_for(balanced, "the accounts to balance", 5, every=0.1)["verdicts"]
    except Late:
        check(False, "; ".join(seen))
        raise
