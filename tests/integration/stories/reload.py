# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors
"""SIGHUP: a good configuration is taken while traffic flows, a bad one is refused in words.

    client ---- wan [headrace] lan ---- switch ---- b1 b2 b3
"""

import json

from lab import check, curl, http_load, serve_http, two_arms, wait_for
from lab.addressing import bracketed
from lab.clients import start_http_load


def reload_twice(world):
    """Bad files change nothing; a good one adds a service and takes one away."""
    serve_http(world.backends)
    first, second, *_ = world.service_addresses
    headrace = world.headrace(world.service("first", "dnat", first),
                              world.service("going", "full-nat", second, port=81))
    headrace.start()
    check(http_load(world.client, second, 81, requests=50)["failed"] == 0, "going does not work yet")
    fresh = start_http_load(world.client, first, rate=300, connections=50)
    kept = start_http_load(world.client, first, rate=300, connections=10, per_connection=1000000)

    good = json.loads(json.dumps(headrace.config))
    headrace.config["services"][0]["forwarding"] = "teleport"
    for text, named in ((None, "/services/0/forwarding"), ("{ not JSON", ".json:1:")):
        said = len(headrace.controlplane.errors())
        headrace.write_config(text)
        headrace.reload()
        wait_for(lambda said=said, named=named: named in headrace.controlplane.errors()[said:],
                 f"the refusal to name {named}; it said: {headrace.controlplane.tail()}", 5)
        check(sorted(headrace.services()) == ["first", "going"], "a bad file changed the services")
    check(http_load(world.client, second, 81, requests=50)["failed"] == 0, "a bad file broke going")

    good["services"][1] = world.service("coming", "full-nat", second, port=80)
    headrace.config = good
    headrace.write_config()
    headrace.reload()
    wait_for(lambda: sorted(headrace.services()) == ["coming", "first"] and headrace.running(),
             "the new configuration to be in force", 10)
    headrace.wait_ready()
    check("served by" in curl(world.client, f"http://{bracketed(second)}/"), "coming does not work")
    result = http_load(world.client, second, 81, requests=4, connections=4, timeout=0.5)
    check(result["done"] == 0, f"the service that was taken away still answers: {result}")
    for load in (fresh, kept):
        load.more(100)
        result = load.stop()
        check(result["failed"] == 0, f"first meanwhile: {result}")


def story(lab):
    """Over IPv4."""
    reload_twice(two_arms(lab))


def story_ipv6(lab):
    """Over IPv6."""
    reload_twice(two_arms(lab, family=6))
