# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors
"""The guard is replaced, again and again, while no dataplane runs: Linux never answers for a service.

    client ---- wan [Linux, guard; no dataplane] lan ---- switch ---- b1 b2 b3
    datagrams to 198.51.100.10:53, where nothing listens
"""

import random
import subprocess

from lab import Capture, check, serve_udp, two_arms, wait_for
from lab.captures import ICMP_ERRORS
from lab.clients import start_udp_load
from lab.processes import enter
from lab.waiting import pass_time
from lab.worlds import GUARD_SUFFIX

RELOADS = 40
AGAIN = 15  # losses while the last one is mended

# What somebody may do to the table without taking it away. Sets are of a family.
LOSSES = ("flush chain netdev headrace guard", "flush table netdev headrace",
          "flush set netdev headrace services{family}", "flush chain netdev headrace port_0",
          "delete element netdev headrace hosts{family} {{ {host} }}",
          "flush chain netdev headrace port_0; delete chain netdev headrace port_0",
          "delete table netdev headrace", "flush ruleset")


def is_guarded(world):
    """Is the guard's table there, and nothing more? What stands in for it while it is replaced has a longer name."""
    tables = world.balancer.run("nft", "list", "tables").splitlines()
    return [name for name in tables if "headrace" in name] == ["table netdev headrace"]


def losses(world, headrace):
    """Whatever is taken out of the table comes back, by itself, and once for each."""
    def table():
        return world.balancer.run("nft", "-s", "list", "table", "netdev", "headrace")
    whole = table()
    for number, loss in enumerate(LOSSES, 1):
        loss = loss.format(family=GUARD_SUFFIX[world.family], host=world.lan_address)
        world.balancer.run("nft", loss)
        wait_for(lambda: is_guarded(world) and table() == whole,
                 f"the guard to be whole again after: {loss}", 5)
        told = headrace.controlplane.errors().count("putting it back")
        check(told == number, f"{loss}: it was put back {told} times after {number} losses")
    lose_again(world, table, whole)


def lose_again(world, table, whole):
    """What is lost once more while it is put back comes back too."""
    drawn = random.Random(3)
    with subprocess.Popen([*enter(world.balancer.full_name), "nft", "-i"], stdin=subprocess.PIPE,
                          stdout=subprocess.DEVNULL) as nft:
        for _ in range(AGAIN):
            for pause in (drawn.uniform(0, 0.01), 0):
                nft.stdin.write(b"flush chain netdev headrace guard\n")
                nft.stdin.flush()
                pass_time(pause)
            pass_time(0.05)  # nothing tells when nft has done it
            wait_for(lambda: is_guarded(world) and table() == whole, "the guard to be whole again", 5)
        nft.stdin.write(b"quit\n")


def stay_silent(world):
    """Configurations come and go under a flood; no datagram gets an ICMP error."""
    serve_udp(world.backends)
    echo = world.service("echo", "dnat", port=53, protocol="udp", backend_port=5353)
    other = world.service("other", "dnat", world.service_addresses[1])
    headrace = world.headrace(echo)
    headrace.start_controlplane()
    wait_for(lambda: is_guarded(world) and
             world.vip in world.balancer.run("ip", "-br", "address"), "the guard and the address")
    errors = Capture(world.client, "eth0", f"dst host {world.client.address} and {ICMP_ERRORS}", "errors")
    flood = start_udp_load(world.client, world.vip, 53, rate=30000, sockets=300,
                           timeout=0.01)
    pass_time(0.2, alive=[flood.process])
    for turn in range(RELOADS):
        headrace.config["services"] = [echo, other] if turn % 2 == 0 else [echo]
        headrace.write_config()
        headrace.reload()
        wait_for(lambda turn=turn: len(headrace.services()) == 2 - turn % 2,
                 "the configuration to be in force", 5)
    headrace.controlplane.kill()
    headrace.start_controlplane()
    wait_for(lambda: "took over" in headrace.controlplane.errors() or
             "running with" in headrace.controlplane.errors(), "the control plane to be back")
    pass_time(0.3, alive=[flood.process])
    result = flood.stop()
    check(result["sent"] > 5000, f"there was no flood: {result}")
    check(result["answered"] == result["refused"] == 0, f"Linux answered: {result}")
    check(not errors.stop(), "there were ICMP errors")
    losses(world, headrace)
    world.lab.notes.append(f"{RELOADS} reloads beside {result['sent']} datagrams")


def story(lab):
    """Over IPv4."""
    stay_silent(two_arms(lab))


def story_ipv6(lab):
    """Over IPv6."""
    stay_silent(two_arms(lab, family=6))
