# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors
"""1,000 services with 10 backends each, checked every 2 s, for five minutes.

    client ---- wan [headrace] lan ---- switch ---- b1, which is also the router to
                                                    10,000 backends: 10.1.0.0/16

Services: 250 addresses 198.18.0.1.. with ports 80 to 83. Figures: from a change to
the worker, the control plane's share of a core, memory of both daemons.
"""

import re
import time
from pathlib import Path

from lab import check, two_arms, wait_for
from lab.headrace import UnixConnection
from lab.servers import HttpServer
from lab.waiting import pass_time

DEADLINE = 900
SERVICES, BACKENDS = 1000, 10
CHANGES = 100
SECONDS = 300
PORT = 8080


def address_of(number):
    """The number-th backend's address."""
    return f"10.1.{number // 250}.{number % 250 + 1}"


def service(number):
    """The number-th service; its backends are its own."""
    return {
        "name": f"s{number}", "addresses": [f"198.18.0.{number // 4 + 1}"],
        "ports": [str(80 + number % 4)], "protocol": "tcp", "forwarding": "dnat",
        "backends": [{"name": f"b{i}", "address": address_of(number * BACKENDS + i), "port": PORT}
                     for i in range(BACKENDS)],
    }


def resident(process):
    """Its memory in MB: all that is resident, and of that what is shared memory."""
    text = Path(f"/proc/{process.pid}/status").read_text(encoding="ascii")
    return [int(re.search(rf"{key}:\s+(\d+)", text).group(1)) / 1024
            for key in ("VmRSS", "RssShmem")]


def change_times(headrace):
    """Seconds from sending a change to the generation with it being taken, of each change."""
    connection = UnixConnection(headrace.run_dir / "api.sock")
    answered, taken = [], []
    for number in range(CHANGES):
        path = f"/v1/pools/s{number * 7 % SERVICES}/backends/b{number % BACKENDS}"
        began = time.monotonic()
        answer = headrace.request("PATCH", path, {"weight": 1 + number}, connection=connection)
        check(answer.status == 200, f"{answer}")
        answered.append(time.monotonic() - began)
        taken.append(0.0)
        wait_for(headrace.running, "the change to be taken", 5, every=0.001)
        taken[-1] = time.monotonic() - began
    connection.close()
    return sorted(answered), sorted(taken)


def count_states(headrace):
    """How many backends are in which state."""
    counts = {}
    for backend in headrace.backends().values():
        counts[backend["state"]] = counts.get(backend["state"], 0) + 1
    return counts


def story(lab):
    """All up, none ever down; figures."""
    world = two_arms(lab, backends=1)
    router = world.backends[0]
    router.ip("route add local 10.1.0.0/16 dev lo")
    world.balancer.ip(f"route add 10.1.0.0/16 via {router.address}")
    world.client.ip("route add 198.18.0.0/15 via 198.51.100.1")
    HttpServer(router, "0.0.0.0", PORT, log_requests=False).start()
    headrace = world.headrace(*(service(number) for number in range(SERVICES)))
    headrace.config["defaults"] = {"health_check": {
        "type": "tcp", "interval": "2s", "timeout": "1s", "rise": 1, "fall": 3}}
    headrace.write_config()
    began = time.monotonic()
    headrace.start(seconds=120)
    lab.notes.append(f"{SERVICES * BACKENDS:,} backends up {time.monotonic() - began:.1f} s after the start")

    answered, taken = change_times(headrace)
    lab.notes.append(f"{CHANGES} changes: answered in {answered[CHANGES // 2] * 1e3:.1f} ms (median), "
                     f"{answered[-1] * 1e3:.1f} (most); with the workers in "
                     f"{taken[CHANGES // 2] * 1e3:.1f} ms (median), {taken[-1] * 1e3:.1f} (most)")

    control, data = headrace.controlplane, headrace.dataplane
    before = control.cpu_seconds(), data.cpu_seconds(), time.monotonic()
    pass_time(SECONDS, alive=[control, data])
    spent = time.monotonic() - before[2]
    lab.notes.append(f"checks of {SECONDS} s: control plane {(control.cpu_seconds() - before[0]) / spent:.1%} "
                     f"of a core, dataplane {(data.cpu_seconds() - before[1]) / spent:.1%}")
    for name, process in (("control plane", control), ("dataplane", data)):
        all_of_it, shared = resident(process)
        lab.notes.append(f"{name}: {all_of_it:.0f} MB resident, {shared:.0f} MB of it shared memory")
    counts = count_states(headrace)
    check(counts == {"up": SERVICES * BACKENDS}, f"{counts}")
    check(" is DOWN" not in control.errors(), f"a backend went down: {control.tail()}")
