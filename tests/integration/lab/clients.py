# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors

"""Clients: curl, and load generators that never try again and name each failure."""

import errno
import json
import socket
import struct

from .addressing import end, family_of, socket_family
from .waiting import wait_for


class Load:
    """A load generator at work in a namespace."""

    def __init__(self, process):
        self.process = process
        self._read = 0

    def progress(self):
        """What was reported since the last call: dicts of time, done, failed, backends."""
        text = self.process.output()
        end = text.rfind("\n") + 1
        fresh, self._read = text[self._read:end], end
        return [report["progress"] for report in map(json.loads, fresh.splitlines())
                if "progress" in report]

    def more(self, count):
        """Waits until so many more requests of HTTP load are done, counted from the last report."""
        def done():
            return max((report["done"] for report in self.progress()), default=0)
        before = wait_for(done, f"{self.process.name} to report")
        wait_for(lambda: done() >= before + count, f"{self.process.name} to do {count} more", 30)

    def stop(self):
        """Lets it finish what is under way; returns its result."""
        self.process.signal(15)
        return self.result()

    def result(self, seconds=120):
        """Waits for its end; returns the result as a dict."""
        lines = self.process.wait(seconds).splitlines()
        if not lines or "result" not in (last := json.loads(lines[-1])):
            raise RuntimeError(f"{self.process.name} ended without a result: {self.process.tail()}")
        return last["result"]


def _options(settings):
    return [word for name, value in settings.items()
            for word in (f"--{name.replace('_', '-')}", str(value))]


def start_http_load(client, address, port=80, name="httpload", **settings):
    """Starts HTTP load; settings as in httpload --help (requests=, connections=, rate=, ...)."""
    settings.setdefault("progress", 0.05)
    return Load(client.spawn(_fresh(client, name), [
        client.lab.tool("httpload"), "--target", end(address, port), *_options(settings)]))


def http_load(client, address, port=80, seconds=120, **settings):
    """HTTP load to its end; returns the result: requests, done, failed, kinds, backends, ..."""
    return start_http_load(client, address, port, **settings).result(seconds)


def start_udp_load(client, address, port, name="udpload", **settings):
    """Starts UDP load; settings as in udpload's usage (count=, sockets=, rate=, ...)."""
    return Load(client.spawn(_fresh(client, name), [
        client.lab.tool("udpload"), "--target", end(address, port), *_options(settings)]))


def udp_load(client, address, port, seconds=120, **settings):
    """UDP load to its end; returns the result: sent, answered, lost, wrong, refused."""
    return start_udp_load(client, address, port, **settings).result(seconds)


def _fresh(client, name):
    taken = {process.name for process in client.lab.processes}
    return next(f"{name}-{n}" for n in range(1, 10000) if f"{name}-{n}" not in taken)


def curl(client, url, *options, timeout=10):
    """One request by curl; returns the body. Any failure raises, curl's own words in it."""
    return client.run("curl", "-sS", "--fail", "--max-time", timeout, *options, url,
                      timeout=timeout + 10)


def try_tcp(client, address, port, source=None, seconds=0.5):
    """What becomes of a connection, from a source of the client's own: "open", "refused" or "silence", for so long."""
    with client.socket(socket_family(address), socket.SOCK_STREAM) as asked:
        asked.settimeout(seconds)
        if source:
            asked.bind((source, 0))
        try:
            asked.connect((address, port))
        except TimeoutError:
            return "silence"
        except OSError as error:
            return "refused" if error.errno == errno.ECONNREFUSED else str(error)
        return "open"


def start_download(client, url, seconds=150):
    """Starts a download by curl into sha256sum; digest() of it tells what came."""
    script = f"set -o pipefail; curl -sS --fail --max-time {seconds} {url} | sha256sum"
    return client.spawn(_fresh(client, "curl"), ["bash", "-c", script])


def digest(download, seconds=160):
    """SHA-256 of a download, waited for; raises with curl's words when it failed."""
    text = download.wait(seconds)
    if download.child.returncode != 0:
        raise RuntimeError(f"{download.name}: {download.tail()}")
    return text.split()[0]


def _sum(data):
    """The Internet checksum of some bytes (RFC 1071)."""
    total = sum(struct.unpack(f">{(len(data) + 1) // 2}H", data + bytes(len(data) % 2)))
    while total > 0xffff:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def _datagram(source, target, payload):
    """A whole IP packet with a UDP datagram. Linux fills in the checksum of an IPv4 header."""
    length = 8 + len(payload)
    header = struct.pack(">HHHH", source[1], target[1], length, 0)
    if family_of(target[0]) == 4:  # UDP's checksum may be zero
        return struct.pack(">BBHHHBBH", 0x45, 0, 20 + length, 0, 0x4000, 64, socket.IPPROTO_UDP, 0) + \
            socket.inet_aton(source[0]) + socket.inet_aton(target[0]) + header + payload
    ends = b"".join(socket.inet_pton(socket.AF_INET6, address) for address, _ in (source, target))
    pseudo = ends + struct.pack(">II", length, socket.IPPROTO_UDP)
    checksum = _sum(pseudo + header + payload) or 0xffff
    return struct.pack(">IHBB", 0x60000000, length, socket.IPPROTO_UDP, 64) + ends + header[:6] + \
        struct.pack(">H", checksum) + payload


def send_from(client, sources, target, payload=b"headrace"):
    """Sends a datagram to target from each (address, port) of sources, whoever owns it."""
    with client.socket(socket_family(target[0]), socket.SOCK_RAW, socket.IPPROTO_RAW) as raw:
        for source in sources:
            # Raw sockets of IPv6 want no port.
            raw.sendto(_datagram(source, target, payload), (target[0], 0))
