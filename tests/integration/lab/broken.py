# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors

"""50 configurations that are refused, and the place that each refusal must name."""

import copy
import json

GONE = object()


def _edit(document, path, value):
    *way, last = path
    for step in way:
        document = document[step]
    if value is GONE:
        del document[last]
    else:
        document[last] = value


# (pointer of the fault, place to edit, new value): of a document with two services s0 (dnat) and
# s1 (full-nat, of the local pool nat), each with backends and an HTTP check of its own.
S0, S1, B0, B1 = ("services", 0), ("services", 1), ("services", 0, "backends", 0), \
    ("services", 0, "backends", 1)
EDITS = (
    ("/services/0/forwarding", (*S0, "forwarding"), "teleport"),
    ("/services/0/protocol", (*S0, "protocol"), "sctp"),
    ("/services/0/addresses/0", (*S0, "addresses"), ["198.51.100.300"]),
    ("/services/0", (*S0, "addresses"), ["2001:db8::1"]),
    ("/services/0", (*S0, "addresses"), GONE),
    ("/services/0/addresses", (*S0, "addresses"), []),
    ("/services/0/addresses", (*S0, "addresses"), "198.51.100.10"),
    ("/services/0/ports/0", (*S0, "ports"), ["70000"]),
    ("/services/0/ports/0", (*S0, "ports"), ["http"]),
    ("/services/0/ports/0", (*S0, "ports"), ["90-80"]),
    ("/services/0/ports/0", (*S0, "ports"), [80]),
    ("/services/0/name", (*S0, "name"), "a b"),
    ("/services/0/name", (*S0, "name"), ""),
    ("/services/0/name", (*S0, "name"), "x" * 64),
    ("/services/0", (*S0, "name"), GONE),
    ("/services/1/name", (*S1, "name"), "s0"),
    ("/services/0/hash_on", (*S0, "hash_on"), "moon"),
    ("/services/0/colour", (*S0, "colour"), "blue"),
    ("/services/0/when_down", (*S0, "when_down"), "panic"),
    ("/services/0/on_backend_down", (*S0, "on_backend_down"), "drop"),
    ("/services/0", (*S0, "pool"), "nowhere"),
    ("/services/1/local_pool", (*S1, "local_pool"), "nowhere"),
    ("/services/1", (*S1, "local_pool"), GONE),
    ("/services/0/local_pool", (*S0, "local_pool"), "nat"),
    ("/services/0/timeouts/tcp_established", (*S0, "timeouts"), {"tcp_established": "soon"}),
    ("/services/0/timeouts/tcp", (*S0, "timeouts"), {"tcp": "5s"}),
    ("/services/0/backends/0/address", (*B0, "address"), "10.0.0"),
    ("/services/0/backends/0", (*B0, "address"), GONE),
    ("/services/0/backends/0/port", (*B0, "port"), 0),
    ("/services/0/backends/0/port", (*B0, "port"), 65536),
    ("/services/0/backends/0/port", (*B0, "port"), "8080"),
    ("/services/0/backends/0/weight", (*B0, "weight"), -1),
    ("/services/0/backends/0/weight", (*B0, "weight"), 1.5),
    ("/services/0/backends/0/admin", (*B0, "admin"), "asleep"),
    ("/services/0/backends/1/name", (*B1, "name"), "b1"),
    ("/services/0/backends/0/wieght", (*B0, "wieght"), 1),
    ("/services/0/backends", (*S0, "backends"), {}),
    ("/services/0/backends/0", (*S0, "backends"), [17]),
    ("/services/0/health_check/type", (*S0, "health_check", "type"), "prayer"),
    ("/services/0/health_check/interval", (*S0, "health_check", "interval"), "-1s"),
    ("/services/0/health_check/timeout", (*S0, "health_check", "timeout"), 300),
    ("/services/0/health_check/rise", (*S0, "health_check", "rise"), 0),
    ("/services/0/health_check/path", (*S0, "health_check", "path"), "healthz"),
    ("/local_pools/0/addresses/0", ("local_pools", 0, "addresses"), ["nowhere"]),
    ("/local_pools/0/ports", ("local_pools", 0, "ports"), "9-1"),
    ("/services", ("services",), "none"),
    ("/defaults/drain_timeout", ("defaults",), {"drain_timeout": "forever"}),
    ("/nonsense", ("nonsense",), True),
)


def broken_texts(document):
    """Yields (what must be named, text) 50 times: a JSON pointer, or where the JSON ends."""
    document = copy.deepcopy(document)
    document["services"][0]["name"], document["services"][1]["name"] = "s0", "s1"
    for pointer, path, value in EDITS:
        edited = copy.deepcopy(document)
        _edit(edited, path, value)
        yield pointer, json.dumps(edited, indent=1)
    text = json.dumps(document)
    yield "the JSON is broken", text[:len(text) // 2]
    yield "/services", text[:-1] + ', "services": []}'
