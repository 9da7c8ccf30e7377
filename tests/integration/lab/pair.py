# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors

"""The control planes of two nodes, each in a namespace, spoken to by TCP with a token as one another does.

    a 192.0.2.1 eth1 ---- eth1 192.0.2.2 b
"""

import contextlib
import copy
import http.client
import os
import signal

from .headrace import Headrace
from .prometheus import Metrics
from .topology import Namespace, link

TOKEN = "0123456789abcdef-of-the-pair"
PORT = 7117


class Node(Headrace):
    """One of the two. What both have in common is one configuration; `api` is the same, so there is no
    socket in the run directory."""

    def __init__(self, lab, number, shared):
        name = "ab"[number]
        self.address, self.token = f"192.0.2.{number + 1}", TOKEN
        self.token_file = lab.directory / "token"
        node = {"id": number, "name": name, "peer_api": f"192.0.2.{2 - number}:{PORT}"}
        super().__init__(lab, Namespace(lab, name), {"node": node, **copy.deepcopy(shared)}, name)
        lab.defer(self.kill_vrrp)

    def write_token(self, text, mode=0o600):
        """Makes the token's file, which is read when a control plane starts."""
        self.token_file.write_text(text, encoding="ascii")
        self.token_file.chmod(mode)

    def connection(self, to="127.0.0.1"):
        """To the API of this node, or of another, from here."""
        with self.namespace.inside():
            connection = http.client.HTTPConnection(to, PORT, timeout=5)
            connection.connect()
        return connection

    def request(self, method, path, body=None, headers=None, connection=None):
        mine = connection or self.connection()
        headers = {"Authorization": f"Bearer {self.token}", **(headers or {})}
        try:
            return super().request(method, path, body, headers, mine)
        finally:
            if connection is None:
                mine.close()

    def command(self, *words):
        mine = self.lab.directory / f"{self.name}.token"  # that it started with
        mine.touch(0o600)
        mine.write_text(self.token, encoding="ascii")
        return self.namespace.run(self.lab.program("headrace"), "--api", f"http://127.0.0.1:{PORT}",
                                  "--token-file", mine, *words)

    def complete(self, *words):
        """What bash may complete the last of the words to."""
        mine = self.lab.directory / f"{self.name}.token"
        return self.namespace.run(self.lab.program("headrace"), "__complete", "--api",
                                  f"http://127.0.0.1:{PORT}", "--token-file", mine, *words).split()

    def answers(self):
        """Does its API answer?"""
        if self.controlplane.ended():
            raise RuntimeError(f"{self.controlplane.name} ended: {self.controlplane.tail()}")
        return self.status() is not None

    def metrics(self):
        """GET /metrics."""
        connection = self.connection()
        try:
            connection.request("GET", "/metrics", headers={"Authorization": f"Bearer {self.token}"})
            return Metrics(connection.getresponse().read().decode("utf-8"))
        finally:
            connection.close()

    def stop_controlplane(self):
        """The clean stop, headrace-vrrp included."""
        return self.controlplane.stop()

    def peer(self):
        """What it says of the other node."""
        return self.status()["peer"]

    def group(self, name="main"):
        """What it says of a VRRP group."""
        return self.get(f"/v1/vrrp_groups/{name}")

    def kill_vrrp(self):
        """kill -9 of headrace-vrrp, which outlives who started it."""
        with contextlib.suppress(OSError, ValueError):
            os.kill(int((self.run_dir / "vrrp.lock").read_text(encoding="ascii")), signal.SIGKILL)


def pair(lab, **shared):
    """Both nodes, wired and not started; `shared`: sections of their configuration."""
    nodes = [Node(lab, number, {"api": {"listen": [f"0.0.0.0:{PORT}"], "token_file": str(lab.directory / "token")},
                                **shared}) for number in (0, 1)]
    nodes[0].write_token(TOKEN)
    link(nodes[0].namespace, "eth1", nodes[1].namespace, "eth1")
    for node in nodes:
        node.namespace.ip(f"addr add {node.address}/24 dev eth1")
    return nodes
