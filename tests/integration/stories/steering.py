# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors
"""XDP programs that are there already: a foreign one is refused by name, a left-over one is taken over.

    client ---- wan [headrace] lan ---- switch ---- b1
"""

import json

from lab import check, http_load, serve_http, two_arms, wait_for

FOREIGN = """
#define SEC(name) __attribute__((section(name), used))
struct xdp_md;
SEC("xdp") int somebody_else(struct xdp_md *context) { return 2; }
char _license[] SEC("license") = "GPL";
"""


def program_on(world, interface):
    """Name of the XDP program of an interface of the balancer, or None."""
    link = json.loads(world.balancer.run("ip", "-j", "-d", "link", "show", "dev", interface))[0]
    program = link.get("xdp", {}).get("prog")
    return program["name"] if program and "name" in program else program and "?"


def story_foreign(lab):
    """The dataplane does not start over somebody else's program, and says whose it is."""
    world = two_arms(lab, backends=1)
    serve_http(world.backends)
    source, program = lab.directory / "foreign.c", lab.directory / "foreign.o"
    source.write_text(FOREIGN, encoding="ascii")
    world.balancer.run("clang", "-O2", "-g", "-target", "bpf", "-c", source, "-o", program)
    world.balancer.run("ip", "link", "set", "dev", "wan", "xdp", "obj", program, "sec", "xdp")
    headrace = world.headrace(world.service("web", "dnat"))
    headrace.start_controlplane()
    headrace.start_dataplane()
    refused = headrace.dataplane
    wait_for(refused.ended, "the dataplane to refuse to start", 15)
    check(refused.child.returncode == 1, f"exit status {refused.child.returncode}, not 1")
    check("somebody_else" in refused.errors() and "wan" in refused.errors(),
          f"the message names neither program nor interface: {refused.tail()}")
    check(program_on(world, "wan") == "somebody_else", "the foreign program is gone")

    world.balancer.run("ip", "link", "set", "dev", "wan", "xdp", "off")
    headrace.start_dataplane()
    headrace.wait_ready()
    check(http_load(world.client, world.vip, requests=100)["failed"] == 0, "it does not work")


def story_left_over(lab):
    """What kill -9 leaves attached is taken over; a clean stop leaves nothing."""
    world = two_arms(lab, backends=1)
    serve_http(world.backends)
    headrace = world.headrace(world.service("web", "dnat"))
    headrace.start()
    for _ in range(3):
        headrace.dataplane.kill()
        check(all(program_on(world, port) for port in world.ports),
              "kill -9 leaves no program: nothing keeps packets from Linux in that moment")
        headrace.start_dataplane()
        headrace.wait_ready()
        check(http_load(world.client, world.vip, requests=100)["failed"] == 0, "it does not work")
    check(headrace.stop() == (0, 0), "a clean stop did not end with 0")
    for port in world.ports:
        check(program_on(world, port) is None, f"a clean stop left a program on {port}")
    addresses = world.balancer.run("ip", "-4", "-o", "addr", "show")
    check(world.vip not in addresses, "a clean stop left the service address")
    check("headrace" not in world.balancer.run("nft", "list", "tables"), "a clean stop left the guard")
