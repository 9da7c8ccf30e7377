# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors
"""A million flows in a dataplane that runs: each is listed once, while both daemons go on.

    wan-in.pcap ----> wan [headrace] lan ----> null
    a million clients' datagrams, from twenty addresses
"""

import collections
import json
import os
import struct
import subprocess
import threading
import time

from lab import Headrace, Namespace, check, wait_for

DEADLINE = 600
ADDRESSES, PORTS = 20, 50  # a round: a thousand flows
SECONDS = 5  # the most that the list may take
VIP, BACKENDS = "198.51.100.10", {"a": "10.0.0.11", "b": "10.0.0.12"}


def checksum(header):
    """Of an IPv4 header."""
    total = sum(struct.unpack(f">{len(header) // 2}H", header))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def clients(ports):
    """(address, port) of each."""
    for number in range(ADDRESSES):
        for port in range(10000, 10000 + ports):
            yield f"203.0.113.{number + 1}", port


def write_datagrams(path, ports):
    """A pcap with a datagram of each client."""
    ethernet = bytes.fromhex("020000000001020000000077") + b"\x08\x00"
    with open(path, "wb") as file:
        file.write(struct.pack("<IHHIIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))
        for number in range(ADDRESSES):
            ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 46, 0, 0x4000, 64, 17, 0,
                             bytes((203, 0, 113, number + 1)), bytes((198, 51, 100, 10)))
            ip = ip[:10] + struct.pack(">H", checksum(ip)) + ip[12:]
            head = struct.pack("<IIII", 0, 0, 60, 60) + ethernet + ip
            for port in range(10000, 10000 + ports):
                file.write(head + struct.pack(">HHHH", port, 53, 26, 0) + bytes(18))


def config(files, flows):
    """UDP with full NAT, to two backends that nobody checks."""
    return {
        "dataplane": {
            "ports": [{"name": "wan", "device": f"pcap:{files['in']},{files['out']}"},
                      {"name": "lan", "device": "null:"}],
            "flows_per_worker": flows * 5 // 4,
            "next_hops": [{"address": address, "mac": f"02:00:00:00:00:{number:02x}", "port": "lan"}
                          for number, address in enumerate(BACKENDS.values(), 0x11)]},
        "defaults": {"timeouts": {"udp": "3600s"}},
        "local_pools": [{"name": "nat", "addresses": [f"10.0.1.{i}" for i in range(1, 33)]}],
        "services": [{
            "name": "dns", "addresses": [VIP], "ports": ["53"], "protocol": "udp",
            "forwarding": "full-nat", "local_pool": "nat", "health_check": {"type": "none"},
            "backends": [{"name": name, "address": address, "port": 5353}
                         for name, address in BACKENDS.items()]}],
    }


class Watch:
    """Asks for something small all the while: how long the event loop let it wait at most."""

    def __init__(self, headrace):
        self.longest, self.asked, self.over = 0.0, 0, False
        self.thread = threading.Thread(target=self._ask, args=(headrace,))
        self.thread.start()

    def _ask(self, headrace):
        while not self.over:
            began = time.monotonic()
            headrace.get("/v1/local_pools")
            self.longest = max(self.longest, time.monotonic() - began)
            self.asked += 1
            time.sleep(0.005)

    def end(self):
        """The longest answer, in ms."""
        self.over = True
        self.thread.join()
        return self.longest * 1000


def timed(headrace, lab, command):
    """What a shell's command prints, and the seconds it took. $H is the command line's program."""
    environment = {**os.environ, "H": f"{lab.program('headrace')} --run-dir {headrace.run_dir}"}
    began = time.monotonic()
    done = subprocess.run(["sh", "-c", command], env=environment, capture_output=True, text=True,
                          check=True)
    return done.stdout, time.monotonic() - began


def story(lab):
    """All are there, once each; in time; and nobody waits for it."""
    files = {name: lab.directory / f"{name}.pcap" for name in ("in", "out")}
    ports = PORTS * lab.rounds
    count = ADDRESSES * ports
    write_datagrams(files["in"], ports)
    headrace = Headrace(lab, Namespace(lab, "balancer"), config(files, count))
    headrace.start_on_tables(seconds=120)
    wait_for(lambda: headrace.status()["accounts"]["received"] == count, "the file to be read", 120)
    check(headrace.status()["verdicts"]["to-backend"] == count, f"{headrace.status()['verdicts']}")

    watch = Watch(headrace)
    lines, seconds = timed(headrace, lab, "$H show flows | wc -l")
    longest = watch.end()
    lab.notes.append(f"{int(lines):,} lines in {seconds:.2f} s; the API answered others within "
                     f"{longest:.1f} ms meanwhile ({watch.asked} times)")
    check(int(lines) == count + 1, f"{lines} lines")
    check(seconds < SECONDS, f"it took {seconds:.1f} s")

    text, seconds = timed(headrace, lab, "$H show flows --json")
    lab.notes.append(f"as JSON {len(text) / 1e6:.0f} MB in {seconds:.2f} s")
    flows = [json.loads(line) for line in text.splitlines()]
    seen = collections.Counter(flow["client"] for flow in flows)
    check(set(seen) == {f"{address}:{port}" for address, port in clients(ports)} and
          set(seen.values()) == {1}, "not every client once")
    check(len({(flow["local"], flow["backend"]) for flow in flows}) == count, "a place is there twice")
    each = collections.Counter(flow["backend_name"] for flow in flows)
    for name in BACKENDS:
        lines, seconds = timed(headrace, lab, f"$H show flows --backend dns/{name} | wc -l")
        check(int(lines) == each[f"dns/{name}"] + 1, f"{name}: {lines}")
    lines, seconds = timed(headrace, lab, "$H show flows --client 203.0.113.7:10007 | wc -l")
    lab.notes.append(f"one of them by its client in {seconds:.2f} s")
    check(int(lines) == 2, f"{lines} lines for one client")

    for what, wanted in (("--backend dns/a", each["dns/a"]), ("--all", each["dns/b"])):
        watch = Watch(headrace)
        said, seconds = timed(headrace, lab, f"$H flush flow {what}")
        longest = watch.end()
        check(said == f"{wanted:,} flows ended\n", f"{what}: {said}, not {wanted}")
        lab.notes.append(f"flush {what}: {wanted:,} flows in {seconds:.2f} s; the API answered others "
                         f"within {longest:.1f} ms meanwhile ({watch.asked} times)")
    check(headrace.flows() == [] and headrace.services()["dns"]["flows"] == 0, "some are left")
    check(headrace.get("/v1/workers")["workers"][0]["flushed"] == count, "the worker ended others")
