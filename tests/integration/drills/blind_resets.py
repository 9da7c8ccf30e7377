# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors
"""100,000 resets and SYNs with random sequence numbers into 100 live connections: none is lost."""

from lab import two_arms
from stories.blind import attack

DEADLINE = 600
PACKETS = 100000


def story_dnat(lab):
    """dnat."""
    attack(two_arms(lab), "dnat", PACKETS)


def story_full_nat(lab):
    """full-nat, over IPv6."""
    attack(two_arms(lab, family=6), "full-nat", PACKETS)
