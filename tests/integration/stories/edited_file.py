# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors
"""A file under an editor and the API at once: nobody's work is lost without a word.

    client ---- wan [headrace] lan ---- switch ---- b1    (nothing serves on b1)
"""

import json

from lab import check, two_arms, wait_for
from lab.processes import CommandFailed

PATH = "/v1/pools/web/backends/b1"


class Editor:
    """A person who opened the configuration file some time ago."""

    def __init__(self, headrace):
        self.headrace = headrace
        self.open()

    def open(self):
        """Reads the file as it is now."""
        self.document = json.loads(self.headrace.config_file.read_text(encoding="utf-8"))

    def save(self, weight):
        """Writes what was read, with another weight of b1."""
        self.document["services"][0]["backends"][0]["weight"] = weight
        self.headrace.write_config(json.dumps(self.document, indent=4))

    def reload(self, words):
        """SIGHUP; waits for these words in the log, and returns what was said."""
        said = len(self.headrace.controlplane.errors())
        self.headrace.reload()
        wait_for(lambda: words in self.headrace.controlplane.errors()[said:],
                 f"\"{words}\" in the log; {self.headrace.controlplane.tail()}", 5)
        return self.headrace.controlplane.errors()[said:]


def refused(headrace, *words):
    """A command that is refused; returns what it says."""
    try:
        said = headrace.command(*words)
    except CommandFailed as error:
        check("exit 1:" in str(error), f"{error}")
        return str(error)
    return check(False, f"headrace {' '.join(map(str, words))} did it: {said}")


def story(lab):
    """Who read before another wrote is told so, with the remedy, and the remedy works."""
    world = two_arms(lab, backends=1)
    headrace = world.headrace(world.service("web", "dnat", weights=[1]))
    real = headrace.config_file.with_name("real.json")
    headrace.config_file.rename(real)
    headrace.config_file.symlink_to(real)
    headrace.start(backends_up=0)

    def weight():
        return headrace.backends()["web/b1"]["weight"]

    # An edit that was not read yet is in the way of the API.
    editor = Editor(headrace)
    editor.save(2)
    answer = headrace.request("PATCH", PATH, {"weight": 3})
    check(answer.status == 409 and "SIGHUP" in answer.body["detail"], f"{answer}")
    check(weight() == 1 and '"weight": 2' in real.read_text(encoding="utf-8"), "it was changed")
    editor.reload("read anew: revision")
    check(weight() == 2, "the edit was not read")
    headrace.change("PATCH", PATH, {"weight": 3})
    saved = real.read_text(encoding="utf-8")
    check(headrace.config_file.is_symlink() and saved.startswith('{\n  "revision": '), f"{saved[:50]}")

    # A copy from before the API's change is in the way of that change.
    editor.save(4)
    said = editor.reload("is not used")
    check("headrace diff" in said and "headrace apply --force" in said and weight() == 3, said)
    said = headrace.command("diff", headrace.config_file)
    check("weight: 3 -> 4" in said, said)
    said = refused(headrace, "apply", headrace.config_file)
    check(weight() == 3, said)
    headrace.command("apply", "--force", headrace.config_file)
    check(weight() == 4, "apply --force did not")

    # What the API saved, edited and read again, is a change like any other.
    editor.open()
    check(editor.document["revision"] == headrace.status()["revision"], "the file's revision")
    editor.save(5)
    editor.reload("read anew: revision")
    check(weight() == 5, "the edit was not read")
    editor.reload("it says what runs already")
    editor.save(6)
    refused(headrace, "set", "backend", "web/b1", "--weight", "7")
    headrace.change("PATCH", PATH + "?force=true", {"weight": 7})
    check(weight() == 7 and '"weight": 7' in real.read_text(encoding="utf-8"), "force=true")

    # A file that is gone is written again; what was answered last is what starts.
    real.unlink()
    headrace.change("PATCH", PATH, {"weight": 8})
    before = headrace.get("/v1/config"), headrace.status()["revision"]
    headrace.controlplane.kill()
    headrace.start_controlplane()
    wait_for(headrace.running, "the next control plane")
    check((headrace.get("/v1/config"), headrace.status()["revision"]) == before, "another document")
