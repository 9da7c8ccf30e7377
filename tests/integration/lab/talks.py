# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors

"""Connections that must not notice what happens on the way: each says what it sent and what came back.

The far end is an echo (serve_echo). All of a lab's connections move in one thread.
"""

import asyncio
import os
import re
import socket
import threading
import time

from .addressing import socket_family
from .scripted import Servers
from .waiting import wait_for

PORT = 7000


async def echo(connection):
    """A behaviour: everything comes back."""
    while data := await connection.reader.read(1 << 16):
        await connection.answer(data)


def serve_echo(world, port=PORT):
    """An echo by TCP on each backend."""
    servers = Servers(world.lab)
    for backend in world.backends:
        servers.add(backend, port, usual=echo)


def taken_over(headrace):
    """What the dataplane said of the flows: how many were taken over, how many dropped."""
    said = wait_for(lambda: re.search(r"(\d+) flows taken over .* ms, (\d+) dropped(.*)",
                                      headrace.dataplane.errors()), "flows to be taken over")
    return int(said.group(1)), int(said.group(2)), said.group(3)


class Talks:
    """Connections of a client, of which some speak all the time and the others when asked to."""

    def __init__(self, client):
        self.client = client
        self.streams = []  # (reader, writer)
        self.moving = []
        self.stopping = False
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        client.lab.defer(self.close)

    def _call(self, coroutine, seconds):
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(seconds)

    def open(self, address, port, count, every=None):
        """So many connections more; those with `every` send 256 bytes each `every` seconds."""
        for _ in range(count):
            own = self.client.socket(socket_family(address), socket.SOCK_STREAM)
            own.settimeout(5)
            own.connect((address, port))
            own.setblocking(False)
            stream = self._call(asyncio.open_connection(sock=own), 5)
            self.streams.append(stream)
            if every:
                self.moving.append(asyncio.run_coroutine_threadsafe(self._move(stream, every), self.loop))

    @staticmethod
    async def _exchange(stream, size):
        reader, writer = stream
        data = os.urandom(size)
        writer.write(data)
        await writer.drain()
        if await reader.readexactly(size) != data:
            raise ValueError("other bytes came back than were sent")

    async def _move(self, stream, every):
        exchanges = 0
        while not self.stopping:
            await self._exchange(stream, 256)
            exchanges += 1
            await asyncio.sleep(every)
        return exchanges

    def still(self, seconds=60):
        """Lets the moving ones come to rest; how many exchanges each had. Raises when one failed."""
        self.stopping = True
        exchanges = [one.result(seconds) for one in self.moving]
        self.moving = []
        return exchanges

    def check(self, size=4096, seconds=60):
        """Every connection, the moving ones at rest, sends so many bytes and gets them back."""
        async def all_of_them():
            await asyncio.gather(*(self._exchange(stream, size) for stream in self.streams))
        self._call(all_of_them(), seconds)

    def count_lost(self, size=4096, seconds=60):
        """How many of the connections, the moving ones at rest, do not get that back."""
        async def all_of_them():
            return await asyncio.gather(*(self._exchange(stream, size) for stream in self.streams),
                                        return_exceptions=True)
        return sum(outcome is not None for outcome in self._call(all_of_them(), seconds))

    def settle(self, *namespaces):
        """Waits until nothing that was sent, there or here, waits for its acknowledgement."""
        def at_rest():
            return not any(int(line.split()[1]) for namespace in (self.client, *namespaces)
                           for line in namespace.run("ss", "-tnH", "state", "established").splitlines())
        wait_for(at_rest, "connections to have nothing in flight")

    def close(self):
        """Ends all of them."""
        async def end():
            self.stopping = True
            for task in asyncio.all_tasks() - {asyncio.current_task()}:
                task.cancel()
            for _, writer in self.streams:
                writer.close()
        if not self.loop.is_closed():
            self._call(end(), 10)
            self.loop.call_soon_threadsafe(self.loop.stop)
            self.thread.join(10)
            self.loop.close()


class Ticker:
    """A datagram every millisecond to an echo; the longest time in which none came back."""

    def __init__(self, client, address, port):
        self.socket = client.socket(socket_family(address), socket.SOCK_DGRAM)
        self.socket.connect((address, port))
        self.socket.setblocking(False)
        self.arrivals = []
        self.sent = 0
        self.stopping = False
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _receive(self):
        try:
            while self.socket.recv(64):
                self.arrivals.append(time.monotonic())
        except OSError:
            pass  # nothing there; or that of an ICMP error, which the gap will show

    def _run(self):
        due = time.monotonic()
        while not self.stopping:
            try:
                self.socket.send(b"tick")
                self.sent += 1
            except OSError:
                pass
            self._receive()
            due = max(due + 0.001, time.monotonic() - 0.01)
            time.sleep(max(0.0, due - time.monotonic()))

    def stop(self):
        """Ends it; (longest gap in seconds, when it began)."""
        self.stopping = True
        self.thread.join(10)
        self.socket.close()
        gaps = [(later - earlier, earlier) for earlier, later in zip(self.arrivals, self.arrivals[1:])]
        return max(gaps, default=(float("inf"), 0.0))
