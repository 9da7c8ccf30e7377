# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors
"""keepalived as the other node, as in the stories of that name, but 21 transitions each way: by death, a clean
stop and `release`, each seven times."""

from stories.vrrp_keepalived import Way, play

DEADLINE = 600
ROUNDS = 7


def take_turns(lab, *way):
    """Fewer rounds of the lab are fewer here."""
    play(lab, Way(*way), max(1, ROUNDS * lab.rounds // 1000))


def story_50ms(lab):
    """Version 3, IPv4."""
    take_turns(lab, 3, 4, 50, False)


def story_50ms_unicast(lab):
    """The same to a peer."""
    take_turns(lab, 3, 4, 50, True)


def story_50ms_ipv6(lab):
    """Version 3, IPv6."""
    take_turns(lab, 3, 6, 50, False)


def story_50ms_ipv6_unicast(lab):
    """The same to a peer."""
    take_turns(lab, 3, 6, 50, True)


def story_100ms(lab):
    """Version 3, IPv4, as most have it."""
    take_turns(lab, 3, 4, 100, False)


def story_1s(lab):
    """Version 3, IPv4."""
    take_turns(lab, 3, 4, 1000, False)


def story_1s_unicast(lab):
    """The same to a peer."""
    take_turns(lab, 3, 4, 1000, True)


def story_1s_ipv6(lab):
    """Version 3, IPv6."""
    take_turns(lab, 3, 6, 1000, False)


def story_1s_ipv6_unicast(lab):
    """The same to a peer."""
    take_turns(lab, 3, 6, 1000, True)


def story_version_2(lab):
    """Version 2."""
    take_turns(lab, 2, 4, 1000, False)


def story_version_2_unicast(lab):
    """The same to a peer."""
    take_turns(lab, 2, 4, 1000, True)
