# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors
"""IPv6 as far as Linux is concerned: addresses, neighbours, checks and the guard, while no dataplane runs.

    client 2001:db8:1::100 ---- wan [balancer] lan 2001:db8:2::1 ---- switch ---- b1 2001:db8:2::11
                                                                                  fe80::11, behind it 2001:db8:3::77
"""

import errno
import json
import socket

from lab import check, scripted, two_arms, wait_for
from lab.certificates import Authority, server_context
from lab.clients import try_tcp

VIP, FAR_VIP, LOCAL = "2001:db8:1::10", "2001:db8:9::10", "2001:db8:2::250"
BACKEND, FAR_BACKEND = "2001:db8:2::11", "2001:db8:3::77"


def wire(world):
    """IPv6 beside what the world has; b1 is the router to another server of its own."""
    backend = world.backends[0]
    for namespace in (world.client, world.balancer, backend):
        namespace.sysctl(**{"net/ipv6/conf/all/disable_ipv6": 0, "net/ipv6/conf/default/disable_ipv6": 0,
                            "net/ipv6/icmp/ratelimit": 0})
    world.client.ip("addr add 2001:db8:1::100/64 dev eth0 nodad", "route add default via 2001:db8:1::1")
    backend.ip(f"addr add {BACKEND}/64 dev eth0 nodad", "addr add fe80::11/64 dev eth0 nodad",
               f"addr add {FAR_BACKEND}/128 dev lo", "route add default via 2001:db8:2::1")
    world.balancer.ip("addr add 2001:db8:1::1/64 dev wan nodad", "addr add 2001:db8:2::1/64 dev lan nodad",
                      "route add 2001:db8:3::/64 via fe80::11 dev lan")


def services(world):
    """Every kind of listener, both ways of forwarding, a backend on the link and one behind a router."""
    quick = {"interval": "200ms", "timeout": "150ms"}
    http = {"type": "http", "path": "/healthz", **quick}
    return [
        {"name": "near", "addresses": [VIP], "ports": ["80", "8000-8099"], "forwarding": "full-nat",
         "local_pool": "nat6", "health_check": http,
         "backends": [{"name": "b1", "address": BACKEND, "port": 8080}]},
        {"name": "far", "addresses": [FAR_VIP], "ports": ["80"], "health_check": http,
         "deny": ["2001:db8:bad::/48"],
         "backends": [{"name": "b1", "address": FAR_BACKEND, "port": 8081}]},
        {"name": "all", "addresses": [VIP], "ports": ["*"], "protocol": "udp",
         "backends": [{"name": "b1", "address": BACKEND}],
         "health_check": {"type": "tcp", "port": 8080, **quick}},
        world.service("old", "dnat"),
    ]


def addresses(world):
    """What the balancer holds of IPv6: (interface, address) to its flags."""
    found = json.loads(world.balancer.run("ip", "-j", "-6", "address"))
    return {(link["ifname"], row["local"]): row for link in found for row in link["addr_info"]}


def ours(world):
    """The addresses that Headrace put there."""
    return {place for place, row in addresses(world).items() if row["prefixlen"] == 128 and
            row.get("deprecated") and row.get("noprefixroute") and row.get("nodad")}


def elements(world, name):
    """The elements of a set of the guard, as nft writes them."""
    text = world.balancer.run("nft", "list", "set", "netdev", "headrace", name)
    return text.partition("elements = {")[2]


def try_udp(world, address, port, size):
    """What becomes of a datagram, of several fragments perhaps: "answer", "refused" or "silence"."""
    with world.client.socket(socket.AF_INET6, socket.SOCK_DGRAM) as client:
        client.settimeout(0.5)
        client.connect((address, port))
        client.send(bytes(size))
        try:
            client.recv(1)
        except TimeoutError:
            return "silence"
        except OSError as error:
            return "refused" if error.errno == errno.ECONNREFUSED else str(error)
        return "answer"


def tls_goes_up(world, headrace, farm):
    """By HTTPS the certificate must have the backend's address, or that of `host`, and no name is asked for."""
    ours = Authority(world.lab.directory, "ours")
    names = {"by-address": {}, "by-host": {"host": "[2001:db8:ffff::1]:443"}}
    servers = {}
    for number, (name, more) in enumerate(names.items()):
        certificate = ours.sign(name, f"IP:{'2001:db8:ffff::1' if more else BACKEND}")
        servers[name] = farm.add(world.backends[0], 9000 + number, BACKEND, tls=server_context(*certificate))
        headrace.change("POST", "/v1/services", {
            "name": name, "addresses": [VIP], "ports": [str(9000 + number)], "forwarding": "full-nat",
            "local_pool": "nat6", "backends": [{"name": "b1", "address": BACKEND, "port": 9000 + number}],
            "health_check": {"type": "https", "tls_ca_file": str(ours.file), "interval": "300ms",
                             "timeout": "250ms", **more}})
        wait_for(lambda name=name: headrace.backends()[f"{name}/b1"]["state"] == "up", f"{name} to be up")
        wanted = f"Host: {more.get('host', f'[{BACKEND}]:{9000 + number}')}\r\n"
        # The last one may be on its way, and what was read is noted when a connection ends.
        requests = wait_for(lambda seen=servers[name].seen: [one.request for one in list(seen) if one.request],
                            f"{name} to have been asked")
        check(all(wanted in request for request in requests), f"{name}: {requests}")
        headrace.change("DELETE", f"/v1/services/{name}")
    headrace.config = json.loads(headrace.config_file.read_text(encoding="utf-8"))


def checks_go_up(world, headrace):
    """Checks by HTTP and TCP reach the backends, and their next hops are resolved by Linux."""
    mac = world.backends[0].mac("eth0")
    wait_for(lambda: {headrace.backends()[f"{name}/b1"]["state"] for name in ("near", "far", "all")} ==
             {"up"}, "the backends to be up")
    wait_for(lambda: all(headrace.backends()[f"{name}/b1"]["next_hop"] for name in ("near", "far")),
             "the next hops to be resolved")
    for name, hop in (("near", BACKEND), ("far", "fe80::11")):
        seen = headrace.backends()[f"{name}/b1"]["next_hop"]
        check((seen["address"], seen["mac"], seen["port"]) == (hop, mac, "lan"), f"{name}: {seen}")
    shown = headrace.command("show", "backends")
    check(f"[{BACKEND}]:8080" in shown, f"address and port are written wrongly: {shown}")


def guarded(world):
    """Linux stays silent where a service is, and only there."""
    check("8000-8099" in elements(world, "service_ranges_ipv6"), "a range of ports is not guarded")
    check("0-65535" in elements(world, "service_ranges_ipv6"), "all ports are not guarded")
    check(f"{LOCAL} . 1024-65535" in elements(world, "locals_ipv6"), "the local address is not guarded")
    for address, port, wanted in ((VIP, 80, "silence"), (VIP, 8050, "silence"), (VIP, 8100, "refused"),
                                  (FAR_VIP, 80, "silence"), (FAR_VIP, 81, "refused"),
                                  (LOCAL, 2000, "silence"), (LOCAL, 80, "refused")):
        seen = [try_tcp(world.client, address, port)]
        if wanted == "refused" and seen == ["silence"]:  # a busy machine may be late with it
            seen.append(try_tcp(world.client, address, port))
        check(seen[-1] == wanted, f"[{address}]:{port}: {seen} instead of {wanted}")
    for address, size, wanted in ((VIP, 10, "silence"), (VIP, 4000, "silence"), (FAR_VIP, 10, "refused")):
        seen = try_udp(world, address, 5353, size)
        check(seen == wanted, f"{size} bytes to [{address}]:5353: {seen} instead of {wanted}")


def come_and_go(world, headrace, whole):
    """A change, a plug pulled, a kill: what is there is what is wanted."""
    headrace.config["services"][1]["addresses"] = ["2001:db8:1::11"]
    headrace.write_config()
    headrace.reload()
    moved = whole - {("lo", FAR_VIP)} | {("wan", "2001:db8:1::11")}
    wait_for(lambda: ours(world) == moved, "a service to have another address")
    check("2001:db8:1::11 . tcp . 80" in elements(world, "services_ipv6"), "it is not guarded")
    wait_for(lambda: FAR_VIP not in elements(world, "services_ipv6"), "the old address not to be guarded")
    # Linux forgets the IPv6 addresses of an interface that goes down, its own prefix among them.
    world.balancer.set_link("wan", False)
    on_lo = {("lo" if interface == "wan" else interface, address) for interface, address in moved}
    wait_for(lambda: ours(world) == on_lo, "the addresses to be held on lo")
    world.balancer.set_link("wan", True)
    world.balancer.ip("addr add 2001:db8:1::1/64 dev wan nodad")
    wait_for(lambda: ours(world) == moved, "the addresses to be back")
    headrace.controlplane.kill()
    headrace.config["services"].pop(1)
    headrace.write_config()
    headrace.start_controlplane()
    wait_for(lambda: ours(world) == moved - {("wan", "2001:db8:1::11")},
             "what the killed one left to be cleared")
    check(headrace.controlplane.stop() == 0, "the control plane did not end well")
    check(not ours(world), f"a clean stop left {ours(world)}")


def story(lab):
    """Addresses, neighbours, checks, guard; then changes of them."""
    world = two_arms(lab, backends=1)
    wire(world)
    farm = scripted.Servers(lab)
    farm.add(world.backends[0], 8080, BACKEND)
    farm.add(world.backends[0], 8081, FAR_BACKEND)
    headrace = world.headrace(*services(world))
    headrace.config["local_pools"].append({"name": "nat6", "addresses": [LOCAL]})
    headrace.write_config()
    headrace.start_controlplane()
    whole = {("wan", VIP), ("lo", FAR_VIP), ("lan", LOCAL)}
    wait_for(lambda: ours(world) == whole, "the addresses to be where they belong")
    checks_go_up(world, headrace)
    tls_goes_up(world, headrace, farm)
    guarded(world)
    come_and_go(world, headrace, whole)
