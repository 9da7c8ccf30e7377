# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors

"""The demo's last act: the configuration changed by REST while everything is loaded."""

import json
import time

from lab.watch import Watch

INTRODUCTION = """   The same load. b4 is added; b2 is drained (it keeps its connections and gets no new ones), then removed;
   a change that is wrong is refused. All of it in pool web, which is IPv4's. Expected: 0 failed, whatever is
   changed.
"""
BACKENDS = "/v1/pools/web/backends"


class Api:
    """curl, as an operator would type it; shown, with what it answers."""

    def __init__(self, demo):
        self.demo = demo

    def __call__(self, method, path, body=None):
        words = ["curl", "-sS", "--unix-socket", self.demo.headrace.run_dir / "api.sock",
                 "-X", method, "-w", "\n%{http_code}", f"http://headrace{path}"]
        shown = f"curl --unix-socket api.sock -X {method} http://headrace{path}"
        if body is not None:
            words += ["-H", "Content-Type: application/json", "-d", json.dumps(body)]
            shown += f" \\\n        -H 'Content-Type: application/json' -d '{json.dumps(body)}'"
        self.demo.screen.say(f"\n   $ {shown}")
        text, _, status = self.demo.headrace.namespace.run(*words).strip().rpartition("\n")
        answer = json.loads(text) if text else {}
        told = [f"revision {answer['revision']}"] if "revision" in answer else []
        told += [answer["detail"]] if "detail" in answer else []
        told += [f"{error['pointer']}: {error['detail']}" for error in answer.get("errors", ())]
        self.demo.screen.say("\n   ".join([f"{status} {told[0] if told else ''}".strip(), *told[1:]]))
        return int(status)


def _expect(demo, status, wanted, what):
    if status != wanted:
        demo.problems.append(f"{what}: the API answered {status}, not {wanted}")


def changed_live(demo):
    """Adds b4, drains and removes b2, tries a wrong change; judges that nothing failed."""
    say, api, headrace = demo.screen.say, Api(demo), demo.headrace
    demo.screen.heading("4. Changed while it runs: by REST, under load")
    say(INTRODUCTION)
    loads = demo.start_loads()
    watch = Watch(demo.screen, loads)
    watch.note(1.5)

    b4 = demo.world.backends[3]
    _expect(demo, api("POST", BACKENDS, {"name": b4.name, "address": b4.addresses[4], "port": 8080}), 201,
            "adding b4")
    watch.until(lambda: headrace.backends()["web/b4"]["state"] == "up" and headrace.running(),
                "b4 to be up")
    added = time.monotonic()
    watch.note(2)
    _expect(demo, api("PATCH", f"{BACKENDS}/b2", {"admin": "drain"}), 200, "draining b2")
    drained = time.monotonic()
    watch.note(2)
    _expect(demo, api("DELETE", f"{BACKENDS}/b2"), 204, "removing b2")
    watch.note(2)
    demo.show_backends()
    _expect(demo, api("PATCH", f"{BACKENDS}/b3", {"weight": 70000}), 400, "a wrong change")
    watch.note(1)

    for service, pair in loads.items():
        shares = [watch.share_since(service, *what) for what in (
            ("b4", added), ("b2", drained), ("b2", drained, 1))]
        results = [load.stop() for load in pair]
        demo.row("changed by REST", service, results)
        failed = sum(result["failed"] for result in results)
        if failed:
            demo.problems.append(f"changed by REST, {service}: {failed} failed: {results}")
        if service == "ipv6":
            continue
        if not 0.1 < shares[0] < 0.6:
            demo.problems.append(f"b4, added, answers {shares[0]:.0%} of {service}'s new connections")
        if shares[1] > 0 or shares[2] == 0:
            demo.problems.append(f"b2, drained, answers {shares[1]:.0%} of {service}'s new connections, "
                                 f"{shares[2]:.0%} of its kept ones")
