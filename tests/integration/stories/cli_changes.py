# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors
"""Changes by the command line: what it prints, what it exits with, what bash completes.

    client ---- wan [headrace] lan ---- switch ---- b1 b2
"""

import json
import re
from pathlib import Path

from lab import check, serve_http, two_arms
from lab.processes import CommandFailed

ROOT = Path(__file__).resolve().parents[3]
TCP_PORT = 7117


def fails(status, words, run, *command, **options):
    """Runs what must exit with this status and say these words."""
    try:
        said = run(*command, **options)
    except CommandFailed as error:
        check(f": exit {status}: " in str(error) and re.search(words, str(error)), f"{error}")
        return
    check(False, f"{command} ended well, and said: {said}")


def apply_and_diff(headrace, file):
    """A file, compared, tried, applied; refused with its line when it is broken."""
    run = headrace.command
    document = json.loads(run("show", "config"))
    check(document == headrace.get("/v1/config"), "show config is not the document")
    check(run("diff", headrace.config_file) == "no difference\n", "the file that runs differs")
    document["services"][0]["backends"][1]["weight"] = 25
    document["services"][0]["backends"].append(
        {"name": "b3", "address": "10.0.0.13", "port": 8080, "weight": 0})
    file.write_text(json.dumps(document, indent=2), encoding="utf-8")
    for command in (("diff", file), ("apply", file, "--dry-run")):
        said = run(*command)
        check("~ service web / backend b2 / weight: 100 -> 25\n" in said
              and re.search(r"^\+ service web / backend b3: \{.*\"10\.0\.0\.13\"", said, re.M)
              and re.search(r"^service web: \d+\.\d % of new flows would meet another backend$", said, re.M),
              f"{command}: {said}")
    check(headrace.get("/v1/config") != document, "a dry run changed something")
    told = json.loads(run("diff", "--json", file))
    check([change["op"] for change in told["changes"]] == ["change", "add"]
          and 0.1 < told["moves"][0]["share"] < 0.6, f"{told}")

    moved = json.loads(json.dumps(headrace.get("/v1/config")))
    moved["services"][0]["hash_on"] = "address"
    file_of_moved = file.with_name("moved.json")
    file_of_moved.write_text(json.dumps(moved), encoding="utf-8")
    told = json.loads(run("diff", "--json", file_of_moved))
    check(0.4 < told["moves"][0]["share"] < 0.6, f"another hash moves half the clients: {told}")
    moved["services"][0].pop("hash_on")
    moved["pools"] = [{"name": "other", "backends": moved["services"][0].pop("backends")[1:],
                       "health_check": moved["services"][0].pop("health_check")}]
    moved["services"][0]["pool"] = "other"
    file_of_moved.write_text(json.dumps(moved), encoding="utf-8")
    told = json.loads(run("diff", "--json", file_of_moved))
    check(0.4 < told["moves"][0]["share"] < 0.6, f"another pool has half the backends: {told}")

    etag = headrace.request("GET", "/v1/config").headers["etag"]
    fails(1, "412", run, "apply", file, "--if-match", '"another"')
    said = run("apply", file, "--if-match", etag)
    check(said == f"applied: revision {headrace.status()['revision']}\n", said)
    check(headrace.get("/v1/config") == document, "apply did not")
    said = run("apply", file)
    check(said.startswith("unchanged: revision "), said)
    answer = json.loads(run("apply", "--json", file))
    check(answer["revision"] == headrace.status()["revision"], f"{answer}")
    document["dataplane"]["flows_per_worker"] = 100000
    headrace.namespace.run(headrace.lab.program("headrace"), "--run-dir", headrace.run_dir,
                           "apply", "-", stdin=json.dumps(document))
    check(headrace.get("/v1/config") == document, "apply - did not read its input")
    said = run("show", "status")
    check("/dataplane/flows_per_worker" in said, f"nothing tells that a restart is needed: {said}")

    document["services"][0]["backends"][0]["weight"] = 100000
    file.write_text(json.dumps(document, indent=2), encoding="utf-8")
    fails(1, rf"{file}:\d+:\d+: /services/0/backends/0/weight: .*", run, "apply", file)
    file.write_text("{", encoding="utf-8")
    fails(1, rf"{file}:1:\d+: ", run, "apply", file)
    fails(1, "/nowhere cannot be read", run, "apply", "/nowhere")


def set_backend(headrace):
    """Weight and admin state of one backend or several."""
    run = headrace.command
    run("set", "backend", "web/b1", "web/b2", "--drain", "--weight", "7")
    for name in ("web/b1", "web/b2"):
        backend = headrace.backends()[name]
        check((backend["admin"], backend["weight"]) == ("drain", 7), f"{backend}")
    run("set", "backend", "web/b1", "--ready")
    check(headrace.backends()["web/b1"]["admin"] == "ready", "--ready did not")
    said = run("set", "backend", "web/b2", "--maint", "--dry-run")
    check("admin" in said and headrace.backends()["web/b2"]["admin"] == "drain", said)
    for status, words, command in (
            (1, "404.*there is no backend", ("web/b9", "--drain")),
            (1, "404.*there is no pool", ("none/b1", "--drain")),
            (1, "weight", ("web/b1", "--weight", "1001")),
            (2, "is no weight", ("web/b1", "--weight", "-1")),
            (2, "is no weight", ("web/b1", "--weight", "many")),
            (2, "choose one", ("web/b1", "--drain", "--maint")),
            (2, "needs --weight", ("web/b1",)),
            (2, "POOL/BACKEND", ("web", "--drain")),
            (2, "POOL/BACKEND", ("web/b1", "web", "--maint")),
            (2, "--if-match needs", ("web/b1", "--maint", "--if-match", "")),
            (2, "--if-match needs", ("web/b1", "--maint", "--if-match", " ")),
            (2, "--if-match goes with one", ("web/b1", "web/b2", "--maint", "--if-match", "*")),
            (1, "412", ("web/b1", "--maint", "--if-match", '"another"')),
            (2, "POOL/BACKEND", ("web/../b1", "--drain"))):
        fails(status, words, run, "set", "backend", *command)
    check("maint" not in {backend["admin"] for backend in headrace.backends().values()},
          "what was refused is done to some")


def usage(headrace):
    """2 for wrong usage, 3 for nobody there; by TCP as by the socket."""
    run = headrace.command
    for words in (("frobnicate",), ("apply",), ("apply", "a", "b"), ("set",), ("set", "service", "x"),
                  ("show",), ("show", "nonsense"), ("diff", "--limit"), ("--nonsense",), ()):
        fails(2, "Try headrace --help", run, *words)
    fails(3, "does headrace-controlplane run", run, "--socket", "/nowhere/api.sock", "show", "config")
    fails(3, "does headrace-controlplane run", run, "--api", "http://127.0.0.1:9", "show", "config")
    for url in (f"http://127.0.0.1:{TCP_PORT}", f"http://127.0.0.1:{TCP_PORT}/"):
        check(json.loads(run("--api", url, "show", "config")) == headrace.get("/v1/config"),
              f"the same by TCP: {url}")
    # Refused, since the name is not that of a loopback address.
    refused = ("--api", f"http://other.localhost:{TCP_PORT}", "show", "status")
    fails(1, r"headrace: refused \(403\)", run, *refused)
    fails(1, r'exit 1: {\s*"type": "about:blank"', run, *refused, "--json")


COMPLETE = """
source %(script)s
headrace() { %(program)s "$@"; }
COMP_LINE='%(line)s'
COMP_WORDS=(%(words)s); COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
_headrace
printf '%%s\\n' "${COMPREPLY[@]}"
"""


def completion(headrace, file):
    """bash knows the commands, the options, files and the names of the backends that run."""
    program = headrace.lab.program("headrace")

    def complete(*words):
        script = COMPLETE % {
            "script": ROOT / "config/completion/headrace.bash", "program": program,
            "line": " ".join(map(str, (program, *words))),
            # As bash takes a line apart: at "=" and ":" too.
            "words": " ".join(f"'{part}'" for word in (program, *words)
                              for part in re.findall("[:=]+|[^:=]+", str(word)) or [""])}
        return headrace.namespace.run("bash", "-c", script).split()
    here = ("--run-dir", headrace.run_dir)
    check(complete("a") == ["apply"] and complete("")[:3] == ["apply", "check", "diff"], "commands")
    check(complete("show", "s") == ["status", "services"], f"{complete('show', 's')}")
    check(complete("set", "") == ["backend"], "set")
    check(complete(*here, "set", "backend", "") == ["web/b1", "web/b2", "web/b3"],
          f"{complete(*here, 'set', 'backend', '')}")
    check(complete(*here, "set", "backend", "web/b1", "web/b2") == ["web/b2"], "a second backend")
    check(complete("set", "backend", "x", "--d") == ["--dry-run", "--drain"], "options")
    check(complete("apply", str(file)[:-3]) == [str(file)], "files")
    check(complete("--socket", "/nowhere", "set", "backend", "") == [], "nobody there")
    all_three = ["web/b1", "web/b2", "web/b3"]
    for where in (("--api", f"http://127.0.0.1:{TCP_PORT}"), (f"--api=http://127.0.0.1:{TCP_PORT}",),
                  (f"--run-dir={headrace.run_dir}",), (f"--socket={headrace.run_dir}/api.sock",)):
        check(complete(*where, "set", "backend", "") == all_three, f"{where}")
    said = complete(f"--run-dir={str(headrace.run_dir)[:-1]}")
    check(str(headrace.run_dir) in said, f"a directory: {said}")
    odd = file.with_name("a:b=c.json")
    odd.write_text("{}", encoding="utf-8")
    check(complete("apply", str(odd)[:-4]) == ["c.json"], f"{complete('apply', str(odd)[:-4])}")


def story(lab):
    """Every command that changes, in its good and its bad outcomes."""
    world = two_arms(lab, backends=2)
    serve_http(world.backends, log_requests=False)
    headrace = world.headrace(world.service("web", "dnat"))
    headrace.config["api"] = {"listen": [f"unix:{headrace.run_dir}/api.sock", f"127.0.0.1:{TCP_PORT}"]}
    headrace.write_config()
    headrace.start()
    file = lab.directory / "edited.json"
    apply_and_diff(headrace, file)
    set_backend(headrace)
    usage(headrace)
    completion(headrace, file)
