# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors
"""Flows in huge pages: used when they are there, found again after a kill, gone after a stop.

    client ---- wan [headrace] lan ---- switch ---- b1
"""

from pathlib import Path

from lab import Skip, check, check_law, http_load, serve_http, two_arms, wait_for
from lab.lab import run

RESERVED = Path("/proc/sys/vm/nr_hugepages")
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
    lab.defer(lambda: run(["umount", mount]))
    return mount


def story(lab):
    """The file lies in huge pages, is read through its link, and nothing is left of it."""
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
    check(len(list(mount.iterdir())) == 1, f"{list(mount.iterdir())}")
    headrace.stop()
    wait_for(lambda: not list(mount.iterdir()), "the file in huge pages to be gone")
    check(not flows.is_symlink(), "the link is left")
