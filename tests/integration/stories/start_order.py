# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors
"""The daemons start in any order, and wait for each other as long as it takes.

    client ---- wan [headrace] lan ---- switch ---- b1 b2 b3
"""

import signal

from lab import check, check_law, http_load, serve_http, two_arms, wait_for
from lab.shared_memory import Status
from lab.waiting import pass_time

SECONDS_TO_START = 15


def serves(headrace, world):
    """Both services answer, and nothing was refused on the way."""
    headrace.wait_ready()
    for address in world.service_addresses[:2]:
        result = http_load(world.client, address, requests=300, connections=10)
        check(result["failed"] == 0 and len(result["backends"]) == 3, f"{result}")
    generation = headrace.status()["generation"]
    check(generation["refused"] == 0 and Status(headrace).refusals == 0, f"{generation}")
    check_law(headrace)


def complete(generation):
    """The number of the last one published, if there is nothing more to say."""
    return generation["published"] if not generation["pending"] else 0


def alone(headrace, seconds, running):
    """The control plane without a working dataplane: it answers, all is up, nothing is wrong."""
    wait_for(lambda: {backend["state"] for backend in headrace.backends().values()} == {"up"},
             "the backends to be up")
    published = wait_for(lambda: complete(headrace.status()["generation"]), "a generation that says so")
    for _ in range(int(seconds * 4)):
        pass_time(0.25, alive=[headrace.controlplane])
        status = headrace.status()
        check(status["dataplane"]["running"] is running, f"{status['dataplane']}")
        check(status["generation"]["published"] == published and
              status["generation"]["taken"] == 0, f"{status['generation']}")
        states = {backend["state"] for backend in headrace.backends().values()}
        check(states == {"up"}, f"backends are {states}")


def dataplane_first(headrace, world):
    """It runs with nothing to forward, and takes what is published when it is."""
    headrace.start_dataplane()
    status = Status(headrace)
    wait_for(lambda: status.state == "running", "the dataplane to run")
    check(status.taken == status.refusals == 0, f"{status.taken}, {status.refusal}")
    headrace.start_controlplane()
    serves(headrace, world)


def stop_in_start(headrace):
    """Starts dataplanes until one is caught in its start: who looks may be late."""
    status = Status(headrace)
    for _ in range(10):
        headrace.start_dataplane()
        wait_for(lambda: status.state != "stopping", "the dataplane to start", every=0.001)
        headrace.dataplane.signal(signal.SIGSTOP)
        if status.state == "starting":
            return
        headrace.dataplane.signal(signal.SIGCONT)
        headrace.dataplane.stop()
    check(False, "it was too fast to be stopped in its start, ten times")


def control_plane_first(headrace, world):
    """No dataplane yet; then one that stands still in the middle of its start."""
    headrace.start_controlplane()
    alone(headrace, 3, running=False)
    stop_in_start(headrace)
    alone(headrace, SECONDS_TO_START, running=True)
    check(headrace.status()["dataplane"]["state"] == "starting", f"{headrace.status()['dataplane']}")
    headrace.dataplane.signal(signal.SIGCONT)
    serves(headrace, world)


def story(lab):
    """Dataplane first, control plane first, a dataplane that takes 15 s to start."""
    world = two_arms(lab)
    serve_http(world.backends, log_requests=False)
    headrace = world.headrace(world.service("web", "dnat"), world.service(
        "full", "full-nat", world.service_addresses[1]))
    dataplane_first(headrace, world)
    headrace.stop()
    (headrace.run_dir / "tables").unlink()
    control_plane_first(headrace, world)
    errors = headrace.controlplane.errors()
    check("cannot" not in errors and "is DOWN" not in errors, errors[-500:])
    lab.notes.append(f"a dataplane that took {SECONDS_TO_START} s to start was waited for")
