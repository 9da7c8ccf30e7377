# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors
"""The disk that holds the configuration is full: a change is refused, and nothing is changed.

    client ---- wan [headrace] lan ---- switch ---- b1 b2
"""

from lab import check, http_load, serve_http, two_arms, wait_for
from lab.processes import run


def story(lab):
    """507 while it is full, by every way of changing; a change as ever when there is room again."""
    world = two_arms(lab, backends=2)
    serve_http(world.backends, log_requests=False)
    headrace = world.headrace(world.service("web", "dnat"))
    disk = lab.directory / "disk"
    disk.mkdir()
    run(["mount", "-t", "tmpfs", "-o", "size=64k", "headrace-lab", disk])
    lab.defer(lambda: run(["umount", disk]))
    headrace.config_file = disk / "headrace.json"
    headrace.write_config()
    headrace.start()
    filler = disk / "filler"
    try:
        with open(filler, "wb", buffering=0) as out:
            while out.write(bytes(4096)):
                pass
    except OSError:
        pass  # it is full

    before = headrace.get("/v1/config"), headrace.config_file.read_bytes(), headrace.status()
    big = {**before[0], "node": {"name": "x" * 63}}
    for method, path, body in (("PATCH", "/v1/pools/web/backends/b1", {"weight": 9}),
                               ("DELETE", "/v1/pools/web/backends/b2", None),
                               ("PUT", "/v1/config", big)):
        answer = headrace.request(method, path, body)
        check(answer.status == 507 and str(headrace.config_file) in answer.body["detail"]
              and "No space left" in answer.body["detail"], f"{method} {path}: {answer}")
    after = headrace.get("/v1/config"), headrace.config_file.read_bytes(), headrace.status()
    check(before[:2] == after[:2] and before[2]["revision"] == after[2]["revision"],
          "something was changed")
    check(set(backend["state"] for backend in headrace.backends().values()) == {"up"},
          f"{headrace.backends()}")
    result = http_load(world.client, world.vip, requests=200, connections=10)
    check(result["failed"] == 0 and set(result["backends"]) == {"b1", "b2"}, f"{result}")
    check(sorted(path.name for path in disk.iterdir()) == ["filler", "headrace.json"],
          f"left over: {list(disk.iterdir())}")

    filler.unlink()
    headrace.change("DELETE", "/v1/pools/web/backends/b2")
    wait_for(headrace.running, "the change to be taken")
    result = http_load(world.client, world.vip, requests=200, connections=10)
    check(result["failed"] == 0 and set(result["backends"]) == {"b1"}, f"{result}")
