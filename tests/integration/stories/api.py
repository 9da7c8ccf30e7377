# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors
"""The REST API, method by method, answer by answer, and what a hostile client may send.

    client ---- wan [headrace] lan ---- switch ---- b1 b2    (nothing serves on b1 and b2)
"""

import http.client
import json
import socket

from lab import check, two_arms, wait_for

BACKEND = {"name": "b9", "address": "10.0.0.19", "port": 8080}
TCP_PORT = 7117


def expect(answer, status, pointer=None):
    """The status, and for an error the problem's form, with this pointer if there is one."""
    check(answer.status == status, f"{status} was to come: {answer}")
    if status >= 400:
        check(answer.headers["content-type"] == "application/problem+json", f"{answer.headers}")
        check(answer.body["status"] == status and answer.body["title"] and answer.body["detail"],
              f"no problem of RFC 9457: {answer.body}")
    if pointer is not None:
        check(any(error["pointer"] == pointer and error["detail"] for error in answer.body["errors"]),
              f"{pointer} is not named: {answer.body}")
    return answer


def whole_document(api):
    """GET after PUT equals PUT, PUT twice is PUT once, ETags stand for documents."""
    first = expect(api("GET", "/v1/config"), 200)
    etag = first.headers["etag"]
    check(expect(api("PUT", "/v1/config", first.body), 200).body["etag"] == etag, "another ETag")
    other = json.loads(json.dumps(first.body))
    other["services"][0]["backends"][0]["weight"] = 7
    other["services"][0]["description"] = "with a \u00fcmlaut and \U0001f600"
    other["services"][0].pop("description")
    changed = expect(api("PUT", "/v1/config", other), 200)
    check(changed.headers["etag"] == changed.body["etag"] != etag, f"{changed}")
    again = expect(api("PUT", "/v1/config", other), 200)
    check(changed.body.pop("changed") and not again.body.pop("changed")
          and again.body == changed.body, f"a second PUT is no other: {again.body} {changed.body}")
    got = expect(api("GET", "/v1/config"), 200)
    check(got.body == other and got.headers["etag"] == changed.body["etag"], f"{got}")
    expect(api("GET", "/v1/config", None, {"If-None-Match": got.headers["etag"]}), 304)
    expect(api("GET", "/v1/config", None, {"If-None-Match": etag}), 200)

    expect(api("PUT", "/v1/config", first.body, {"If-Match": etag}), 412)
    expect(api("PUT", "/v1/config", first.body, {"If-Match": f'"x", {got.headers["etag"]}'}), 200)
    expect(api("PUT", "/v1/config", first.body, {"If-None-Match": "*"}), 412)
    check(api("GET", "/v1/config").headers["etag"] == etag, "the same document, another ETag")
    expect(api("PUT", "/v1/config", {**other, "revision": 1}), 409)
    expect(api("PUT", "/v1/config?force=true", {**other, "revision": 1}), 200)
    check("revision" not in expect(api("GET", "/v1/config"), 200).body, "a revision is shown")
    expect(api("PUT", "/v1/config", first.body, {"If-Match": "*"}), 200)


def dry_run(api):
    """?dry_run=true tells and changes nothing; a restart-only field is saved and named."""
    before = api("GET", "/v1/config")
    other = json.loads(json.dumps(before.body))
    other["services"][0]["backends"].pop()
    told = expect(api("PUT", "/v1/config?dry_run=true", other), 200).body
    check([(row["op"], row["pointer"]) for row in told["changes"]]
          == [("remove", "/services/0/backends/1")], f"{told}")
    check([row["service"] for row in told["moves"]] in ([], ["web"]), f"{told}")
    other = json.loads(json.dumps(before.body))
    other["services"].reverse()
    told = expect(api("PUT", "/v1/config?dry_run=true", other), 200).body
    check([(row["pointer"], row["to"]) for row in told["changes"]] == [("/services", ["full", "web"])],
          f"another order is not told: {told}")
    expect(api("PUT", "/v1/config?dry_run=perhaps", other), 400)
    for query in ("dry_run", "dryrun=true", "dry_run=", "dry_run=true&dry_run=false", "dry_run=true&x",
                  "limit=1", "DRY_RUN=true", "&"):
        expect(api("PUT", f"/v1/config?{query}", other), 400)
        expect(api("DELETE", f"/v1/services/web?{query}"), 400)
    expect(api("GET", "/v1/status?dry_run=true"), 400)
    check(api("GET", "/v1/config") .body == before.body, "a dry run changed something")
    other = json.loads(json.dumps(before.body))
    other["dataplane"]["flows_per_worker"] = 100000
    answer = expect(api("PUT", "/v1/config", other), 200)
    check(answer.body["restart_required"] == ["/dataplane/flows_per_worker"], f"{answer}")
    check(api("GET", "/v1/status").body["restart_required"] == ["/dataplane/flows_per_worker"],
          "the status does not name what needs a restart")
    expect(api("PUT", "/v1/config", before.body), 200)
    check(api("GET", "/v1/status").body["restart_required"] == [], "still a restart is required")


def objects(api):
    """Services, pools, backends and local pools: made, read, replaced, patched, deleted."""
    service = {"name": "extra", "addresses": ["198.51.100.12"], "ports": ["80"], "protocol": "tcp",
               "forwarding": "dnat", "pool": "shared"}
    pool = {"name": "shared", "backends": [{**BACKEND, "name": "a", "address": "10.0.0.17"}]}
    expect(api("POST", "/v1/services", service), 400, "/services/2/pool")
    made = expect(api("POST", "/v1/pools", pool), 201)
    check(made.headers["location"] == "/v1/pools/shared", f"{made.headers}")
    check(made.headers["etag"] == api("GET", "/v1/config").headers["etag"], "another ETag")
    expect(api("POST", "/v1/pools", pool), 409)
    expect(api("POST", "/v1/services", service), 201)
    expect(api("POST", "/v1/services", {**service, "name": "extra2"}), 400, "/services/3/addresses/0")
    expect(api("DELETE", "/v1/pools/shared"), 400, "/services/2/pool")

    backends = "/v1/pools/shared/backends"
    check(expect(api("POST", backends, BACKEND), 201).headers["location"] == f"{backends}/b9", "")
    check(expect(api("PUT", f"{backends}/b8", {**BACKEND, "name": "b8", "address": "10.0.0.18"}),
                 201).headers["location"] == f"{backends}/b8", "")
    expect(api("PUT", f"{backends}/b8", {"address": "10.0.0.18", "port": 8081, "weight": 5}), 200)
    got = expect(api("GET", f"{backends}/b8"), 200).body
    check((got["port"], got["weight"]) == (8081, 5) and got["config"]["port"] == 8081, f"{got}")
    expect(api("PATCH", f"{backends}/b8", {"weight": None, "admin": "drain"}), 200)
    got = expect(api("GET", f"{backends}/b8"), 200).body
    check((got["weight"], got["admin"], "weight" in got["config"]) == (100, "drain", False), f"{got}")
    expect(api("PATCH", f"{backends}/b8", {"weight": 100000}), 400, "/pools/0/backends/2/weight")
    expect(api("PATCH", f"{backends}/b8", {"name": "other"}), 400)
    expect(api("PATCH", f"{backends}/b7", {"weight": 1}), 404)
    expect(api("PATCH", "/v1/pools/none/backends/b8", {"weight": 1}), 404)
    expect(api("PATCH", f"{backends}/b8", {"weight": 9}, {"If-Match": '"old"'}), 412)
    for path, there in ((f"{backends}/b8", True), (f"{backends}/b7", False), ("/v1/pools/web", True),
                        ("/v1/pools/none", False), ("/v1/services/none", False)):
        status = api("PUT", path + "?dry_run=true", {"weight": 9},
                     {"If-None-Match" if there else "If-Match": "*"}).status
        check(status == 412, f"{path}: {status}")
    expect(api("PUT", f"{backends}/b7?dry_run=true", {"address": "10.0.0.16", "port": 8080},
               {"If-None-Match": "*"}), 200)
    merge = {"Content-Type": "application/merge-patch+json"}
    expect(api("PATCH", f"{backends}/b8", b'{"weight": 9}', merge), 200)
    expect(api("PUT", f"{backends}/b8", b'{"weight": 9}', merge), 415)
    expect(api("DELETE", f"{backends}/b8"), 204)
    expect(api("DELETE", f"{backends}/b8"), 404)
    names = [row["name"] for row in expect(api("GET", backends), 200).body["backends"]
             if row["state"] != "removed"]
    check(names == ["a", "b9"], f"GET of the backends: {names}")

    # The backends of a pool written inside its service.
    inline = "/v1/pools/web/backends"
    expect(api("POST", inline, BACKEND), 201)
    check(api("GET", "/v1/config").body["services"][0]["backends"][2] == BACKEND, "not inside web")
    expect(api("DELETE", f"{inline}/b9"), 204)
    expect(api("PUT", "/v1/pools/web", {**pool, "name": "web"}), 409)
    expect(api("DELETE", "/v1/pools/web"), 409)
    check(expect(api("GET", "/v1/pools/web"), 200).body["inline"] is True, "web is inline")

    expect(api("PATCH", "/v1/services/extra", {"hash_on": "address"}), 200)
    check(expect(api("GET", "/v1/services/extra"), 200).body["config"]["hash_on"] == "address", "")
    expect(api("DELETE", "/v1/services/extra"), 204)
    expect(api("GET", "/v1/services/extra"), 404)
    expect(api("DELETE", "/v1/pools/shared"), 204)

    expect(api("POST", "/v1/local_pools", {"name": "more", "addresses": ["10.0.0.251"],
                                           "ports": "1024-65535"}), 201)
    expect(api("PATCH", "/v1/local_pools/more", {"ports": "2000-3000"}), 200)
    check(expect(api("GET", "/v1/local_pools/more"), 200).body["config"]["ports"] == "2000-3000", "")
    check([row["name"] for row in api("GET", "/v1/local_pools").body["local_pools"]]
          == ["nat", "more"], "GET of the local pools")
    expect(api("DELETE", "/v1/local_pools/nat"), 400)
    expect(api("DELETE", "/v1/local_pools/more"), 204)


def refusals(api):
    """404, 405 with Allow, 413, 415, bodies that are no JSON or no document."""
    for path in ("/", "/v1", "/v1/", "/v1/configs", "/v1/services/", "/v1/services/none",
                 "/v1/pools/web/backends/none", "/v1/pools/none/backends", "/v1/local_pools/none",
                 "/v1/services/../status", "//v1/status", "/v1/services/" + "x" * 500):
        expect(api("GET", path), 404)
    for method, path, allow in (("POST", "/v1/config", "GET, HEAD, PUT"),
                                ("DELETE", "/v1/config", "GET, HEAD, PUT"),
                                ("PUT", "/v1/services", "GET, HEAD, POST"),
                                ("POST", "/v1/services/web", "GET, HEAD, PUT, PATCH, DELETE"),
                                ("PUT", "/v1/status", "GET, HEAD"),
                                ("BREW", "/v1/status", "GET, HEAD")):
        answer = expect(api(method, path, {}), 405)
        check(answer.headers["allow"] == allow, f"{method} {path}: {answer.headers}")
    for path in ("/v1/%ff", "/v1/pools/%e2%82", "/v1/pools/%c3%28/backends"):
        expect(api("GET", path), 404)
    expect(api("PUT", "/v1/config", b"{}", {"Content-Type": b"text/\xe9"}), 415)
    text = {"Content-Type": "text/plain"}
    expect(api("PUT", "/v1/config", b"{}", text), 415)
    expect(api("POST", "/v1/services", b"{}", text), 415)
    for body in (b"", b"{", b"[]", b"null", b"7", b'"x"', b"{}x", b"\xff\xfe", b"{\"a\": 1, \"a\": 2}",
                 b"[" * 100000, b'{"services": [' + b"[" * 5000):
        expect(api("PUT", "/v1/config", body), 400)
        expect(api("POST", "/v1/services", body), 400)
        expect(api("PATCH", "/v1/services/web", body), 400)
    big = b'{"x": "' + b"x" * (16 << 20) + b'"}'
    expect(api("PUT", "/v1/config", big), 413)
    many = b"[" + b"{}," * 600000 + b"{}]"
    for method, path in (("PUT", "/v1/config"), ("POST", "/v1/services"), ("PATCH", "/v1/services/web")):
        expect(api(method, path, many), 413)
    expect(api("GET", "/v1/flows?limit=many"), 400)


def raw(headrace, data, seconds=0.5):
    """What comes back for these very bytes, soon; the connection is then given up."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as to:
        to.settimeout(seconds)
        to.connect(str(headrace.run_dir / "api.sock"))
        came = b""
        try:
            to.sendall(data)
            to.shutdown(socket.SHUT_WR)
            while chunk := to.recv(65536):
                came += chunk
        except OSError:
            pass
        return came


def hostile(api, headrace):
    """Bodies cut short, garbage, two lengths, two messages in one: nothing is changed by them."""
    before = api("GET", "/v1/config")
    body = json.dumps({**before.body, "services": []}).encode()
    head = b"PUT /v1/config HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    whole = head + b"Content-Length: %d\r\n\r\n" % len(body) + body
    for cut in range(0, len(whole) - 1, 97):
        raw(headrace, whole[:cut])
    for lines in (b"Content-Length: 5\r\nContent-Length: %d\r\n" % len(body),
                  b"Content-Length: %d\r\nTransfer-Encoding: chunked\r\n" % len(body),
                  b"Content-Length: -1\r\n", b"Content-Length: 1x\r\n", b"Host: y\r\n",
                  b"Content-Length: 99999999999999999999\r\n",
                  b"Content-Length: %d\r\nContent-Length: %d\r\n" % (len(body), len(body))):
        came = raw(headrace, head + lines + b"\r\n" + body)
        check(not came.startswith(b"HTTP/1.1 2"), f"{lines} is taken: {came[:200]}")
    came = raw(headrace, head + b"Content-Length: 1000000000\r\nExpect: 100-continue\r\n\r\n", 5)
    check(came.startswith(b"HTTP/1.1 413"), f"a body of 1 GB is let in: {came[:200]}")
    for garbage in (b"\x00" * 4096, b"\r\n" * 2000, b"GET " + b"/" * 70000 + b" HTTP/1.1\r\n\r\n",
                    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 30, b"GET / HTTP/9.9\r\n\r\n",
                    b"X: y\r\n" * 20000):
        came = raw(headrace, garbage)
        check(not came.startswith(b"HTTP/1.1 2"), f"{garbage[:20]} is taken: {came[:200]}")
    after = api("GET", "/v1/config")
    check(after.body == before.body and after.headers["etag"] == before.headers["etag"],
          "something of it was used")


def over_tcp(headrace):
    """The same by TCP, for loopback names only: a page in a browser cannot reach it."""
    with headrace.namespace.inside():
        connection = http.client.HTTPConnection("127.0.0.1", TCP_PORT, timeout=5)
        connection.connect()
    for host, status in (("127.0.0.1", 200), (f"localhost:{TCP_PORT}", 200), ("[::1]:7117", 200),
                         ("127.9.9.9", 200), ("evil.example", 403), ("127.0.0.1.evil.example", 403),
                         ("localhost.evil.example", 403), ("198.51.100.1", 403), ("", 403)):
        expect(headrace.request("GET", "/v1/status", None, {"Host": host}, connection), status)
    expect(headrace.request("PATCH", "/v1/pools/web/backends/b1", {"weight": 42},
                            {"Host": "localhost"}, connection), 200)
    connection.close()


def story(lab):
    """Every answer as RFC 9110, 9457 and 7396 have it; nothing but valid changes changes anything."""
    world = two_arms(lab, backends=2)
    headrace = world.headrace(
        world.service("web", "dnat", world.service_addresses[0]),
        world.service("full", "full-nat", world.service_addresses[1]))
    headrace.config["api"] = {"listen": [f"unix:{headrace.run_dir}/api.sock", f"127.0.0.1:{TCP_PORT}"]}
    headrace.write_config()
    headrace.start(backends_up=0)

    api = headrace.request
    revision = headrace.status()["revision"]
    for part in (whole_document, dry_run, objects, refusals):
        part(api)
    hostile(api, headrace)
    over_tcp(headrace)
    check(headrace.backends()["web/b1"]["weight"] == 42, "the change by TCP")
    check(headrace.status()["revision"] > revision + 20, "the changes are not counted")
    check(len(headrace.services()) == 2, f"{headrace.services()}")
    wait_for(headrace.running, "the last change to be taken")
