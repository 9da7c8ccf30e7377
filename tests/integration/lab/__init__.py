# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors

"""The test library: namespaces, servers, clients, counting, and clean-up whatever happens."""

from .captures import Capture
from .clients import curl, http_load, udp_load
from .headrace import Headrace
from .lab import Failure, Lab, Skip, check
from .law import FarEnds, check_law
from .servers import serve_http, serve_udp
from .topology import Namespace
from .waiting import wait_for
from .worlds import one_arm, two_arms

__all__ = [
    "Capture", "Failure", "FarEnds", "Headrace", "Lab", "Namespace", "Skip", "check", "check_law",
    "curl", "http_load", "one_arm", "serve_http", "serve_udp", "two_arms", "udp_load", "wait_for",
]
