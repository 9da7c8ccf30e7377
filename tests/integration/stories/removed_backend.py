# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors
"""A backend leaves the configuration with a connection open: it drains, guarded to its end.

    client ---- wan [headrace] lan ---- switch ---- b1 b2 (b3 leaves)
"""

import json
import socket

from lab import check, http_load, serve_http, two_arms, wait_for
from lab.addressing import socket_family


def request(connection):
    """One request; returns the backend that answered."""
    connection.sendall(b"GET /echo/x HTTP/1.1\r\nHost: x\r\n\r\n")
    data = b""
    while not data.endswith(b"/echo/x\n"):
        more = connection.recv(65536)
        check(more, "the connection ended")
        data += more
    return data.rpartition(b"\r\n\r\n")[2].split()[0].decode()


def leave(world):
    """The open connection goes on, nobody new comes, and the guard knows it until it is gone."""
    _, b2, b3 = (backend.address for backend in world.backends)
    serve_http(world.backends)
    headrace = world.headrace(world.service("web", "dnat", timeouts={"tcp_closing": "1s"}))
    headrace.start()
    connection = None
    while connection is None:
        connection = world.client.socket(socket_family(world.vip), socket.SOCK_STREAM)
        connection.settimeout(5)
        connection.connect((world.vip, 80))
        if request(connection) != "b3":
            connection.close()
            connection = None
    headrace.config = json.loads(json.dumps(headrace.config))
    headrace.config["services"][0]["backends"].pop()
    headrace.write_config()
    headrace.reload()
    wait_for(lambda: headrace.backends()["web/b3"]["state"] == "removed" and headrace.running(),
             "b3 to drain")
    for _ in range(3):
        check(request(connection) == "b3", "the open connection moved")
    result = http_load(world.client, world.vip, requests=300, connections=10)
    check(result["failed"] == 0 and "b3" not in result["backends"], f"new connections: {result}")
    check(b3 in world.guarded("endpoints"), f"the guard forgot b3 while it drains: {world.guarded('endpoints')}")

    # The whole pool goes: it is listed while b3 drains, as written nowhere.
    service = headrace.config["services"][0]
    service["pool"] = "other"
    headrace.config["pools"] = [{"name": "other", "backends": service.pop("backends"),
                                 "health_check": service.pop("health_check")}]
    headrace.write_config()
    headrace.reload()
    wait_for(lambda: [pool["name"] for pool in headrace.get("/v1/pools")["pools"]] == ["other", "web"]
             and headrace.running(), "pool web to be gone but for its backends")
    gone = headrace.get("/v1/pools/web")
    check(gone["inline"] is None and "config" not in gone and "b3" in
          [backend["name"] for backend in gone["backends"] if backend["state"] == "removed"], f"{gone}")
    check(headrace.get("/v1/pools/web/backends")["backends"]
          and headrace.get("/v1/pools/web/backends/b3")["state"] == "removed", "b3 is not found")
    check("nowhere" in headrace.command("show", "pools"), headrace.command("show", "pools"))
    check(request(connection) == "b3", "the open connection moved")

    connection.close()
    wait_for(lambda: "web/b3" not in headrace.backends(), "b3 to be gone", 15)
    wait_for(lambda: b3 not in world.guarded("endpoints"), "the guard to forget b3")
    check(b2 in world.guarded("endpoints"), f"the guard forgot b2: {world.guarded('endpoints')}")


def story(lab):
    """Over IPv4."""
    leave(two_arms(lab))


def story_ipv6(lab):
    """Over IPv6."""
    leave(two_arms(lab, family=6))
