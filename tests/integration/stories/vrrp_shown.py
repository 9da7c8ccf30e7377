# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors
"""VRRP groups as the API, the command line and the metrics show them, and commands to them.

    a 192.0.2.1 ---- 192.0.2.2 b    (control planes with headrace-vrrp; group main of 192.0.2.100, .101 to .103)
"""

import os
import re
import signal

from lab import check, wait_for
from lab.pair import pair
from lab.processes import CommandFailed
from lab.prometheus import check_documented
from lab.waiting import pass_time

GROUP = {"name": "main", "priority": 150, "standby_priority": 90, "instances": [
    {"id": 51, "interface": "eth1", "advert_interval": "100ms", "addresses": ["192.0.2.100/24"]},
    {"id": 52, "interface": "eth1", "advert_interval": "100ms",
     "addresses": ["192.0.2.101/24", "192.0.2.102/24", "192.0.2.103/24"]}]}
STATES = {"init": 0, "backup": 1, "active": 2, "fault": 3}


def fails(words, run, *command):
    """Runs what must be refused with these words."""
    try:
        said = run(*command)
    except CommandFailed as error:
        check(": exit 1: " in str(error) and re.search(words, str(error)), f"{error}")
        return
    check(False, f"{command} ended well, and said: {said}")


def becomes(node, state, name="main"):
    """Waits until the node's group is in a state, and looks whether it is shown so everywhere."""
    wait_for(lambda: node.group(name)["state"] == state, f"{name} of {node.name} to be {state}")
    summary = {group["name"]: group for group in node.status()["vrrp"]["groups"]}[name]
    group = node.group(name)
    check(summary.items() <= {**group, "since": summary["since"]}.items(), f"{summary} and {group}")
    check(0 <= summary["since"] < 10 and group["reason"], f"{group}")
    shown = node.command("show", "vrrp")
    check(re.search(rf"^{name} +{state}", shown, re.M) and f"\n{name}: {state}: {group['reason']}\n" in shown, shown)
    check(f"{name} {state}, priority {group['priority']}" in node.command("show", "status"), "show status")
    states = node.metrics().all("headrace_vrrp_state", iname=name)
    check(set(states.values()) == {STATES[state]}, f"{states}")
    return group


def one_serves(one, other):
    """The first is active, the second hears it: counters, sources and addresses on both."""
    group, theirs = becomes(one, "active"), becomes(other, "backup")
    check(group["priority"] == 150 and theirs["priority"] == 90, f"{group['priority']}, {theirs['priority']}")
    check(group["config"] == theirs["config"] == GROUP, f"{group['config']}")
    wait_for(lambda: (one.group()["addresses_held"], other.group()["addresses_held"]) == (4, 0), "the addresses")
    wait_for(lambda: sum(row["gratuitous_sent"] for row in one.group()["instances"]) >= 4, "announcements")
    wait_for(lambda: other.group()["instances"][1]["adverts_received"] > 3, "adverts")
    for ours, heard, wanted in zip(one.group()["instances"], other.group()["instances"], GROUP["instances"]):
        check(ours["id"] == wanted["id"] and ours["family"] == 4 and ours["interface"] == "eth1"
              and ours["link_up"] and ours["source"] == "192.0.2.1" and ours["active"] is None, f"{ours}")
        check([f"{address}/24" for address in ours["addresses"]] == wanted["addresses"], f"{ours}")
        check(ours["adverts_sent"] > 3, f"{ours}")
        active = heard["active"]
        check((active["address"], active["priority"], active["advert_interval_ms"]) == ("192.0.2.1", 150, 100)
              and active["heard"] < 1, f"{heard}")
        check(set(heard["faults"].values()) == {0} and len(heard["faults"]) == 11, f"{heard}")
    status = one.status()["vrrp"]
    check(status["running"] and status["heartbeat_age_ms"] < 1000
          and status["pid"] == int((one.run_dir / "vrrp.lock").read_text(encoding="ascii")), f"{status}")
    shown = other.command("show", "vrrp").splitlines()
    check(re.fullmatch(r"main +backup +\S.* +90 +52 +eth1 +192\.0\.2\.2 +192\.0\.2\.1 \(150\) +[\d,]+ +[\d,]+ +0 "
                       r"+192\.0\.2\.101 and 2 more", shown[2].rstrip()), shown[2])


def counted(one):
    """The metrics of the active node, against the API; every family documented with its labels."""
    metrics, group = one.metrics(), one.group()
    check_documented(metrics)
    states = metrics.all("headrace_vrrp_state", iname="main", intf="eth1", vrid="52", family="ipv4")
    check(sorted(dict(labels)["ip_address"] for labels in states)
          == ["192.0.2.101", "192.0.2.102", "192.0.2.103"], f"{states}")
    for instance in group["instances"]:
        labels = {"iname": "main", "vrid": str(instance["id"])}
        sent = metrics.value("headrace_vrrp_advertisements_sent_total", **labels)
        check(0 < sent <= instance["adverts_sent"] <= sent + 20, f"{sent}: {instance}")
        check(metrics.value("headrace_vrrp_gratuitous_sent_total", **labels) <= instance["gratuitous_sent"], "")
        check(metrics.value("headrace_vrrp_ip_ttl_errors_total", **labels) == 0, "")
    check(metrics.value("headrace_vrrp_up") == 1
          and metrics.value("headrace_vrrp_real_time") == one.status()["vrrp"]["real_time"], "the program")
    check(metrics.value("headrace_vrrp_priority", iname="main") == 150
          and metrics.value("headrace_vrrp_addresses_held", iname="main") == 4, "the group")


def commands(one, other):
    """Released and taken; what cannot be is refused with its sentence."""
    before = one.metrics()
    said = one.command("vrrp", "release", "main")
    check(said.startswith("main: released"), said)
    becomes(other, "active")
    group = wait_for(lambda: one.group()["state"] == "backup" and one.group(), "it to give up")
    check(group["released"] and group["priority"] == 1, f"{group}")
    check("backup, released" in one.command("show", "vrrp"), one.command("show", "vrrp"))
    after = one.metrics()
    for name, more in (("headrace_vrrp_release_master_total", 1), ("headrace_vrrp_become_master_total", 0),
                       ("headrace_vrrp_priority_zero_sent_total", 1)):
        check(after.value(name, vrid="51") - before.value(name, vrid="51") == more, name)
    check(after.value("headrace_vrrp_released", iname="main") == 1, "released")
    check(other.metrics().value("headrace_vrrp_priority_zero_received_total", vrid="51") == 1, "heard")
    check(one.command("vrrp", "take", "main") == "main: taken\n", "take")
    becomes(one, "active")
    becomes(other, "backup")
    fails(r"refused \(409\): .*150", other.command, "vrrp", "take", "main")
    fails(r"refused \(404\): there is no VRRP group", one.command, "vrrp", "take", "none")
    for path, method, body, headers, status in (
            ("release", "POST", b"", {"Content-Type": "text/plain"}, 415),
            ("release", "POST", b"", {"Content-Type": "application/x-www-form-urlencoded"}, 415),
            ("release", "GET", None, {}, 405), ("take", "DELETE", None, {}, 405),
            ("release?dry_run=true", "POST", b"", {}, 400), ("", "POST", b"", {}, 404)):
        answer = one.request(method, f"/v1/vrrp_groups/main/{path}", body, headers)
        check(answer.status == status and (status != 405 or answer.headers["allow"] == "POST"), f"{path}: {answer}")
    becomes(one, "active")


def die(one, pid):
    """kill -9; what is said of the group until the next one runs. A second later at most that is started: it may
    be before anybody has asked, and then it dies in its turn, with all of a second before the next."""
    for _ in range(3):
        os.kill(pid, signal.SIGKILL)

        def look(pid=pid):
            group, program = one.group(), one.status()["vrrp"]
            return (group, pid) if group["state"] == "fault" else \
                (None, program["pid"]) if program["running"] and program["pid"] != pid else None
        group, pid = wait_for(look, "it to be dead, or the next one to run", every=0)
        if group:
            return group, pid
    check(False, "it is never seen dead")
    return None


def silent(one):
    """One that hangs is no answer; one that has died is a fault, until it is started again."""
    pid = one.status()["vrrp"]["pid"]
    os.kill(pid, signal.SIGSTOP)
    fails(r"refused \(503\): headrace-vrrp does not answer", one.command, "vrrp", "release", "main")
    wait_for(lambda: one.status()["vrrp"]["heartbeat_age_ms"] > 1000, "its heartbeat to be old")
    check(one.status()["vrrp"]["running"], "it is stopped, not dead")
    group, pid = die(one, pid)
    check("headrace-vrrp does not run" in group["reason"] and group["since"] is None, f"{group}")
    wait_for(lambda: one.status()["vrrp"]["running"] and one.status()["vrrp"]["pid"] != pid, "the next one")
    becomes(one, "active")


def objects(one):
    """A group is an object of the configuration like others."""
    group = {"name": "second", "instances": [
        {"id": 60, "interface": "eth1", "advert_interval": "50ms", "addresses": ["192.0.2.110/24"]}]}
    made = one.change("POST", "/v1/vrrp_groups", group)
    check(made.status == 201 and made.headers["location"] == "/v1/vrrp_groups/second", f"{made}")
    becomes(one, "active", "second")
    one.change("PATCH", "/v1/vrrp_groups/second", {"priority": 77})
    wait_for(lambda: one.group("second")["priority"] == 77, "the new priority")
    answer = one.request("PUT", "/v1/vrrp_groups/second", {"instances": []})
    check(answer.status == 400 and answer.body["errors"], f"{answer}")
    offered = one.complete("vrrp", "release", "")
    check(offered == ["main", "second"] and one.complete("vrrp", "") == ["release", "take"], f"{offered}")
    one.change("DELETE", "/v1/vrrp_groups/second")
    check(one.request("GET", "/v1/vrrp_groups/second").status == 404, "it is still there")
    check([row["name"] for row in one.get("/v1/vrrp_groups")["vrrp_groups"]] == ["main"], "the list")


def story(lab):
    """A pair that serves, is released, taken, killed and changed; each is seen by all means."""
    one, other = pair(lab, vrrp_groups=[GROUP])
    for node in (one, other):
        node.start_controlplane()
        wait_for(node.answers, f"{node.name} to answer")
        wait_for(lambda: node.group()["state"] in ("backup", "active"), "it to begin")
    one_serves(one, other)
    counted(one)
    commands(one, other)
    silent(one)
    objects(one)
    for node in (other, one):
        check(node.stop_controlplane() == 0, node.controlplane.tail())
        check(not (node.run_dir / "vrrp.lock").exists(), "headrace-vrrp is left")


def story_stopped_early(lab):
    """SIGTERM while headrace-vrrp has only just been started: it is not left behind."""
    one, _ = pair(lab, vrrp_groups=[GROUP])
    for _ in range(3):
        one.start_controlplane()
        wait_for(lambda: "started headrace-vrrp" in one.controlplane.errors(), "it to be started", every=0)
        check(one.stop_controlplane() == 0, one.controlplane.tail())
        pass_time(0.3)
        check(not (one.run_dir / "vrrp.lock").exists(), "headrace-vrrp is left")
