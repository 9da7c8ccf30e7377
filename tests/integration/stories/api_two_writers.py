# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors
"""Two writers with If-Match: 10,000 attempts, and no update of one is lost by the other's.

    client ---- wan [headrace] lan ---- switch ---- b1    (nothing serves on b1)
"""

import json
import threading

from lab import check, two_arms, wait_for
from lab.headrace import UnixConnection

ATTEMPTS = 10000
MODULUS = 1001  # weights are 0 to 1000


class Writer(threading.Thread):
    """Adds 1 to the weight of b1, again and again: reads, adds, writes if nobody did meanwhile."""

    def __init__(self, headrace, attempts):
        super().__init__()
        self.headrace, self.attempts = headrace, attempts
        self.made = self.stale = 0
        self.wrong = None

    def _attempt(self, connection):
        read = self.headrace.request("GET", "/v1/config", connection=connection)
        backend = read.body["services"][0]["backends"][0]
        backend["weight"] = (backend["weight"] + 1) % MODULUS
        wrote = self.headrace.request("PUT", "/v1/config", read.body,
                                      {"If-Match": read.headers["etag"]}, connection)
        if wrote.status == 200:
            self.made += 1
        elif wrote.status == 412:
            self.stale += 1
        else:
            raise OSError(f"{wrote}")

    def run(self):
        connection = UnixConnection(self.headrace.run_dir / "api.sock")
        try:
            for _ in range(self.attempts):
                self._attempt(connection)
        except (OSError, ValueError, KeyError) as error:
            self.wrong = repr(error)
        finally:
            connection.close()


def story(lab):
    """What stands is the sum of what was answered with 200, and each of those is one revision."""
    world = two_arms(lab, backends=1)
    headrace = world.headrace(world.service("web", "dnat", weights=[0]))
    headrace.start(backends_up=0)
    before = headrace.status()["revision"]
    writers = [Writer(headrace, ATTEMPTS // 2) for _ in range(2)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    for writer in writers:
        check(writer.wrong is None, f"a writer gave up: {writer.wrong}")
    made, stale = sum(w.made for w in writers), sum(w.stale for w in writers)
    check(made + stale == ATTEMPTS and made > ATTEMPTS // 4, f"{made} made, {stale} refused")
    check(stale > 100, f"the writers hardly met: {stale} of {ATTEMPTS} refused")
    weight = headrace.get("/v1/config")["services"][0]["backends"][0]["weight"]
    check(weight == made % MODULUS, f"{made} updates were answered with 200, but {weight} stands")
    saved = json.loads(headrace.config_file.read_text(encoding="utf-8"))
    check(saved["services"][0]["backends"][0]["weight"] == weight, "the file says something else")
    revision = headrace.status()["revision"]
    check(saved["revision"] == revision == before + made, f"{made} made: {before} to {revision}")
    wait_for(headrace.running, "the last of them to be taken")
    lab.notes.append(f"{made} updates made, {stale} refused with 412")
