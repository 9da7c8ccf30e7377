# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors
"""The stories of packets done right at length: what the suite does with megabytes, with a hundred times as many."""

from stories import impaired

DEADLINE = 900
MEGABYTES = 100


def story_impaired_client_side(lab):
    """100 MB each way by each mode and family over a wire that loses, reorders and duplicates 5 %."""
    impaired.transfers(lab, "client", MEGABYTES)


def story_impaired_backend_side(lab):
    """The same with the bad wire behind the balancer."""
    impaired.transfers(lab, "backends", MEGABYTES)
