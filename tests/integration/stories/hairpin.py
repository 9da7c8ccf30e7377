# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors
"""Backends that call the service they serve.

    client ---- wan [headrace] lan ---- switch ---- b1 b2 b3
    full-nat: each backend reaches each, itself included; dnat: counted, and told of where prefixes show it
"""

from lab import check, check_law, curl, http_load, one_arm, serve_http, two_arms, wait_for
from lab.addressing import WIDTH
from lab.clients import try_tcp

NETWORK = {4: "10.0.0.0", 6: "2001:db8:2::"}  # of the lan side
HOST = {4: 32, 6: 128}


def past_us(row):
    """Flows whose replies go past us, of a service or a backend."""
    return row["client_on_backend_link"]


def call_service(world):
    """By full NAT, from every backend, and from the client as well."""
    serve_http(world.backends)
    headrace = world.headrace(world.service("web", "full-nat"))
    headrace.start()
    for caller in (*world.backends, world.client):
        met = http_load(caller, world.vip, requests=60, connections=60)
        check(met["failed"] == 0 and sorted(met["backends"]) == ["b1", "b2", "b3"],
              f"{caller.name}: {met}")
    check(past_us(headrace.services()["web"]) == 0, "full NAT lets nobody past")
    check_law(headrace)


def call_past_us(world):
    """By dnat: the backend's answer does not come by us, and is told nothing of; the client's does."""
    serve_http(world.backends)
    link = f"{NETWORK[world.family]}/{WIDTH[world.family]}"
    headrace = world.headrace(world.service("web", "dnat", allow=[
        link, f"{world.client.address}/{HOST[world.family]}"]))
    headrace.start()
    curl(world.client, world.url)
    check(past_us(headrace.services()["web"]) == 0, "the client is on another link")
    check(try_tcp(world.backends[0], world.vip, 80) == "silence", "a backend reached the service by dnat")
    wait_for(lambda: past_us(headrace.services()["web"]) == 1, "the flow past us to be counted")
    check(sum(past_us(backend) for backend in headrace.backends().values()) == 1, "not at one backend")
    said = f"answers clients in {link} directly"
    check(headrace.controlplane.errors().count(said) == 1, f"the control plane said it not once: {said}")
    check_law(headrace)


def story_full_nat(lab):
    """full-nat."""
    call_service(two_arms(lab))


def story_full_nat_ipv6(lab):
    """full-nat, over IPv6."""
    call_service(two_arms(lab, family=6))


def story_one_arm(lab):
    """full-nat on one port."""
    call_service(one_arm(lab))


def story_dnat(lab):
    """dnat."""
    call_past_us(two_arms(lab))


def story_dnat_ipv6(lab):
    """dnat, over IPv6."""
    call_past_us(two_arms(lab, family=6))
