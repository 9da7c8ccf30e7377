# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors
"""Flows in huge pages: used when they are there, taken over after a kill and a stop, gone when told.

    client ---- wan [headrace] lan ---- switch ---- b1
"""

from pathlib import Path

from lab import Skip, check, check_law, http_load, serve_http, two_arms
from lab import leftovers
from lab.lab import run
from lab.talks import taken_over

ALONE = "it changes how many huge pages the machine has"

RESERVED = Path("/proc/sys/vm/nr_hugepages")
FREE = Path("/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages")
PAGES = 64


def reserve(lab):
    """More huge pages, for as long as the story lasts; a hugetlbfs in the lab's directory."""
    before = int(RESERVED.read_text(encoding="ascii"))
    mount = lab.directory / "huge"
    mount.mkdir()
    lab.defer(lambda: RESERVED.write_text(str(before), encoding="ascii"))
    RESERVED.write_text(str(before + PAGES), encoding="ascii")
    if int(RESERVED.read_text(encoding="ascii")) < before + PAGES:
        raise Skip(f"this machine has no {PAGES} huge pages to spare")
    run(["mount", "-t", "hugetlbfs", "-o", "pagesize=2M", "headrace-lab", mount])
    lab.defer(lambda: leftovers.unmount(mount))
    return mount


def files(headrace, mount):
    """What lies there of ours: other dataplanes of this machine may use it too."""
    return list(mount.glob(f"headrace{headrace.run_dir}-".replace("/", "-") + "*"))


def change_room(headrace, flows, mount):
    """Another size: the flows move into another file, there and back; then out of huge pages, and in."""
    for room, huge in ((90000, True), (100000, True), (80000, False), (80000, True)):
        headrace.dataplane.stop()
        headrace.config["dataplane"]["flows_per_worker"] = room
        headrace.write_config()
        pages = 0 if huge else int(FREE.read_text(encoding="ascii"))
        RESERVED.write_text(str(int(RESERVED.read_text(encoding="ascii")) - pages), encoding="ascii")
        headrace.start_dataplane()
        headrace.wait_ready()
        RESERVED.write_text(str(int(RESERVED.read_text(encoding="ascii")) + pages), encoding="ascii")
        taken, dropped, why = taken_over(headrace)
        check(taken >= 50 and dropped == 0, f"{taken} taken over, {dropped} dropped{why}")
        check(flows.is_symlink() is huge, f"room for {room}: {headrace.dataplane.tail()}")
        check(len(files(headrace, mount)) == (1 if huge else 0), f"{files(headrace, mount)}")


def story(lab):
    """The file lies in huge pages and is read through its link; its flows move with it, in and out."""
    mount = reserve(lab)
    world = two_arms(lab, backends=1)
    serve_http(world.backends, log_requests=False)
    headrace = world.headrace(world.service("web", "full-nat"))
    headrace.config["dataplane"].update(flows_per_worker=100000, flows_per_worker_ipv6=1024)
    headrace.write_config()
    headrace.start()
    flows = headrace.run_dir / "flows"
    for _ in range(2):
        check("in huge pages" in headrace.dataplane.errors(), headrace.dataplane.tail())
        check(flows.is_symlink() and flows.resolve().parent == mount, f"{flows} is not a link there")
        check(http_load(world.client, world.vip, requests=200)["failed"] == 0, "it serves not")
        check(len(headrace.flows(limit=50)) == 50, "the flows are not read")
        check_law(headrace)
        headrace.dataplane.kill()
        headrace.start_dataplane()
        headrace.wait_ready()
        check(taken_over(headrace)[0] >= 50, headrace.dataplane.tail())
    check(len(files(headrace, mount)) == 1, f"{files(headrace, mount)}")
    change_room(headrace, flows, mount)
    headrace.stop()
    check(flows.exists() and len(files(headrace, mount)) == 1, "a stop did not keep the flows")
    headrace.namespace.run(lab.program("headrace-dataplane"), "--forget-flows", "--run-dir",
                           headrace.run_dir)
    check(not files(headrace, mount) and not flows.is_symlink(), f"{files(headrace, mount)} is left")
