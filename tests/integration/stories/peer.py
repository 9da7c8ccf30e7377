# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors
"""Two nodes that compare their configurations by each other's API, and are changed together.

    a 192.0.2.1 ---- 192.0.2.2 b    (control planes only; each is spoken to by TCP, with the token)
"""

import json
import re
import time

from lab import check, wait_for
from lab.pair import PORT, TOKEN, pair
from lab.processes import CommandFailed

POOL = {"name": "nat", "addresses": ["192.0.2.250"]}


def fails(status, words, run, *command):
    """Runs what must exit with this status and say these words."""
    try:
        said = run(*command)
    except CommandFailed as error:
        check(f": exit {status}: " in str(error) and re.search(words, str(error), re.S), f"{error}")
        return
    check(False, f"{command} ended well, and said: {said}")


def start(*nodes):
    """Starts control planes and waits for their APIs."""
    for node in nodes:
        node.start_controlplane()
    for node in nodes:
        wait_for(node.answers, f"{node.name} to answer")


def agree(*nodes):
    """Waits until each sees the other, with the same configuration."""
    for node in nodes:
        wait_for(lambda: node.peer()["same_configuration"] and node.peer()["alarm"] is None,
                 f"{node.name} to find the other the same", 15)


def alarm(at, words, **members):
    """Waits until a node's status has this alarm; the API, the command line and the metrics say the same."""
    wait_for(lambda: re.search(words, at.peer()["alarm"] or ""), f"{at.name} to say {words}", 15)
    peer = at.peer()
    check(all(peer[key] == value for key, value in members.items()), f"{peer}, wanted {members}")
    check(f"\npeer           {peer['alarm']}\n" in at.command("show", "status"), "not in show status")
    metrics = at.metrics()
    check(metrics.value("headrace_peer_reachable") == peer["reachable"], "headrace_peer_reachable")
    same = metrics.all("headrace_peer_configuration_same")
    check(list(same.values()) == ([peer["same_configuration"]] if peer["reachable"] else []), f"{same}")


def wait_checked(node):
    """Waits for another check: the time since the last one, which grows, is less than when it was asked before."""
    ages = [node.peer()["checked"]]

    def checked_anew():
        ages.append(node.peer()["checked"])
        return ages[-1] < ages[-2]
    wait_for(checked_anew, "another check", 15)


def told(node, words):
    """How often its log has a line with these words."""
    return len(re.findall(words, node.controlplane.errors()))


def token(one, other):
    """By TCP nothing goes without the token, from wherever; and nothing needs to be read for that."""
    for shown in (None, "", "Bearer", f"Bearer {TOKEN[:-1]}", f"Bearer {TOKEN}x", f"Basic {TOKEN}", TOKEN):
        for method, path in (("GET", "/v1/status"), ("PUT", "/v1/config"), ("GET", "/metrics"), ("GET", "/none")):
            with_it = {} if shown is None else {"Authorization": shown}
            connection = other.connection(one.address)
            connection.request(method, path, b"x" * 1000 if method == "PUT" else None, with_it)
            answer = connection.getresponse()
            body = json.loads(answer.read())
            check(answer.status == body["status"] == 401 and "--token-file" in body["detail"]
                  and answer.getheader("WWW-Authenticate") == 'Bearer realm="headrace"', f"{shown}: {body}")
            connection.close()
    for host in ("192.0.2.1", "evil.example"):
        connection = other.connection(one.address)
        answer = other.request("GET", "/v1/status", None, {"Host": host}, connection)
        check(answer.status == 200, f"with the token whatever the Host is: {answer}")
        connection.close()
    fails(1, "401.*--token-file", other.namespace.run, one.lab.program("headrace"), "--api",
          f"http://{one.address}:{PORT}", "show", "status")
    said = other.namespace.run(one.lab.program("headrace"), "--api", f"http://{one.address}:{PORT}",
                               "--token-file", one.token_file, "show", "status")
    check(said.startswith("node           a (0)"), said)
    fails(2, "--token-file /nowhere: No such file", other.namespace.run, one.lab.program("headrace"),
          "--token-file", "/nowhere", "show", "status")


def difference(one, other):
    """A change of one node only is an alarm on both, told once, until it is undone or brought over."""
    other.change("POST", "/v1/local_pools", POOL)
    alarm(one, "the peer b at 192.0.2.2:7117 has another configuration", same_configuration=False,
          reachable=True, node="b", revision=other.status()["revision"])
    alarm(other, "the peer a at 192.0.2.1:7117 has another", same_configuration=False)
    wait_checked(one)
    check(told(one, "has another configuration") == 1, "one line when it begins")
    other.change("DELETE", "/v1/local_pools/nat")
    agree(one, other)
    check(told(one, "is reachable, and has the same configuration") == 1, "one line when it ends")
    check(told(one, "the peer") == 2, "and no other")
    metrics = one.metrics()
    check(metrics.value("headrace_peer_reachable") == metrics.value("headrace_peer_configuration_same") == 1, "")
    check(re.search(r"\npeer           b at 192\.0\.2\.2:7117, with the same configuration, \d\.\d s ago\n",
                    one.command("show", "status")), "show status")


def apply(one, other, file):
    """A file for both; what one of them refuses changes neither."""
    document = one.get("/v1/config")
    document["local_pools"] = [dict(POOL)]
    file.write_text(json.dumps(document), encoding="utf-8")
    before = [node.status()["revision"] for node in (one, other)]
    said = one.command("apply", file, "--peer", "--dry-run")
    check(re.fullmatch(r"this node: \n\+ local pool nat: .*\npeer 192\.0\.2\.2:7117: \n\+ local pool nat: .*\n",
                       said), said)
    check([node.status()["revision"] for node in (one, other)] == before, "a dry run changed something")
    said = one.command("apply", file, "--peer")
    check(said == f"this node: applied: revision {before[0] + 1}\n"
          f"peer 192.0.2.2:7117: applied: revision {before[1] + 1}\n", said)
    theirs = other.get("/v1/config")
    check(theirs.pop("node") == other.config["node"], "the peer's node has changed")
    check({**theirs, "node": document["node"]} == document, f"another document: {theirs}")
    agree(one, other)
    both = json.loads(one.command("apply", file, "--peer", "--json"))
    check([both[side]["changed"] for side in ("node", "peer")] == [False, False], f"{both}")

    document["local_pools"][0]["ports"] = "9-1"
    file.write_text(json.dumps(document), encoding="utf-8")
    fails(1, f"this node refuses it.*{file}:1:.*nothing was changed, on neither", one.command, "apply", file, "--peer")
    file.write_text("{", encoding="utf-8")
    fails(1, f"{file}:1:", one.command, "apply", file, "--peer")
    document["local_pools"][0]["ports"] = "2000-3000"
    file.write_text(json.dumps(document), encoding="utf-8")
    other.config_file.write_text(other.config_file.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    fails(1, "peer 192.0.2.2:7117 refuses it.*was edited.*nothing was changed, on neither", one.command,
          "apply", file, "--peer")
    check(one.get("/v1/config")["local_pools"] == [POOL], "half of it was applied")
    one.command("apply", file, "--peer", "--force")
    check(one.get("/v1/config")["local_pools"] == other.get("/v1/config")["local_pools"]
          == document["local_pools"], "--force did not")


def gone(one, other, file):
    """Nobody answers, somebody else does, or with another token: each is told as what it is."""
    revision = one.status()["revision"]
    other.controlplane.kill()
    alarm(one, "the peer's API at 192.0.2.2:7117 cannot be reached: ", reachable=False,
          same_configuration=None, node="b")
    fails(3, "http://192.0.2.2:7117: .*", one.command, "apply", file, "--peer")
    one.token_file.write_text("another-token-0123456789\n", encoding="ascii")
    other.token = "another-token-0123456789"
    start(other)
    alarm(one, r"refuses this node \(401\)", reachable=False)
    alarm(other, r"refuses this node \(401\)", reachable=False)
    other.stop_controlplane()
    one.write_token(TOKEN)
    other.token = TOKEN
    other.config["node"]["id"] = 0
    document = one.get("/v1/config")
    other.write_config(json.dumps({**document, "node": other.config["node"]}))
    start(other)
    alarm(one, "says it is node 0, as this one", reachable=True, same_configuration=True)
    other.stop_controlplane()
    other.config["node"]["id"] = 1
    other.write_config(json.dumps({**document, "node": other.config["node"]}))
    start(other)
    agree(one, other)
    check(one.status()["revision"] == revision, "a refused apply changed something")


def bad_tokens(node):
    """A control plane does not start with a token that is none, or that everybody can read."""
    node.stop_controlplane()
    for text, mode, words in (("short\n", 0o600, "at least 16 characters"),
                              (f"{TOKEN} x\n", 0o600, "without blanks"),
                              (TOKEN, 0o644, "everybody on this machine can read")):
        node.write_token(text, mode)
        node.start_controlplane()
        wait_for(node.controlplane.ended, "it to end")
        check(re.search(f"/api/token_file: {node.token_file}: .*{words}", node.controlplane.errors()),
              node.controlplane.tail())
    node.token_file.unlink()
    node.start_controlplane()
    wait_for(node.controlplane.ended, "it to end")
    check("No such file" in node.controlplane.errors(), node.controlplane.tail())
    node.write_token(TOKEN)


def story(lab):
    """The token, an alarm for each difference, and changes for both or for none."""
    one, other = pair(lab)
    began = time.monotonic()
    start(one)
    alarm(one, "cannot be reached", reachable=False, node=None, revision=None)
    start(other)
    agree(one, other)
    check(one.status()["shared_etag"] == other.status()["shared_etag"] != one.status()["etag"], "the tags")
    check(one.stop_controlplane() == 0, one.controlplane.tail())
    start(one)
    agree(one, other)
    token(one, other)
    difference(one, other)
    apply(one, other, lab.directory / "both.json")
    gone(one, other, lab.directory / "both.json")
    bad_tokens(other)
    lab.notes.append(f"{time.monotonic() - began:.0f} s")
