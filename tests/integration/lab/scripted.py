# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors

"""Servers that do what a script says, connection by connection, and note what they saw.

A behaviour is a function behaviour(connection) that is awaited; the ones here
answer well, late, slowly, wrongly, half or not at all. All servers of a lab
run in one thread, so that none can hold up another.
"""

import asyncio
import collections
import socket
import struct
import threading
import time

from .addressing import socket_family

ANSWER = "HTTP/1.1 {status} As Told\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"

# A connection that came: when, what was done with it, and the head of its request ("": none came).
Seen = collections.namedtuple("Seen", "time what request")


class Connection:
    """One connection of one server."""

    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer
        self.request = ""

    async def ask(self):
        """Reads the request's head."""
        self.request = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1")

    async def answer(self, text):
        """Sends some of an answer."""
        self.writer.write(text)
        await self.writer.drain()

    def reset(self):
        """Ends it with a RST instead of a FIN."""
        self.writer.get_extra_info("socket").setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


def page(status=200, body="well\n"):
    """The bytes of an answer."""
    return (ANSWER.format(status=status, length=len(body)) + body).encode()


def well(status=200, body="well\n", after=0.0):
    """Answers, at once or after a while."""
    async def behave(connection):
        await connection.ask()
        await asyncio.sleep(after)
        head_only = connection.request.startswith("HEAD ")
        answer = page(status, body)
        await connection.answer(answer[:-len(body)] if head_only and body else answer)
    return behave


async def silent(connection):
    """Takes the request and never says a word, until the other side goes."""
    await connection.ask()
    await connection.reader.read()


async def babble(connection):
    """Answers before anything was asked, whatever the language."""
    await connection.answer(page())
    await connection.reader.read()


async def trickle(connection):
    """Answers one byte a second."""
    await connection.ask()
    for byte in page():
        await connection.answer(bytes([byte]))
        await asyncio.sleep(1)


async def reset(connection):
    """Resets as soon as the request is there."""
    await connection.ask()
    connection.reset()


async def half(connection):
    """Resets in the middle of its answer."""
    await connection.ask()
    await connection.answer(page()[:-2])
    connection.reset()


def push(piece, every):
    """Sends a piece now and then, unasked, until nobody listens any more."""
    async def behave(connection):
        while True:
            await connection.answer(piece)
            await asyncio.sleep(every)
    return behave


def measure(times, pause):
    """Reads to the end, then says several times how much it was, after a pause each."""
    async def behave(connection):
        length = len(await connection.reader.read())
        for _ in range(times):
            await asyncio.sleep(pause)
            await connection.answer(f"{length}\n".encode())
    return behave


class Server:
    """A server at one address and port. While it is shut its port refuses."""

    def __init__(self, servers, namespace, address, port, usual, tls):
        self.servers, self.namespace = servers, namespace
        self.address, self.port = address, port
        self.usual = usual            # what it does when its script has ended
        self.script = collections.deque()
        self.seen = []                # Seen, in the order in which they came
        self.open_connections = 0
        self.tls = tls
        self.listening = None

    def times(self, since=0.0):
        """When connections came."""
        return [one.time for one in list(self.seen) if one.time >= since]

    def gaps(self, since=0.0):
        """Seconds from each connection to the next."""
        times = self.times(since)
        return [later - earlier for earlier, later in zip(times, times[1:])]

    def open(self):
        """Listens."""
        own = self.namespace.socket(socket_family(self.address), socket.SOCK_STREAM)
        own.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        own.bind((self.address, self.port))
        self.listening = self.servers.call(
            asyncio.start_server(self._serve, sock=own, ssl=self.tls, backlog=1024))

    def shut(self):
        """Listens no more."""
        async def close():
            self.listening.close()
        self.servers.call(close())

    async def _serve(self, reader, writer):
        came = time.monotonic()
        behave = self.script.popleft() if self.script else self.usual
        connection = Connection(reader, writer)
        self.open_connections += 1
        place = len(self.seen)
        self.seen.append(Seen(came, behave, ""))
        try:
            await behave(connection)
        except (OSError, asyncio.IncompleteReadError):
            pass  # a check by TCP, or one that has given up
        finally:
            self.seen[place] = Seen(came, behave, connection.request)
            self.open_connections -= 1
            writer.close()


class Servers:
    """All scripted servers of a lab, in a thread of their own."""

    def __init__(self, lab):
        self.loop = asyncio.new_event_loop()
        self.loop.set_exception_handler(lambda loop, context: None)
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        lab.defer(self.close)

    def call(self, coroutine):
        """Runs something in the servers' thread to its end."""
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(10)

    def add(self, namespace, port, address=None, usual=None, tls=None):
        """A server that listens from now on."""
        server = Server(self, namespace, address or namespace.address, port, usual or well(), tls)
        server.open()
        return server

    def close(self):
        """Ends all of them."""
        async def cancel():
            everything = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
            for task in everything:
                task.cancel()
            await asyncio.gather(*everything, return_exceptions=True)
        self.call(cancel())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)
        self.loop.close()
