# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors

"""Many bytes by TCP, one way, and the longest silence on the way: both ends are here."""

import os
import socket
import threading
import time

from .addressing import socket_family

PORT = 8080
PATIENCE = 5  # seconds of silence after which an end gives up


class Stalled(Exception):
    """Nothing came for too long."""


def _receive(connection, size):
    """So many bytes, and the longest time without any."""
    parts, left, longest, before = [], size, 0, time.monotonic()
    while left:
        try:
            part = connection.recv(min(left, 1 << 18))
        except socket.timeout as error:
            raise Stalled(f"{size - left} of {size} bytes came") from error
        if not part:
            raise Stalled(f"the connection ended after {size - left} of {size} bytes")
        now = time.monotonic()
        longest, before = max(longest, now - before), now
        left -= len(part)
        parts.append(part)
    return b"".join(parts), longest


class Bulk:
    """A server that gives or takes `megabytes`, and clients that do the contrary."""

    def __init__(self, namespace, address, megabytes, port=PORT):
        self.data = os.urandom(megabytes << 20)
        self.taken = []  # what _receive() told of each upload
        self.listener = namespace.socket(socket_family(address), socket.SOCK_STREAM)
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind((address, port))
        self.listener.listen()
        namespace.lab.defer(self.listener.close)
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection):
        connection.settimeout(PATIENCE)
        with connection:
            try:
                if connection.recv(1) == b"G":
                    connection.sendall(self.data)
                    connection.recv(1)
                else:
                    self.taken.append(_receive(connection, len(self.data)))
                    connection.sendall(b".")
            except (OSError, Stalled):
                pass  # the client's end tells of it

    def _connect(self, client, address, port):
        connection = client.socket(socket_family(address), socket.SOCK_STREAM)
        connection.settimeout(PATIENCE)
        connection.connect((address, port))
        return connection

    def download(self, client, address, port=80):
        """Gets all; the longest silence, in seconds."""
        with self._connect(client, address, port) as connection:
            connection.sendall(b"G")
            data, longest = _receive(connection, len(self.data))
        if data != self.data:
            raise ValueError("other bytes came than were sent")
        return longest

    def upload(self, client, address, port=80):
        """Sends all; the longest silence at the far end."""
        with self._connect(client, address, port) as connection:
            try:
                connection.sendall(b"P" + self.data)
                connection.recv(1)
            except socket.timeout as error:
                raise Stalled("the far end does not take them all") from error
        data, longest = self.taken.pop()
        if data != self.data:
            raise ValueError("other bytes came than were sent")
        return longest
