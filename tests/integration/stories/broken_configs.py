# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors
"""50 broken configurations, by file and by REST: each refused in words, the running one untouched.

    client ---- wan [headrace] lan ---- switch ---- b1 b2
"""

from lab import check, http_load, serve_http, two_arms, wait_for
from lab.broken import broken_texts
from lab.clients import start_http_load


def story(lab):
    """Place and reason of each; same document, revision and generation after all of them."""
    world = two_arms(lab, backends=2)
    serve_http(world.backends, log_requests=False)
    first, second, *_ = world.service_addresses
    headrace = world.headrace(world.service("s0", "dnat", first),
                              world.service("s1", "full-nat", second))
    headrace.start()
    good = headrace.config_file.read_text()
    load = start_http_load(world.client, first, rate=200, connections=20)
    load.more(1)  # the client is a neighbour from here on
    wait_for(headrace.running, "the tables that say so to be taken")
    before = headrace.get("/v1/config"), headrace.status()
    texts = list(broken_texts(headrace.config))
    check(len(texts) == 50, f"{len(texts)} broken configurations")

    for place, text in texts:
        answer = headrace.request("PUT", "/v1/config", text.encode())
        check(answer.status == 400, f"PUT with {place} broken: {answer}")
        check(answer.headers["content-type"] == "application/problem+json", f"{answer.headers}")
        check(any(place in (error["pointer"], error["detail"][:len(place)])
                  and len(error["detail"]) > 10 for error in answer.body["errors"]),
              f"PUT: {place} is not named: {answer.body['errors']}")
        check("line" in answer.body["errors"][0], f"PUT: no line: {answer.body}")

        said = len(headrace.controlplane.errors())
        headrace.write_config(text)
        headrace.reload()
        wait_for(lambda said=said: "is not used" in headrace.controlplane.errors()[said:],
                 f"SIGHUP with {place} broken to be refused", 5)
        log = headrace.controlplane.errors()[said:]
        check(f": {place}: " in log or place in log and not place.startswith("/"),
              f"SIGHUP: {place} is not named: {log}")
    headrace.write_config(good)

    after = headrace.get("/v1/config"), headrace.status()
    check(after[0] == before[0], "the document is another one")
    check(after[1]["revision"] == before[1]["revision"], "the revision is another one")
    check(after[1]["generation"] == before[1]["generation"],
          f"something was published: {before[1]['generation']} {after[1]['generation']}")
    load.more(20)
    result = load.stop()
    check(result["failed"] == 0, f"{result}")
    check(http_load(world.client, second, requests=50)["failed"] == 0, "s1 is broken")
