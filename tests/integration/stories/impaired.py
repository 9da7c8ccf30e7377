# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors
"""TCP over a bad wire: one frame of twenty is lost, one comes late, one comes twice. The same bytes?

    client -- hop -- wan [headrace] lan -------- switch ---- b1 b2 b3     and the hop
    client --------- wan [headrace] lan -- hop -- switch ---- b1 b2 b3    on the other side

A download and an upload at once by each mode and family.
"""

import hashlib
import os
import socket
import threading
import time

from lab import check, check_law, two_arms
from lab.addressing import LAN, LOCAL, WAN, BALANCER, socket_family
from lab.scripted import Servers

MEGABYTES = 10
SECONDS = 120
IMPAIRMENTS = {"drop": 5, "reorder": 5, "duplicate": 5, "seed": 6}
PORT = 7000
AT_A_TIME = 1 << 18


def sha256(data):
    """Digest of bytes."""
    return hashlib.sha256(data).hexdigest()


def keeper(content):
    """A behaviour: a line that says "get" is answered with the content, "put" with the digest of what follows."""
    async def behave(connection):
        if await connection.reader.readline() == b"get\n":
            for at in range(0, len(content), AT_A_TIME):
                await connection.answer(content[at:at + AT_A_TIME])
            return
        digest = hashlib.sha256()
        while data := await connection.reader.read(AT_A_TIME):
            digest.update(data)
        await connection.answer(digest.hexdigest().encode())
    return behave


def read_all(connection):
    """Digest and size of what comes until the other side ends it."""
    size, digest = 0, hashlib.sha256()
    while data := connection.recv(AT_A_TIME):
        digest.update(data)
        size += len(data)
    return digest.hexdigest(), size


class Transfer:
    """One connection in a thread of its own; wrong is what went wrong, or empty."""

    def __init__(self, client, address, what, content):
        self.name = f"{what} {address}"
        self.wrong = "did not end"
        self.connection = client.socket(socket_family(address), socket.SOCK_STREAM)
        self.connection.settimeout(SECONDS)
        self.thread = threading.Thread(target=self._run, args=(address, what, content), daemon=True)
        self.thread.start()

    def _run(self, address, what, content):
        try:
            with self.connection as connection:
                connection.connect((address, PORT))
                connection.sendall(what.encode() + b"\n")
                if what == "get":
                    digest, size = read_all(connection)
                else:
                    connection.sendall(content)
                    connection.shutdown(socket.SHUT_WR)
                    digest, size = connection.recv(64).decode(), len(content)
            right = digest == sha256(content)
            self.wrong = "" if right else f"{size} of {len(content)} bytes, and they differ"
        except OSError as error:
            self.wrong = str(error)


def retry_soon(world):
    """What is lost twice is sent again after 20 ms, not 200: the wire is short, and the suite waits for it."""
    for family in world.families:
        world.client.ip(f"route change default via {WAN[family].format(BALANCER)} rto_min 20ms")
        for backend in world.backends:
            backend.ip(f"route change default via {LAN[family].format(BALANCER)} rto_min 20ms",
                       f"route add {LAN[family].format(LOCAL)} dev eth0 rto_min 20ms")


def transfers(lab, hop, megabytes=MEGABYTES):
    """Everything at once through one bad wire."""
    world = two_arms(lab, family=6, hop=hop)
    retry_soon(world)
    content = os.urandom(megabytes << 20)
    servers = Servers(lab)
    for backend in world.backends:
        for address in backend.addresses.values():
            servers.add(backend, PORT, address, usual=keeper(content))
    world.hop.start(**IMPAIRMENTS)
    services = [world.service(f"{forwarding}-{family}", forwarding, world.services_of(family)[number],
                              port=PORT, backend_port=PORT, health_check={"type": "none"})
                for family in world.families for number, forwarding in enumerate(("dnat", "full-nat"))]
    headrace = world.headrace(*services)
    headrace.start()

    began = time.monotonic()
    started = [Transfer(world.client, service["addresses"][0], what, content)
               for service in services for what in ("get", "put")]
    for transfer in started:
        transfer.thread.join(max(0.0, began + SECONDS - time.monotonic()))
    wrong = [f"{transfer.name}: {transfer.wrong}" for transfer in started if transfer.wrong]
    seconds = time.monotonic() - began
    check(not wrong, "; ".join(wrong))
    check_law(headrace)
    counts = world.hop.stop()
    for what in ("dropped", "reordered", "duplicated"):
        share = counts[what] / counts["received"]
        check(0.04 < share < 0.06, f"{what} were {100 * share:.1f} %: {counts}")
    lab.notes.append(f"{len(started)} x {megabytes} MB in {seconds:.1f} s; of {counts['received']:,} frames the hop "
                     f"dropped {counts['dropped']:,}, reordered {counts['reordered']:,}, "
                     f"sent twice {counts['duplicated']:,}")


def story_client_side(lab):
    """The hop in the client's link."""
    transfers(lab, "client")


def story_backend_side(lab):
    """The hop between balancer and backends."""
    transfers(lab, "backends")
