# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors
"""Workers and ports as they are shown: busy under load and not without; what counters elsewhere say.

    client ---- wan [headrace] lan ---- switch ---- b1 b2 b3
"""

import json
import time

from lab import check, check_law, http_load, serve_http, two_arms, wait_for
from lab.clients import start_http_load

ALONE = "it compares shares of a core"


def share(text):
    """12.3 of "12.3 %"."""
    return float(text.removesuffix(" %"))


def cells(line):
    """Of a line whose cells hold single blanks only."""
    return [cell.strip() for cell in line.split("  ") if cell.strip()]


def table(headrace, *words):
    """Rows of a table that the command line shows, by title."""
    lines = headrace.command("show", *words).splitlines()
    titles = cells(lines[0])
    check(all(len(cells(line)) == len(titles) for line in lines), "\n".join(lines))
    return [dict(zip(titles, cells(line))) for line in lines[1:]]


def story(lab):
    """The share of busy turns, packets and flows follow what clients do."""
    world = two_arms(lab)
    serve_http(world.backends, log_requests=False)
    headrace = world.headrace(world.service("web", "full-nat", timeouts={"tcp_closing": "500ms"}))
    headrace.start()
    idle, = table(headrace, "workers", "--interval", "500ms")
    load = start_http_load(world.client, world.vip, rate=1000, connections=50, per_connection=10)
    load.more(500)
    busy, = table(headrace, "workers")
    check(share(busy["BUSY"]) > share(idle["BUSY"]), f"{busy['BUSY']} busy, and {idle['BUSY']} without")
    check(int(busy["PACKETS/S"].replace(",", "")) > 1000, busy["PACKETS/S"])
    check(float(busy["PACKETS/BURST"]) >= 1 and float(busy["CYCLES/PACKET"]) > 100, f"{busy}")
    check(load.stop()["failed"] == 0, "the load failed")

    worker, = headrace.get("/v1/workers")["workers"]
    status = headrace.status()
    check(worker["received"] >= status["accounts"]["received"] * 0.9, f"{worker}")
    check(worker["polls"] > worker["empty_polls"] > 0 and worker["busy_cycles"] > 0, f"{worker}")
    started = headrace.services()["web"]["flows_started"]
    wait_for(lambda: headrace.get("/v1/workers")["workers"][0]["aged"] == started,
             "every flow to be over")
    # How many there are is told a few milliseconds later than how many ended.
    wait_for(lambda: headrace.get("/v1/workers")["workers"][0]["tables"]["ipv4"] ==
             {"flows": 0, "capacity": 200000}, "the flow table to be empty")
    worker, = headrace.get("/v1/workers")["workers"]
    check((worker["evicted"], worker["flushed"], worker["handed_over"], worker["taken_over"])
          == (0, 0, 0, 0), f"{worker}")
    check_law(headrace)
    lab.notes.append(f"idle: {idle['BUSY']}; 1000 requests a second: {busy['BUSY']}, "
                     f"{busy['PACKETS/S']} packets/s, {busy['CYCLES/PACKET']} cycles each, "
                     f"{busy['PACKETS/BURST']} a burst")


def story_ports(lab):
    """Each port is what Linux says it is, and moved what the interfaces did."""
    world = two_arms(lab)
    serve_http(world.backends, log_requests=False)
    headrace = world.headrace(world.service("web", "full-nat"))
    headrace.start()
    check(http_load(world.client, world.vip, requests=200)["failed"] == 0, "it serves not")
    check_law(headrace)
    shown = {row["PORT"]: row for row in table(headrace, "ports")}
    listed = {port["name"]: port for port in headrace.get("/v1/ports")["ports"]}
    check(set(shown) == set(listed) == {"wan", "lan"}, f"{shown}")
    for name, row in shown.items():
        link, = json.loads(world.balancer.run("ip", "-j", "link", "show", name))
        port = listed[name]
        check((row["MAC"], int(row["MTU"]), row["LINK"]) == (link["address"], link["mtu"], "UP"), f"{row}")
        check((row["DRIVER"], row["QUEUES"], row["DEVICE"]) == ("net_af_xdp", "1", f"af_xdp:{name}"),
              f"{row}")
        check(int(row["SENT"].replace(",", "")) == port["sent"] > 200, f"{row}")
        check(all(row[title] == "0" for title in ("MISSED", "NO BUFFER", "TX FULL")), f"{row}")
        # What lies in rings is in use.
        check(0 < port["buffers_used_percent"] < 90 and row["BUFFERS"].endswith(" %"), f"{row}, {port}")
    check(listed["wan"]["received"] > 0 < listed["lan"]["received_bytes"], f"{listed}")
    same = {port["name"]: port for port in headrace.status()["dataplane"]["ports"]}
    check(all(same[name]["mac"] == listed[name]["mac"] for name in listed), "the status has others")
    headrace.dataplane.stop()
    wait_for(lambda: "no dataplane" in headrace.command("show", "ports"), "the ports to be gone")
    check("no dataplane" in headrace.command("show", "workers", "--interval", "1ms"), "still workers")
    began = time.monotonic()
    headrace.command("show", "workers", "--json")
    check(time.monotonic() - began < 0.9, "JSON is of one reading")
