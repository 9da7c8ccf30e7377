# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors

"""The one scene of all cases: who is where, and the configuration that says so.

    client 203.0.113.7 ..:c1 --(wan, MAC ..:a0)-- headrace --(lan, MAC ..:a1)-- backends
    another, .8 ..:c2                                          dnat      10.0.1.1 ..:b1
    behind a router, 192.0.2.55 ..:c9                          full-nat  10.0.1.2 ..:b2
                                                               tagged    10.0.1.3 ..:b3, VLAN 100

The same of IPv6, on the same ports with the same MACs (2001:db8:c::7, ...). All MACs begin with
02:00:00:00:00; next hops come from the configuration, and the MTU is 1500 on both sides.

Each service listens at ports 1024 to 65535 of an address of its own, has one backend, and leaves it
the port that the client chose. For full NAT there is one local address with one port. So all that
goes out is known beforehand, and what keeps two cases apart is the service's port.
"""

import json

LOCAL_PORT = 4321
FIRST_PORT, LAST_PORT = 1024, 65535

# Ends by their name, in both families.
ADDRESSES = {
    "client": {4: "203.0.113.7", 6: "2001:db8:c::7"},
    "client-too": {4: "203.0.113.8", 6: "2001:db8:c::8"},
    "far-client": {4: "192.0.2.55", 6: "2001:db8:f::55"},
    "router": {4: "203.0.113.1", 6: "2001:db8:c::1"},  # on the clients' side
    "inner-router": {4: "10.0.1.9", 6: "2001:db8:1::9"},  # on the backends'
    "local": {4: "10.0.1.250", 6: "2001:db8:1::250"},
    "host": {4: "10.0.1.254", 6: "2001:db8:1::254"},  # the balancer's own
    "stranger": {4: "192.0.2.9", 6: "2001:db8:f::9"},
    "backend-dnat": {4: "10.0.1.1", 6: "2001:db8:1::1"},
    "backend-full-nat": {4: "10.0.1.2", 6: "2001:db8:1::2"},
    "backend-tagged": {4: "10.0.1.3", 6: "2001:db8:1::3"},
    "backend-nobody": {4: "10.0.1.4", 6: "2001:db8:1::4"},
    "dnat": {4: "198.51.100.10", 6: "2001:db8:5::10"},
    "full-nat": {4: "198.51.100.20", 6: "2001:db8:5::20"},
    "tagged": {4: "198.51.100.30", 6: "2001:db8:5::30"},
    "nobody": {4: "198.51.100.40", 6: "2001:db8:5::40"},
    "allows": {4: "198.51.100.50", 6: "2001:db8:5::50"},  # nobody but the client
    "denies": {4: "198.51.100.60", 6: "2001:db8:5::60"},  # the client
    "refuses": {4: "198.51.100.70", 6: "2001:db8:5::70"},  # everybody: its backend is down
    "clamps": {4: "198.51.100.80", 6: "2001:db8:5::80"},
}
# The last byte of their MAC.
MACS = {"wan": 0xa0, "lan": 0xa1, "client": 0xc1, "client-too": 0xc2, "far-client": 0xc9, "router": 0xc9,
        "backend-dnat": 0xb1, "backend-full-nat": 0xb2, "backend-tagged": 0xb3, "backend-nobody": 0xb4,
        "inner-router": 0xb9}
VLANS = {"backend-tagged": 100}
SERVICES = ["dnat", "full-nat", "tagged", "nobody", "allows", "denies", "refuses", "clamps"]
POOLS = {"allows": "full-nat", "denies": "full-nat", "clamps": "full-nat", "refuses": "nobody"}
LISTS = {"allows": "allow", "denies": "deny"}
RESETS = ["dnat", "full-nat", "tagged"]  # when a backend goes down; the others keep connections
MSS_CLAMP = 1000
LENGTH = {4: 32, 6: 128}


def mac(name):
    """The MAC address of a port or a host, by its name."""
    return f"02:00:00:00:00:{MACS[name]:02x}"


def pool_of(service):
    """The pool that a service's backends are in; so it names its backend as well."""
    return POOLS.get(service, service)


def is_full_nat(service):
    """Whether packets of the service get a local source."""
    return service not in ("dnat", "tagged", "refuses")


def _next_hops():
    for name in ("backend-dnat", "backend-full-nat", "backend-tagged"):
        for address in ADDRESSES[name].values():
            row = {"address": address, "mac": mac(name), "port": "lan"}
            yield {**row, "vlan": VLANS[name]} if name in VLANS else row


def _pool(name, family):
    backend = {"name": "b", "address": ADDRESSES[f"backend-{name}"][family]}
    if name == "nobody":
        backend["admin"] = "maint"
    return {"name": f"{name}-{family}", "health_check": {"type": "none"}, "backends": [backend]}


def _service(name, family, protocol):
    service = {"name": f"{name}-{family}-{protocol}", "addresses": [ADDRESSES[name][family]],
               "ports": [f"{FIRST_PORT}-{LAST_PORT}"], "protocol": protocol, "forwarding": "dnat",
               "pool": f"{pool_of(name)}-{family}", "when_down": "reset" if name == "refuses" else "drop"}
    if is_full_nat(name):
        service.update(forwarding="full-nat", local_pool=f"one-port-{family}")
    if name in RESETS:
        service["on_backend_down"] = "reset"
    if name == "clamps" and protocol == "tcp":
        service["mss_clamp"] = MSS_CLAMP
    if name in LISTS:
        service[LISTS[name]] = [f"{ADDRESSES['client'][family]}/{LENGTH[family]}"]
    return service


def configuration():
    """What the headrace of the scene is told; devices and sockets are to be put in."""
    return {
        "dataplane": {
            "ports": [{"name": name, "device": "null:"} for name in ("wan", "lan")],
            "workers": 1, "flows_per_worker": 4096, "flows_per_worker_ipv6": 4096,
            "next_hops": list(_next_hops())},
        "local_pools": [{"name": f"one-port-{family}", "addresses": [ADDRESSES["local"][family]],
                         "ports": f"{LOCAL_PORT}-{LOCAL_PORT}"} for family in (4, 6)],
        "pools": [_pool(name, family) for name in ("dnat", "full-nat", "tagged", "nobody")
                  for family in (4, 6)],
        "services": [_service(name, family, protocol) for name in SERVICES for family in (4, 6)
                     for protocol in ("tcp", "udp")],
    }


def text():
    """The configuration as the file scene.json says it."""
    return json.dumps(configuration(), indent=1) + "\n"
