#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors

"""The benchmark: ./bootstrap bench [--runs N] [NAME ...].

A JSON object a line on standard output, a table and how far it has come on standard error.
docs/performance.md says what is measured, and how. The rows of the engine are engine_bench's; here
are those of whole programs:

    file.pcap, over and over --> wan [headrace-dataplane] --> dropped by the driver
                             --> [dpdk-testpmd, 5tswap]   --> dropped by the driver
"""

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import time
from pathlib import Path

from lab import Headrace, Lab, Namespace, wait_for
from lab import leftovers

PCAP_HEAD = bytes.fromhex("d4c3b2a1" "0200" "0400" "00000000" "00000000" "00000100" "01000000")
VIP, ROUTER_MAC = "198.51.100.10", "02:00:00:00:00:77"
BACKENDS = [f"10.0.0.{number}" for number in range(11, 21)]
SIZES = {"1k": 1000, "64k": 65000}
SECONDS = 2
TESTPMD_BUFFERS = 81920


def checksum(header):
    """Of an IPv4 header whose own is 0."""
    total = sum(int.from_bytes(header[i:i + 2], "big") for i in range(0, len(header), 2))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return (~total & 0xffff).to_bytes(2, "big")


def write_flows(path, count):
    """A datagram of 64 bytes of each of so many clients to the service."""
    vip = bytes(map(int, VIP.split(".")))
    ethernet = bytes.fromhex("020000000001" + ROUTER_MAC.replace(":", "") + "0800")
    with open(path, "wb") as out:
        out.write(PCAP_HEAD)
        for number in range(count):
            source = bytes((203, 0, 113 + number // 50000, 1 + number // 200 % 250))
            port = (10000 + number % 200 + number // 50000).to_bytes(2, "big")
            head = bytes.fromhex("4500002e0000000040110000") + source + vip
            head = head[:10] + checksum(head) + head[12:]
            frame = ethernet + head + port + bytes.fromhex("0035001a0000") + bytes(18)
            out.write(bytes(8) + len(frame).to_bytes(4, "little") * 2 + frame)


def config(pcap, flows):
    """Full NAT of UDP, in and out of the one port."""
    return {
        "dataplane": {
            "ports": [{"name": "wan", "device": f"pcap:{pcap},repeat"}],
            "flows_per_worker": max(1024, flows * 5 // 4), "flows_per_worker_ipv6": 1024,
            "idle": "poll",
            "next_hops": [{"address": address, "mac": f"02:00:00:00:01:{number:02x}", "port": "wan"}
                          for number, address in enumerate(BACKENDS)]},
        "local_pools": [{"name": "snat", "addresses": ["10.0.0.250", "10.0.0.251"]}],
        "services": [{
            "name": "dns", "addresses": [VIP], "ports": ["53"], "protocol": "udp",
            "forwarding": "full-nat", "local_pool": "snat", "health_check": {"type": "none"},
            "backends": [{"name": f"b{number}", "address": address, "port": 5300}
                         for number, address in enumerate(BACKENDS)]}],
    }


def sent_a_second(sent):
    """Of a counter that is read now and some seconds later."""
    before, began = sent(), time.monotonic()
    time.sleep(SECONDS)
    after, ended = sent(), time.monotonic()
    return (after - before) / (ended - began)


def run_headrace(build, pcap, flows):
    """Packets sent a second with all flows established, and the flows in its table."""
    lab = Lab(build)
    try:
        headrace = Headrace(lab, Namespace(lab, "bench"), config(pcap, flows))
        headrace.start_controlplane()
        headrace.start_dataplane()
        headrace.wait_ready()
        wait_for(lambda: headrace.status()["dataplane"]["workers"][0]["flows"] >= flows, "all flows to be there")
        time.sleep(0.5)
        rate = sent_a_second(lambda: headrace.status()["accounts"]["sent"])
        return rate, headrace.status()["dataplane"]["workers"][0]["flows"]
    finally:
        for trouble in lab.close():
            print(f"clean-up: {trouble}", file=sys.stderr)


def run_testpmd(pcap):
    """Packets sent a second by testpmd, which exchanges addresses and ports."""
    cpus = sorted(os.sched_getaffinity(0))
    argv = ["dpdk-testpmd", "-l", f"{cpus[0]},{cpus[-1]}", "--main-lcore", str(cpus[0]), "--no-pci",
            "--in-memory", "--no-huge", "-m", "420", f"--vdev=net_pcap0,rx_pcap={pcap},infinite_rx=1",
            "--", "--forward-mode=5tswap", f"--total-num-mbufs={TESTPMD_BUFFERS}",
            "--no-lsc-interrupt", "--nb-cores=1", "--burst=32", "--stats-period=1", "--auto-start",
            "--no-flush-rx", "--no-mlockall"]
    argv[argv.index("--in-memory")] = "--iova-mode=va"
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          stdin=subprocess.DEVNULL) as child:
        rates = []
        for line in child.stdout:
            found = re.search(r"Tx-pps:\s+(\d+)", line)
            if found:
                rates.append(int(found.group(1)))
            if len(rates) >= SECONDS + 3:
                break
        child.terminate()
        child.stdout.read()
    if len(rates) < 4:
        raise RuntimeError("dpdk-testpmd told no rates; is it the distribution's, and /run writable?")
    return statistics.median(rates[2:])


def vdev_row(build, name, flows, runs):
    """One after the other, as often as asked; the line, and the table's."""
    pcap = Path(f"/dev/shm/headrace-bench-{os.getpid()}.pcap")
    write_flows(pcap, flows)
    ours, theirs, in_table = [], [], 0
    try:
        for _ in range(runs):
            rate, in_table = run_headrace(build, pcap, flows)
            ours.append(rate)
            theirs.append(run_testpmd(pcap))
    finally:
        pcap.unlink()
    ratios = sorted(a / b for a, b in zip(ours, theirs))
    print(json.dumps({
        "name": name, "per_second": round(statistics.median(ours)), "flows": in_table, "runs": runs,
        "min": round(min(ours)), "median": round(statistics.median(ours)), "max": round(max(ours)),
        "testpmd_per_second": round(statistics.median(theirs)),
        "ratio": round(statistics.median(ratios), 3)}), flush=True)
    print(f"{name:36} {min(ours):14.0f} {statistics.median(ours):14.0f} {max(ours):14.0f}  per_second"
          f"      testpmd {statistics.median(theirs):.0f}, ratio {statistics.median(ratios):.2f}",
          file=sys.stderr, flush=True)


def main():
    """The engine's rows, then those of whole programs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=Path, required=True)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("names", nargs="*", help="rows whose names contain one of these")
    arguments = parser.parse_args()
    began = time.monotonic()
    leftovers.remove_dead_runs()
    names = {f"vdev.pcap.{size}": flows for size, flows in SIZES.items()
             if not arguments.names or any(word in f"vdev.pcap.{size}" for word in arguments.names)}
    status = 0
    if not arguments.names or len(names) < len(arguments.names):
        status = subprocess.run([arguments.build / "tests/bench/engine_bench", "--runs",
                                 str(arguments.runs), *arguments.names], check=False).returncode
    for name, flows in names.items():
        vdev_row(arguments.build, name, flows, arguments.runs)
    print(f"bench: {time.monotonic() - began:.0f} s", file=sys.stderr)
    return status


if __name__ == "__main__":
    sys.exit(main())
