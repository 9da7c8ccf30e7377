# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors

"""Headrace itself: both programs in the balancer's namespace, their API, their command line."""

import collections
import http.client
import json
import os
import signal
import socket
import urllib.parse

from .waiting import wait_for


class Refused(Exception):
    """The API answered with an error."""


Answer = collections.namedtuple("Answer", "status body headers")
Answer.__doc__ = "What the API answered: the JSON of the body (None: empty), headers by lower-case name."


class UnixConnection(http.client.HTTPConnection):
    """HTTP over a unix socket."""

    def __init__(self, path):
        super().__init__("headrace", timeout=5)
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Headrace:
    """One load balancer. Its run directory, sockets and logs lie in the lab's directory."""

    def __init__(self, lab, namespace, config, name="headrace"):
        self.lab = lab
        self.namespace = namespace
        self.name = name
        self.config = config
        self.options = []  # of the dataplane
        self.cards = None  # its ports', where they are no interfaces
        self.run_dir = lab.directory / name
        self.run_dir.mkdir()
        self.config_file = lab.directory / f"{name}.json"
        self.write_config()
        self.dataplane = None
        self.controlplane = None
        self.starts = 0

    def write_config(self, text=None):
        """Writes the configuration file: self.config, or any text."""
        if self.lab.workers > 1 and "workers" not in self.config.get("dataplane", {}):
            self.share_out(self.lab.workers)
        self.config_file.write_text(text if text is not None else json.dumps(self.config, indent=2),
                                    encoding="utf-8")

    def share_out(self, workers):
        """So many workers, on the CPUs there are in turn: several may share one."""
        cpus = sorted(os.sched_getaffinity(0), reverse=True)
        self.config.setdefault("dataplane", {}).update(
            workers=workers, cores=[cpus[i % len(cpus)] for i in range(workers)])

    def _spawn(self, program, path=None, options=()):
        self.starts += 1
        return self.namespace.spawn(
            f"{self.name}-{self.starts}-{program.removeprefix('headrace-')}",
            [path or self.lab.program(program), "--run-dir", self.run_dir, "--config", self.config_file,
             *options])

    def start_dataplane(self, path=None):
        """Starts the dataplane (or another program as it); does not wait."""
        options = ["--assert-owners"] if self.lab.workers > 1 and not path else []
        self.dataplane = self._spawn("headrace-dataplane", path, options + self.options)
        if self.cards:
            self.cards.follow(self.dataplane)

    def start_controlplane(self, path=None):
        """Starts the control plane (or another program as it); does not wait."""
        self.controlplane = self._spawn("headrace-controlplane", path)

    def start(self, backends_up=None, seconds=30):
        """Starts both, the control plane first, and waits until it balances."""
        self.start_controlplane()
        self.start_dataplane()
        self.wait_ready(backends_up, seconds)

    def start_on_tables(self, backends_up=None, seconds=30):
        """As start(), but the dataplane finds tables: a port that is a file has none to wait for, and gives its packets at once."""
        self.start_controlplane()
        wait_for(lambda: self.controlplane.errors() and self.status()["generation"]["published"] > 0,
                 "the tables to be published")
        self.start_dataplane()
        self.wait_ready(backends_up, seconds)

    def stop(self):
        """Stops both cleanly; returns their exit statuses, dataplane first."""
        return self.dataplane.stop(), self.controlplane.stop()

    def request(self, method, path, body=None, headers=None, connection=None):
        """One request to the API, whatever its outcome. A body that is no bytes is sent as JSON.
        A connection (UnixConnection) given is left open."""
        mine = connection or UnixConnection(self.run_dir / "api.sock")
        headers = dict(headers or {})
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        if body is not None:
            headers.setdefault("Content-Type", "application/json")
        try:
            mine.request(method, path, body, headers)
            answer = mine.getresponse()
            text = answer.read()
        except http.client.HTTPException as error:
            raise OSError(f"{method} {path}: {error!r}") from error
        finally:
            if connection is None:
                mine.close()
        headers = {name.lower(): value for name, value in answer.getheaders()}
        if headers.get("content-type") == "application/x-ndjson":
            return Answer(answer.status, [json.loads(line) for line in text.splitlines()], headers)
        return Answer(answer.status, json.loads(text) if text else None, headers)

    def get(self, path):
        """GET of the API; the JSON it answers."""
        answer = self.request("GET", path)
        if answer.status != 200:
            raise Refused(f"GET {path}: {answer.status} {answer.body}")
        return answer.body

    def change(self, method, path, body=None, **headers):
        """A change by the API (headers: if_match=...); raises Refused when it is refused."""
        answer = self.request(method, path, body,
                              {name.replace("_", "-"): value for name, value in headers.items()})
        if answer.status not in (200, 201, 204):
            raise Refused(f"{method} {path}: {answer.status} {answer.body}")
        return answer

    def flows(self, **filters):
        """The flows that fit, as /v1/flows lists them."""
        return self.get("/v1/flows?" + urllib.parse.urlencode(filters))

    def status(self):
        """GET /v1/status."""
        return self.get("/v1/status")

    def backends(self):
        """Every backend by "pool/backend"."""
        return {f"{pool['name']}/{backend['name']}": backend
                for pool in self.get("/v1/pools")["pools"] for backend in pool["backends"]}

    def services(self):
        """Every service by its name."""
        return {service["name"]: service for service in self.get("/v1/services")["services"]}

    def command(self, *words):
        """The command line, as a person would use it; returns what it prints."""
        return self.namespace.run(self.lab.program("headrace"), "--run-dir", self.run_dir, *words)

    def running(self):
        """Has a living dataplane taken the last generation published, and does that say all there is to say?"""
        for process in (self.dataplane, self.controlplane):
            if process and process.ended():
                raise RuntimeError(f"{process.name} ended: {process.tail()}")
        status = self.status()
        generation = status["generation"]
        return status["dataplane"]["running"] and status["dataplane"]["state"] == "running" and \
            generation["published"] > 0 and generation["taken"] == generation["published"] and \
            not generation["pending"] and \
            (self.cards is None or self.cards.connected())

    def wait_ready(self, backends_up=None, seconds=30):
        """Waits until it forwards: tables taken, and every configured backend (or so many) up."""
        wait_for(self.running, "the dataplane to run and take the tables", seconds)

        def ready():
            states = [backend["state"] for backend in self.backends().values()
                      if backend["state"] != "removed"]
            wanted = len(states) if backends_up is None else backends_up
            return states.count("up") == wanted and "checking" not in states and self.running()
        wait_for(ready, "the backends to be up and the tables that say so to be taken", seconds)

    def wait_next_hops(self):
        """Waits until the MAC of each backend's next hop is known, and the dataplane knows it too."""
        wait_for(lambda: all(backend["next_hop"] for backend in self.backends().values()) and self.running(),
                 "the backends' MACs to be taken")

    def wait_state(self, backend, state, seconds=20):
        """Waits until a backend ("pool/backend") is up, down, ... and the dataplane knows."""
        wait_for(lambda: self.backends()[backend]["state"] == state and self.running(),
                 f"{backend} to be {state}", seconds)

    def reload(self):
        """SIGHUP to the control plane."""
        self.controlplane.signal(signal.SIGHUP)
