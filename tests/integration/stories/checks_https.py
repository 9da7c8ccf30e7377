# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors
"""Checks by HTTP and HTTPS, field by field: what is asked, what is believed, what is told.

    client ---- wan [headrace] lan ---- switch ---- b1   a server for each pool, on a port each
"""

import collections
import time

from lab import check, scripted, two_arms
from lab.certificates import Authority, server_context
from lab.scripted import well

NAME = "www.example.test"
PORT = 9000
ROUNDED = 0.002  # what "since" may differ from the moment of a change, whose unit is milliseconds

# A pool: what its health_check adds to the defaults, what its server does, the state and reason that
# must come, and what the request must hold.
Case = collections.namedtuple("Case", "check usual certificate state reason asks sni", defaults=[
    well(), None, "up", "HTTP status 200", (), ()])


def plain_cases():
    """By HTTP: statuses, body, method, path, host, headers; and the defaults as they are."""
    http = {"type": "http"}
    return {
        "redirect": Case(http, well(302), reason="HTTP status 302"),
        "redirect-not-wanted": Case({**http, "statuses": ["200-299"]}, well(302), None, "down",
                                    "HTTP status 302"),
        "missing-is-fine": Case({**http, "statuses": ["200", "404-410"]}, well(404),
                                reason="HTTP status 404"),
        "body": Case({**http, "body": "all is well"}, well(body="here all is well today")),
        "other-body": Case({**http, "body": "all is well"}, well(body="all is lost"), None, "down",
                           "HTTP status 200 without the expected body"),
        "late-body": Case({**http, "body": "end"}, well(body="." * 65530 + "end" + "." * 100000)),
        "too-late-body": Case({**http, "body": "end"}, well(body="." * 65534 + "end"), None, "down",
                              "HTTP status 200 without the expected body"),
        "head": Case({**http, "method": "HEAD", "path": "/a/../b?c=%20d"},
                     asks=("HEAD /a/../b?c=%20d HTTP/1.1\r\n", "User-Agent: headrace/")),
        "host": Case({**http, "host": "shop.example.test:8080"},
                     asks=("GET /default HTTP/1.1\r\n", "Host: shop.example.test:8080\r\n")),
        "headers": Case({**http, "headers": [{"name": "X-One", "value": "1"},
                                             {"name": "Authorization", "value": "Bearer a b:c"}]},
                        asks=("X-One: 1\r\n", "Authorization: Bearer a b:c\r\n",
                              "Connection: close\r\n", "Host: {address}:{port}\r\n")),
        "tcp": Case({"type": "tcp"}, reason="connected"),
    }


def tls_cases(ours, other, address):
    """By HTTPS, which is what the defaults say: whom it trusts, what names it asks for and wants."""
    named = ours.sign("named", f"DNS:{NAME}")
    old = ours.sign("old", f"DNS:{NAME}", last="20210101000000Z")
    early = ours.sign("early", f"DNS:{NAME}", first="20480101000000Z")
    return {
        "sni": Case({"tls_server_name": NAME}, certificate=named, sni=(NAME,),
                    asks=("GET /default HTTP/1.1\r\n", "X-Default: yes\r\n",
                          "Host: {address}:{port}\r\n")),
        "host-is-the-name": Case({"host": f"{NAME}:443"}, sni=(NAME,), asks=(f"Host: {NAME}:443\r\n",),
                                 certificate=named),
        "name-before-host": Case({"host": "shop.example.test", "tls_server_name": NAME},
                                 sni=(NAME,), asks=("Host: shop.example.test\r\n",),
                                 certificate=named),
        "by-address": Case({}, sni=(None,), certificate=ours.sign("address", f"IP:{address}")),
        "another-name": Case({"tls_server_name": "shop.example.test"}, well(), named, "down",
                             "TLS: the certificate is for another name"),
        "another-address": Case({}, well(), named, "down", "TLS: the certificate is for another name"),
        "another-authority": Case({"tls_ca_file": str(other.file), "tls_server_name": NAME}, well(),
                                  named, "down", "TLS: no trusted authority signed the certificate"),
        "no-authority": Case({"tls_ca_file": "/nonexistent/ca.pem", "tls_server_name": NAME}, well(),
                             named, "down", "tls_ca_file cannot be read"),
        "expired": Case({"tls_server_name": NAME}, well(), old, "down",
                        "TLS: the certificate has expired"),
        "too-early": Case({"tls_server_name": NAME}, well(), early, "down",
                          "TLS: the certificate is not valid yet"),
        "believes-all": Case({"tls_verify": False, "tls_ca_file": str(other.file)}, certificate=old),
        "wrong-status": Case({"tls_server_name": NAME}, well(500), named, "down", "HTTP status 500"),
        "speaks-no-tls": Case({}, scripted.babble, None, "down", "TLS handshake failed: An unexpected TLS packet was received."),
    }


def judge(name, case, backend, server):
    """State and reason, and what the server was asked."""
    check((backend["state"], backend["reason"]) == (case.state, case.reason), f"{name}: {backend}")
    if case.reason.startswith("HTTP"):
        check(server.seen, f"{name}: nobody asked")
    for line in case.asks:
        line = line.format(address=server.address, port=server.port)
        check(line in server.seen[0].request, f"{name}: {line!r} is not in {server.seen[0].request!r}")
    if case.sni:
        check(set(server.tls.asked) == set(case.sni), f"{name}: asked for {set(server.tls.asked)}")


def defaults_change(headrace, cases):
    """A change of the defaults is one for those who take them; the others' states stay."""
    document = headrace.get("/v1/config")
    document["defaults"]["health_check"]["tls_verify"] = False
    began = time.monotonic()
    headrace.change("PUT", "/v1/config", document)
    comes_up = {name for name, case in cases.items()
                if case.reason.startswith(("TLS: ", "tls_ca_file"))}
    check(len(comes_up) == 6, f"{comes_up}")
    for name in comes_up:
        headrace.wait_state(f"{name}/b1", "up")
    asked = time.monotonic()
    backends = headrace.backends()
    answered = time.monotonic()
    for name, case in cases.items():
        backend = backends[f"{name}/b1"]
        if name in comes_up:
            check(answered - backend["since"] + ROUNDED > began, f"{name} was as it is before: {backend}")
        else:
            check(asked - backend["since"] - ROUNDED < began, f"{name} changed: {backend}")
        check((backend["state"] == "up") == (case.state == "up" or name in comes_up), f"{name}: {backend}")


def story(lab):
    """One pool for each; the defaults are those of defaults.health_check."""
    world = two_arms(lab, backends=1)
    b1 = world.backends[0]
    ours, other = Authority(lab.directory, "ours"), Authority(lab.directory, "other")
    cases = {**plain_cases(), **tls_cases(ours, other, b1.address)}
    farm = scripted.Servers(lab)
    servers = {name: farm.add(b1, PORT + number, usual=case.usual,
                              tls=server_context(*case.certificate) if case.certificate else None)
               for number, (name, case) in enumerate(cases.items())}
    services = [world.service(name, "full-nat", port=servers[name].port, health_check=case.check,
                              backends=[{"name": "b1", "address": b1.address,
                                         "port": servers[name].port}])
                for name, case in cases.items()]
    for service, case in zip(services, cases.values()):
        if not case.check:
            del service["health_check"]
    headrace = world.headrace(*services)
    headrace.config["defaults"] = {"health_check": {
        "type": "https", "interval": "500ms", "timeout": "400ms", "path": "/default",
        "headers": [{"name": "X-Default", "value": "yes"}], "tls_ca_file": str(ours.file)}}
    headrace.write_config()
    headrace.start(backends_up=sum(case.state == "up" for case in cases.values()))
    backends = headrace.backends()
    for name, case in cases.items():
        judge(name, case, backends[f"{name}/b1"], servers[name])

    defaults_change(headrace, cases)
