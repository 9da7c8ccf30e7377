# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors

"""VLAN tags."""

from cases import vector
from packets import tagged


@vector("802.1Q: a next hop in a VLAN gets a tag", services=("tagged",))
def next_hop_in_vlan(c):
    """And what comes of it without one, as from a port that takes tags off, is the flow's."""
    c.establish()
    c.passes(c.client(), c.backend())


def _tagged(c, *tags):
    """The client's packets come with these tags, innermost first; replies must go with them."""
    for packet in (c.client(flags="S"), c.backend(flags="SA"), c.client()):
        frames = [packet.comes(), packet.goes()]
        which = packet.sender == "backend"
        for vlan, kind in tags:
            frames[which] = tagged(frames[which], vlan, kind)
        c.step(c.describe(packet), packet.ports[0], frames[0], packet.verdict, (packet.ports[1], frames[1]))


@vector("802.1Q: a tagged client is answered with its tag")
def single(c):
    """Whatever its number."""
    _tagged(c, (7, 0x8100))


@vector("802.1Q: priority and the drop bit are not a VLAN's number")
def priority(c):
    """Replies have the number only."""
    packet = c.client(flags="S")
    c.step(c.describe(packet), "wan", tagged(packet.comes(), 0xf007), "to-backend", ("lan", packet.goes()))
    back = c.backend(flags="SA")
    c.step(c.describe(back), "lan", back.comes(), "to-client", ("wan", tagged(back.goes(), 7)))


@vector("802.1Q: number 0 is no VLAN")
def priority_only(c):
    """A tag for its priority."""
    packet = c.client(flags="S")
    c.step(c.describe(packet), "wan", tagged(packet.comes(), 0xe000), "to-backend", ("lan", packet.goes()))
    c.passes(c.backend(flags="SA"))


@vector("802.1ad: two tags are kept")
def double(c):
    """A provider's outside, the customer's inside."""
    _tagged(c, (7, 0x8100), (9, 0x88a8))


@vector("802.1Q: more tags than two are nobody's", steers=False)
def triple(c):
    """Linux sorts them out."""
    packet = c.client(flags="S")
    frame = tagged(tagged(tagged(packet.comes(), 1), 2), 3)
    c.step(c.describe(packet), "wan", frame, "to-linux")


@vector("802.1Q: a tag with nothing behind it", steers=False)
def cut(c):
    """Within the tag, and behind it."""
    for size in (14, 16, 18):
        c.step("a tag, cut", "wan", tagged(c.client().comes(), 7)[:size], "to-linux")
