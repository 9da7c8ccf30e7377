# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors

"""The law of accounts, and counters at the far ends that are not ours.

    received + generated + from_linux = sent + to_linux + dropped + held

holds at rest with held = 0. What the clients' and backends' kernels count on
their own links says the same from outside.
"""

import json

from .lab import check
from .waiting import wait_for

FAR_ENDS = """
table netdev far_end {{
    counter sent {{}}
    counter received {{}}
    chain leaving {{
        type filter hook egress device "{interface}" priority 0;
        {leaving} counter name sent
    }}
    chain arriving {{
        type filter hook ingress device "{interface}" priority 0;
        {arriving} counter name received
    }}
}}
"""


class FarEnds:
    """Counts, on the links of client and backends, the packets that Headrace should handle.

    At the client: IP to and from the service addresses. At a backend: IP to
    and from anybody but the balancer's own address (its health checks).
    """

    def __init__(self, world):
        services = "{ " + ", ".join(world.service_addresses) + " }"
        self.namespaces = [world.client, *world.backends]
        world.client.nft(FAR_ENDS.format(interface="eth0", leaving=f"ip daddr {services}",
                                         arriving=f"ip saddr {services}"))
        for backend in world.backends:
            backend.nft(FAR_ENDS.format(interface="eth0", leaving="ip daddr != 10.0.0.1",
                                        arriving="ip saddr != 10.0.0.1"))

    def totals(self):
        """(packets sent towards Headrace, packets received from it), over all far ends."""
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

    Returns the verdicts, by name.
    """
    def at_rest():
        # Twice the same, all delivered.
        before, after = headrace.status(), headrace.status()
        return after if before["accounts"] == after["accounts"] and \
            imbalance(after["accounts"]) == 0 and after["accounts"]["held"] == 0 else None
    try:
        status = wait_for(at_rest, "the accounts to balance", 5)
    finally:
        accounts = headrace.status()["accounts"]
        check(imbalance(accounts) == 0, f"the accounts do not balance: {accounts}")
    if far_ends:
        sent, received = far_ends.totals()
        ports = status["dataplane"]["ports"]
        missed = sum(port["missed"] for port in ports)
        check(accounts["received"] + missed == sent,
              f"far ends sent {sent}, Headrace received {accounts['received']} and missed {missed}")
        check(accounts["sent"] == received,
              f"Headrace sent {accounts['sent']}, far ends received {received}")
    return status["verdicts"]
