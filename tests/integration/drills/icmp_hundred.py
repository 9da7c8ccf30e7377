# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors
"""100 MB each way over paths with narrow places, as in stories/icmp.py."""

from stories import icmp

MEGABYTES = 100


def story_told_dnat(lab):
    """The routers tell, dnat."""
    icmp.told(lab, "dnat", 4, MEGABYTES)


def story_told_full_nat(lab):
    """The routers tell, full-nat."""
    icmp.told(lab, "full-nat", 4, MEGABYTES)


def story_told_dnat_ipv6(lab):
    """The routers tell, dnat over IPv6."""
    icmp.told(lab, "dnat", 6, MEGABYTES)


def story_told_full_nat_ipv6(lab):
    """The routers tell, full-nat over IPv6."""
    icmp.told(lab, "full-nat", 6, MEGABYTES)


def story_clamped_dnat(lab):
    """The routers swallow what they should tell, dnat."""
    icmp.clamped(lab, "dnat", 4, MEGABYTES)


def story_clamped_full_nat(lab):
    """The routers swallow what they should tell, full-nat."""
    icmp.clamped(lab, "full-nat", 4, MEGABYTES)


def story_clamped_dnat_ipv6(lab):
    """The routers swallow what they should tell, dnat over IPv6."""
    icmp.clamped(lab, "dnat", 6, MEGABYTES)


def story_clamped_full_nat_ipv6(lab):
    """The routers swallow what they should tell, full-nat over IPv6."""
    icmp.clamped(lab, "full-nat", 6, MEGABYTES)
