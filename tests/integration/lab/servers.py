# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors

"""Real servers on the backends."""

import hashlib
import os

from .addressing import end
from .lab import check
from .waiting import wait_for

NGINX = """\
daemon off;
user root;
worker_processes 1;
pid {directory}/nginx.pid;
error_log {directory}/error.log;
events {{ worker_connections 8192; }}
http {{
    log_format lab '$remote_addr $remote_port $request $status $body_bytes_sent';
    access_log {access_log};
    keepalive_requests 10000000;
    keepalive_timeout 3600s;
    reset_timedout_connection off;
    sendfile on;
    tcp_nopush on;
    default_type application/octet-stream;
    client_body_temp_path {directory}/t1; proxy_temp_path {directory}/t2;
    fastcgi_temp_path {directory}/t3; uwsgi_temp_path {directory}/t4; scgi_temp_path {directory}/t5;
    server {{
        {listen}
        add_header X-Backend {name};
        root {root};
        location = / {{ return 200 "{body}"; }}
        location /echo/ {{ return 200 "{name} $request_uri\\n"; }}
        location = /healthz {{ access_log off; return 200 "well\\n"; }}
    }}
}}
"""


def ends(addresses, port):
    """One address, or several, each with the port."""
    return [end(address, port) for address in
            ([addresses] if isinstance(addresses, str) else addresses)]


class HttpServer:
    """nginx on one backend, at one address or more of either family.

    Every answer names the backend in X-Backend and in its body.
    """

    def __init__(self, namespace, addresses, port=8080, root=None, log_requests=True):
        self.namespace = namespace
        self.name = namespace.name
        self.ends = ends(addresses, port)
        self.port = port
        self.body = f"served by {self.name}\\n".ljust(512, ".")
        self.directory = namespace.lab.directory / f"nginx-{self.name}-{port}"
        self.directory.mkdir()
        self.access_log = self.directory / "access.log"
        self.config = self.directory / "nginx.conf"
        self.config.write_text(NGINX.format(
            directory=self.directory, name=self.name,
            listen=" ".join(f"listen {one} backlog=8192;" for one in self.ends),
            body=self.body, root=root or self.directory,
            access_log=f"{self.access_log} lab" if log_requests else "off"), encoding="ascii")
        self.starts = 0
        self.process = None

    def start(self):
        """Starts nginx and waits until its port is open."""
        self.starts += 1
        self.process = self.namespace.spawn(
            f"nginx-{self.name}-{self.port}-{self.starts}",
            ["nginx", "-c", self.config, "-e", self.directory / "error.log"])
        wait_for(self.listens, f"nginx on {self.name} to listen; {self.process.tail()}")

    def listens(self):
        """Is the port open, at each address?"""
        if self.process.ended():
            raise RuntimeError(f"nginx on {self.name} ended: {self.process.tail()}")
        listening = self.namespace.run("ss", "-Hltn", f"sport = :{self.port}").split()
        return all(one in listening for one in self.ends)

    def kill(self):
        """kill -9 of nginx, master and workers."""
        self.process.kill()

    def stop(self):
        """A clean end."""
        self.process.stop()

    def requests_served(self):
        """Requests in the access log: counted by nginx, not by us."""
        if not self.access_log.exists():
            return 0
        with open(self.access_log, "rb") as log:
            return sum(chunk.count(b"\n") for chunk in iter(lambda: log.read(1 << 20), b""))

    def peers(self):
        """The addresses that requests came from, as nginx saw them."""
        with open(self.access_log, encoding="ascii") as log:
            return {line.split(" ", 1)[0] for line in log}


def serve_http(backends, port=8080, root=None, log_requests=True):
    """nginx on each of the backends; returns the servers by backend name."""
    servers = {}
    for backend in backends:
        server = HttpServer(backend, backend.addresses.values(), port, root, log_requests)
        server.start()
        servers[backend.name] = server
    return servers


def check_served(servers, count):
    """Together they have so many requests in their logs: nginx writes of one after it has answered."""
    def served():
        return sum(server.requests_served() for server in servers.values())
    wait_for(lambda: served() >= count, f"{count} requests to be in the logs of nginx")
    check(served() == count, f"nginx served {served()} requests, not {count}")


class UdpServer:
    """An echo server on one backend, at one address or more of either family."""

    def __init__(self, namespace, addresses, port):
        self.name = f"udpecho-{namespace.name}-{port}"
        self.process = namespace.spawn(
            self.name, [namespace.lab.tool("udpecho"), *ends(addresses, port)])
        wait_for(lambda: "ready" in self.process.output(), f"{self.name} to be ready")


def serve_udp(backends, port=5353):
    """An echo server on each of the backends; returns the servers by backend name."""
    return {backend.name: UdpServer(backend, backend.addresses.values(), port)
            for backend in backends}


def make_file(path, megabytes):
    """A file of bytes nobody can guess; returns its path."""
    block = 1 << 20
    with open(path, "wb") as out:
        for _ in range(megabytes):
            out.write(os.urandom(block))
    return path


def sha256(path):
    """Digest of a file."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
