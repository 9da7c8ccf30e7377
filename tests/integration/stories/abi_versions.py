# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors
"""Either daemon may be a version older than the other: both are replaced, one by one, both ways.

    client ---- wan [headrace] lan ---- switch ---- b1 b2 b3

The newer programs are these, built as the next version of what they share.
"""

from lab import check, check_law, http_load, serve_http, two_arms, wait_for
from lab import shared_memory as abi
from lab.clients import start_http_load
from lab.shared_memory import Status, Tables


def versions(headrace):
    """What the files say: (tables, status)."""
    return tuple(int.from_bytes((headrace.run_dir / name).read_bytes()[abi.VERSION:abi.VERSION + 4],
                                "little") for name in ("tables", "status"))


def works(headrace, world, found, weight):
    """A change goes from one to the other, both services answer, the state comes back."""
    check(versions(headrace) == found, f"versions {versions(headrace)}, not {found}")
    headrace.change("PATCH", "/v1/pools/web/backends/b1", {"weight": weight})
    wait_for(headrace.running, "the change to be taken")
    for address in world.service_addresses[:2]:
        result = http_load(world.client, address, requests=200, connections=10)
        check(result["failed"] == 0 and len(result["backends"]) == 3, f"{found}: {result}")
    check(headrace.services()["web"]["packets_in"] > 0, f"{found}: no counters are read")
    check(headrace.status()["generation"]["refused"] == 0, f"{found}: refused")


def replace_control_plane(headrace, world, program=None):
    """Under load: 0 requests fail, the generation and the states are adopted."""
    loads = [start_http_load(world.client, address, rate=200, connections=10, timeout=5)
             for address in world.service_addresses[:2]]
    for load in loads:
        load.more(20)
    before = headrace.status()["generation"]["published"]
    headrace.controlplane.kill()
    headrace.start_controlplane(program)
    states = wait_for(headrace.backends, "the other control plane")
    check({backend["state"] for backend in states.values()} == {"up"}, f"{states}")
    headrace.wait_ready()
    after = headrace.status()["generation"]["published"]
    check(after == before, f"generation {before}, then {after}")
    for load in loads:
        load.more(20)
        result = load.stop()
        check(result["failed"] == 0, f"{result}")


def replace_dataplane(headrace, program=None):
    """It takes the tables that are there."""
    headrace.dataplane.stop()
    headrace.start_dataplane(program)
    headrace.wait_ready()


def too_far_apart(headrace):
    """Two versions on: refused, with the remedy, and the one in use goes on."""
    status, tables = Status(headrace), Tables(headrace)
    before = status.refusals
    tables.write(abi.VERSION, (versions(headrace)[0] + 2).to_bytes(4, "little"))
    wait_for(lambda: status.refusals > before, "the version to be refused")
    check("the dataplane is too old, start its newer version" in status.refusal, status.refusal)
    tables.close()


def story(lab):
    """All four pairs of this version and the next forward, and pass changes and counters."""
    world = two_arms(lab)
    serve_http(world.backends, log_requests=False)
    headrace = world.headrace(world.service("web", "dnat"), world.service(
        "full", "full-nat", world.service_addresses[1]))
    newer = [lab.tool(f"headrace-{part}-next") for part in ("dataplane", "controlplane")]
    headrace.start()
    now = versions(headrace)[0]
    works(headrace, world, (now, now), 90)
    replace_control_plane(headrace, world, newer[1])
    works(headrace, world, (now + 1, now), 91)
    replace_dataplane(headrace, newer[0])
    works(headrace, world, (now + 1, now + 1), 92)
    replace_control_plane(headrace, world)
    works(headrace, world, (now, now + 1), 93)
    replace_dataplane(headrace)
    works(headrace, world, (now, now), 94)
    check_law(headrace)
    headrace.controlplane.kill()
    too_far_apart(headrace)
    check(http_load(world.client, world.vip, requests=100)["failed"] == 0, "it serves no more")
    lab.notes.append("4 pairs of programs, 2 control planes replaced under load, 0 requests failed")
