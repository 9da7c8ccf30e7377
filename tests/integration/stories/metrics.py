# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors
"""GET /metrics: well-formed, the same numbers as /v1/..., documented, fit for Prometheus.

    client ---- wan [headrace] lan ---- switch ---- b1 b2 b3 b4 b5
                                                    up, down, draining, in maintenance, removed
"""

import math
import re
import shutil
import socket
from pathlib import Path

from lab import Skip, check, check_law, http_load, serve_http, serve_udp, two_arms, udp_load, wait_for
from lab.addressing import socket_family
from lab.clients import start_http_load
from lab.processes import run
from lab.prometheus import RULES, Metrics, check_documented, check_growth, scrape, scrape_text

ROOT = Path(__file__).resolve().parents[3]
ALERTS = ROOT / "tests/integration/headrace.rules.test.yml"
LONG = "L" * 40 + "..-_.9"  # pool and backend have more than 63 characters together
STATES = {"b1": "up", "b2": "down", "b3": "draining", "b4": "down", "b5": "removed"}


def every_state(lab):
    """Headrace with a backend in each state, traffic behind it, and names as odd as can be."""
    world = two_arms(lab, backends=5)
    servers = serve_http(world.backends)
    serve_udp(world.backends)
    names = ("web", LONG, "0._-")
    headrace = world.headrace(
        world.service(names[0], "dnat", world.service_addresses[0]),
        world.service(names[1], "full-nat", world.service_addresses[1]),
        world.service(names[2], "dnat", world.service_addresses[2], port=53, protocol="udp",
                      backend_port=5353))
    for backend in headrace.config["services"][1]["backends"]:
        backend["name"] = f"{backend['name']}-{LONG}"
    headrace.write_config()
    headrace.start()
    held = hold_connection(world, headrace)  # before there are flows that end by themselves
    http_load(world.client, world.service_addresses[1], requests=200, connections=10)
    servers["b2"].kill()
    headrace.change("PATCH", "/v1/pools/web/backends/b3", {"admin": "drain"})
    headrace.change("PATCH", "/v1/pools/web/backends/b4", {"admin": "maint"})
    headrace.change("DELETE", "/v1/pools/web/backends/b5")
    headrace.change("DELETE", f"/v1/pools/{LONG}/backends/b5-{LONG}")
    for backend, state in STATES.items():
        headrace.wait_state(f"web/{backend}", state)
    headrace.wait_state(f"{LONG}/b2-{LONG}", "down")  # each pool checks it at moments of its own
    return world, headrace, held


def hold_connection(world, headrace):
    """Connections to both HTTP services until b5 has one of each: it stays when it is removed."""
    held = []
    for address, name in ((world.service_addresses[0], "web/b5"),
                          (world.service_addresses[1], f"{LONG}/b5-{LONG}")):
        while headrace.backends()[name]["flows"] == 0 or not held:
            check(len(held) < 200, f"{len(held)} connections and none with {name}")
            held.append(world.client.socket(socket_family(address), socket.SOCK_STREAM))
            held[-1].settimeout(3)
            held[-1].connect((address, 80))
    return held


def check_states(headrace, metrics):
    """Each backend in its state and no other; what is removed keeps its traffic."""
    for backend, state in STATES.items():
        ones = [dict(labels)["state"] for labels, value in metrics.all(
            "headrace_backend_state", pool="web", backend=backend).items() if value == 1]
        check(ones == [state], f"{backend} is {state}: {ones}")
    up = {dict(labels)["backend"]: value
          for labels, value in metrics.all("headrace_backend_up", pool="web").items()}
    check(up == {"b1": 1, "b2": 0, "b3": 1, "b4": 0}, f"headrace_backend_up: {up}")
    ready = metrics.all("headrace_backend_ready", pool="web")
    check(sorted(ready.values()) == [0, 0, 1, 1], f"headrace_backend_ready: {ready}")
    check(metrics.value("headrace_backend_flows", pool="web", backend="b5") >= 1, "b5 has a flow")
    cut = [dict(labels)["backend"] for labels in metrics.all("headrace_backend_flows", pool=LONG)
           if "~" in dict(labels)["backend"]]
    check(len(cut) == 1, f"the removed backend of a long name: {cut}")
    check(metrics.value("headrace_backend_checks_total", pool="web", backend="b2",
                        result="failed") >= 3, "b2's failed checks")
    check(0 < metrics.value("headrace_backend_last_check_duration_seconds", pool="web",
                            backend="b1") < 1, "how long b1's check took")
    check(metrics.value("headrace_service_backends", service="web") == 4
          and metrics.value("headrace_service_backends_up", service="web")
          == headrace.services()["web"]["backends_up"] == 1, "backends of web")
    check(not metrics.all("headrace_backend_checks_total", pool="0._-", result="failed")
          or metrics.sum("headrace_backend_checks_total", pool="0._-") == 0, "nobody checks UDP")


def check_sums(headrace):
    """At rest the metrics say what /v1/status, /v1/services and /v1/pools say."""
    status, metrics = headrace.status(), scrape(headrace)
    accounts, value = status["accounts"], metrics.value
    for column in ("received", "generated", "from_linux", "sent", "to_linux"):
        check(value(f"headrace_{column}_packets_total") == accounts[column], column)
    check(metrics.sum("headrace_dropped_packets_total") == accounts["dropped"], "dropped")
    check(value("headrace_held_packets") == accounts["held"] == 0, "held")
    for verdict, count in status["verdicts"].items():
        check(value("headrace_packets_total", verdict=verdict) == count, verdict)
    dataplane, generation = status["dataplane"], status["generation"]
    for port in dataplane["ports"]:
        check(value("headrace_port_received_packets_total", port=port["name"]) == port["received"]
              and value("headrace_port_up", port=port["name"]) == 1, port["name"])
    check(metrics.sum("headrace_port_sent_packets_total") == accounts["sent"], "ports' sum")
    check(metrics.sum("headrace_worker_received_packets_total") == accounts["received"], "workers'")
    workers = dataplane["workers"]
    check(metrics.sum("headrace_worker_flows") == sum(w["flows"] for w in workers), "flows")
    for number, worker in enumerate(workers):
        for family, share in (("ipv6", worker["flow_capacity_ipv6"]),
                              ("ipv4", worker["flow_capacity"] - worker["flow_capacity_ipv6"])):
            check(value("headrace_worker_flow_capacity", worker=str(number), family=family) == share > 0,
                  f"room of worker {number} for {family}")
        check(value("headrace_worker_evicted_flows_total", worker=str(number)) == worker["evicted"], "evicted")
    check(value("headrace_generation_published") == generation["published"]
          == value("headrace_generation_taken"), f"{generation}")
    check(value("headrace_config_revision") == status["revision"], "revision")
    for name, service in headrace.services().items():
        compare(metrics, "service", service, service=name)
    for name, backend in headrace.backends().items():
        pool, _, short = name.partition("/")
        if len(name) < 63:
            compare(metrics, "backend", backend, pool=pool, backend=short)
            check(value("headrace_backend_state", pool=pool, backend=short,
                        state=backend["state"]) == 1, f"{name} is {backend['state']}")
    return metrics


def quantile(buckets, share):
    """The time within which this share of the packets went, as histogram_quantile() tells it."""
    wanted, lower, before = share * max(buckets.values()), 0.0, 0
    for bound, within in buckets.items():
        if within >= wanted:
            return lower + (bound - lower) * (wanted - before) / (within - before)
        lower, before = bound, within
    return lower


def check_processing(headrace):
    """Each packet a worker received has its time in the histogram, and status says the same."""
    workers, metrics = headrace.status()["dataplane"]["workers"], scrape(headrace)
    name = "headrace_worker_processing_seconds"
    for number, worker in enumerate(workers):
        told, labels = worker["processing"], (("worker", str(number)),)
        buckets = metrics.families[name].series()[labels]
        received = metrics.value("headrace_worker_received_packets_total", worker=str(number))
        check(told["packets"] == buckets[math.inf] == received > 0, f"{told}, {buckets}, {received}")
        mean = metrics.families[name].samples[f"{name}_sum", labels] / received
        for key, wanted in (("mean_us", mean), ("p50_us", quantile(buckets, 0.5)),
                            ("p99_us", quantile(buckets, 0.99))):
            check(0 < told[key] and abs(told[key] / wanted / 1e6 - 1) < 1e-4, f"{key}: {told}, {buckets}")
    shown = headrace.command("show", "status").partition("\nWORKER ")[2].splitlines()
    check("PROCESSING P50" in shown[0] and len(re.findall(r"[0-9.]+ [um]s", shown[1])) == 3, f"{shown}")
    return workers[0]["processing"]


def compare(metrics, noun, row, **labels):
    """A service's or backend's traffic is that of its row in /v1/..."""
    for direction in ("in", "out"):
        for what in ("packets", "bytes"):
            check(metrics.value(f"headrace_{noun}_{what}_total", direction=direction, **labels)
                  == row[f"{what}_{direction}"], f"{labels} {what} {direction}")
    for metric, key in (("flows", "flows"), ("flows_started_total", "flows_started"),
                        ("dropped_packets_total", "drops")):
        check(metrics.value(f"headrace_{noun}_{metric}", **labels) == row[key], f"{labels} {key}")


def check_times(metrics):
    """Generations were timed, from the publication to the last worker."""
    for name, most in (("headrace_publish_duration_seconds", 1), ("headrace_publish_to_taken_seconds", 1)):
        samples = metrics.families[name].samples
        count, total = samples[f"{name}_count", ()], samples[f"{name}_sum", ()]
        check(count > 0 and 0 <= total / count < most, f"{name}: {count} times, {total} s")
    taken = metrics.value("headrace_publish_last_to_taken_seconds")
    check(0 <= taken < 1 and metrics.value("headrace_generation_last_copy_duration_seconds") < 1,
          f"{taken}")


def under_load(world, headrace):
    """No counter falls from scrape to scrape while packets flow."""
    load = start_http_load(world.client, world.service_addresses[1], connections=20)
    before = scrape(headrace)
    for _ in range(15):
        load.more(100)
        after = scrape(headrace)
        check_growth(before, after)
        before = after
    check(load.stop()["failed"] == 0, "the load fails")
    result = udp_load(world.client, world.service_addresses[2], 53, count=500, sockets=10)
    check(result["answered"] == 500, f"{result}")
    check_growth(before, scrape(headrace))


def story(lab):
    """Well-formed whatever happens, never falling, equal to the API's numbers, all documented."""
    world, headrace, held = every_state(lab)
    before = scrape(headrace)
    under_load(world, headrace)
    check_law(headrace)
    metrics = check_sums(headrace)
    processing = check_processing(headrace)
    lab.notes.append("packets were with the worker for " + ", ".join(
        f"{processing[key]:.1f} us ({key.removesuffix('_us')})" for key in ("p50_us", "p99_us", "mean_us")))
    check_states(headrace, metrics)
    check_documented(metrics)
    check_times(metrics)
    check(metrics.value("headrace_dataplane_up") == 1, "the dataplane runs")
    check(metrics.value("headrace_config_changes_total", result="applied") == 4, "four changes")
    check(scrape_text(headrace, "HEAD") == "", "HEAD has a body")
    check(headrace.request("POST", "/metrics", {}).status == 405, "POST /metrics")
    check(headrace.request("PUT", "/v1/config", {"x": 1}).status == 400, "a broken document")
    metrics = scrape(headrace)
    check_growth(before, metrics)
    check(metrics.value("headrace_config_changes_total", result="invalid") == 1, "one was invalid")
    check(metrics.value("headrace_api_requests_total", code="405") == 1, "one 405")
    for connection in held:
        connection.close()

    headrace.dataplane.kill()
    wait_for(lambda: scrape(headrace).value("headrace_dataplane_up") == 0, "the dataplane to be gone")
    headrace.start_dataplane()
    wait_for(lambda: headrace.running() and scrape(headrace).value("headrace_dataplane_up") == 1,
             "the dataplane to be back", 30)
    config = headrace.get("/v1/config")
    config["dataplane"]["flows_per_worker"] += 1
    revision = headrace.change("PUT", "/v1/config", config).body["revision"]
    check(scrape(headrace).value("headrace_config_restart_required_fields") == 1, "to restart")
    text = headrace.command("show", "status")
    check(f"\nconfiguration  revision {revision}\nneeds restart  /dataplane/flows_per_worker\n" in text,
          f"show status: {text}")


def story_promtool(lab):
    """Prometheus's own checker has nothing to say, of the metrics and of what config/ holds; alerts fire."""
    promtool = shutil.which("promtool") or shutil.which("promtool", path=str(lab.build))
    if promtool is None:
        raise Skip("promtool is not installed (Debian's package prometheus has it)")
    _world, headrace, held = every_state(lab)
    text = scrape_text(headrace)
    said = run([promtool, "check", "metrics"], stdin=text)
    check(said == "", f"promtool check metrics: {said}")
    said = run([promtool, "check", "config", RULES / "prometheus.yml"])
    check("SUCCESS" in said and "rules found" in said, said)
    run([promtool, "test", "rules", ALERTS])
    families = Metrics(text).families
    lab.notes.append(f"{len(families)} families, {sum(len(f.samples) for f in families.values())} "
                     f"samples")
    for connection in held:
        connection.close()
