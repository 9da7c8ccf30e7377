# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors
"""Servers that limp: down and up exactly as rise and fall say, and nobody else's checks are late.

    client ---- wan [headrace] lan ---- switch ---- b1   limping: nine servers on nine ports
                                               '--- b2   the good ones, by HTTP and by TCP
"""

import re
import time

from lab import check, two_arms, wait_for
from lab import scripted
from lab.scripted import well

ALONE = "it judges the gaps between checks to some tens of milliseconds"

INTERVAL, TIMEOUT, FAST, RISE, FALL = 0.4, 0.25, 0.1, 2, 3
CHECK = {"type": "http", "path": "/healthz", "interval": "400ms", "timeout": "250ms",
         "fast_interval": "100ms", "rise": RISE, "fall": FALL}
JITTER = INTERVAL / 32
LATE = 0.2  # what a busy machine may add to a moment

# How to limp, and the reason that is given for it.
LIMPS = {
    "silent": (scripted.silent, "no answer within 250 ms"),
    "late": (well(after=3 * TIMEOUT), "no answer within 250 ms"),
    "trickle": (scripted.trickle, "no answer within 250 ms"),
    "reset": (scripted.reset, "connection reset"),
    "half": (scripted.half, "connection reset"),
    "wrong": (well(status=503), "HTTP status 503"),
}

# "-": limps, "+": answers well. Two falls (the first begins again after a good check), a rise that
# begins again after a bad check, and then good ones for ever.
SCRIPT = "++-+--+---" "-+-+--++" "+-+-+---++"

CHANGE = re.compile(r"backend limping/(\S+) is (UP|DOWN), reason: (.*), after (\d+) (good|failed) check")


def expected(script):
    """[(number of the check, "UP" or "DOWN")]: what rise and fall make of a script, told anew."""
    changes, state, row = [], None, ""
    for number, result in enumerate(script, 1):
        row = row + result if row.endswith(result) else result
        verdict = "UP" if result == "+" else "DOWN"
        needed = 1 if state is None else RISE if result == "+" else FALL
        if verdict != state and len(row) >= needed:
            state = verdict
            changes.append((number, verdict))
    return changes


def changes_told(headrace):
    """{backend: [(verdict, reason, checks in a row)]} by the log."""
    told = {}
    for name, verdict, reason, count, _ in CHANGE.findall(headrace.controlplane.errors()):
        told.setdefault(name, []).append((verdict, reason, int(count)))
    return told


def backends_of(namespace, servers):
    """The servers as backends of a service."""
    return [{"name": name, "address": namespace.address, "port": server.port}
            for name, server in servers.items()]


def count_exactly(headrace, limping):
    """Every change came at the check where it had to come, and no other came."""
    wanted = expected(SCRIPT)
    check([verdict for _, verdict in wanted] == ["UP", "DOWN", "UP", "DOWN", "UP"], f"{wanted}")
    told = changes_told(headrace)
    for name, (_, reason) in LIMPS.items():
        lines = told.get(name, [])
        check([line[0] for line in lines] == [verdict for _, verdict in wanted],
              f"{name}: {lines} instead of {wanted}")
        check([line[2] for line in lines] == [1, FALL, RISE, FALL, RISE], f"{name}: {lines}")
        check({line[1] for line in lines if line[0] == "DOWN"} == {reason}, f"{name}: {lines}")
    check(set(told) == set(LIMPS) | {"stagger", "steady"}, f"{sorted(told)}")
    for name in ("stagger", "steady"):
        check(len(told[name]) == 1 and told[name][0][0] == "UP", f"{name}: {told[name]}")
    for name, server in limping.items():
        seen = "".join("+" if one.what is server.usual else "-" for one in server.seen)
        check(seen.startswith(SCRIPT), f"{name} was asked otherwise: {seen}")


def watch_changes(headrace, limping):
    """Asks for the states until all scripts have ended; no state may come before its check has."""
    wanted = expected(SCRIPT)

    def look():
        before = {name: len(server.seen) for name, server in limping.items()}
        backends = headrace.backends()
        for name, server in limping.items():
            state, first, last = backends[f"limping/{name}"]["state"], before[name] - 1, len(server.seen)
            # The last check that has begun may have ended, or not.
            possible = {"checking"} if first < 1 else set()
            for number in range(max(1, first), last + 1):
                possible |= {[verdict for at, verdict in wanted if at <= number][-1].lower()}
            check(state in possible, f"{name} is {state} at check {first} to {last}: {wanted}")
        return all(len(server.seen) > len(SCRIPT) + 1 for server in limping.values())
    wait_for(look, "the scripts to end", 30)


def gaps_hold(name, gaps):
    """Other checks' timing: each comes an interval after the one before, give or take the jitter."""
    check(len(gaps) > 15, f"{name}: too few checks: {len(gaps)}")
    low, high = INTERVAL - JITTER - LATE, INTERVAL + JITTER + LATE
    check(all(low < gap < high for gap in gaps),
          f"{name}: gaps from {min(gaps) * 1e3:.0f} to {max(gaps) * 1e3:.0f} ms")
    return f"{name} {min(gaps) * 1e3:.0f}-{max(gaps) * 1e3:.0f} ms"


def story(lab):
    """Six ways to limp by one script, one that resets every second check, and three good ones."""
    world = two_arms(lab, backends=2)
    b1, b2 = world.backends
    servers = scripted.Servers(lab)
    usual = well()
    limping = {}
    for port, (name, (limp, _)) in enumerate(LIMPS.items(), 9001):
        limping[name] = servers.add(b1, port, usual=usual)
        limping[name].script.extend(usual if sign == "+" else limp for sign in SCRIPT)
    others = {"stagger": servers.add(b1, 9101), "steady": servers.add(b1, 9102)}
    others["stagger"].script.extend([usual, scripted.reset] * 200)
    good = {"http": servers.add(b2, 9201), "tcp": servers.add(b2, 9202)}
    vips = world.service_addresses
    headrace = world.headrace(
        world.service("limping", "full-nat", vips[0], health_check=CHECK,
                      backends=backends_of(b1, {**limping, **others})),
        *(world.service(name, "full-nat", vip, backends=backends_of(b2, {name: good[name]}),
                        health_check={"type": name, "interval": "400ms", "timeout": "250ms"})
          for name, vip in zip(good, vips[1:])))
    began = time.monotonic()
    headrace.start_controlplane()
    headrace.start_dataplane()
    wait_for(headrace.running, "the dataplane to take the tables", 30)
    watch_changes(headrace, limping)
    count_exactly(headrace, limping)
    # A new backend is asked at once, not at its moment: the first two gaps are others.
    spans = [gaps_hold(name, server.gaps()[2:])
             for name, server in {**good, "steady": others["steady"]}.items()]
    quick = [gap for gap in others["stagger"].gaps() if gap < INTERVAL / 2]
    check(len(quick) > 10, f"fast_interval was not: {others['stagger'].gaps()}")
    check(all(gap > FAST / 4 for gap in quick), f"sooner than fast_interval: {min(quick)}")
    lab.notes.append(f"{sum(len(s.seen) for s in limping.values())} checks of limping servers in "
                     f"{time.monotonic() - began:.1f} s; gaps of the others: {', '.join(spans)}")
