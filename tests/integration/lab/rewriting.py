# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors

"""What tcprewrite (IPv4) and scapy (IPv6) make of packets that were sent, beside what came out."""

import collections

from scapy.layers.inet import TCP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import Ether

from . import frames
from .captures import read_pcap, write_pcap
from .lab import check
from .processes import run
from .traffic import OTHER


def _mac(frame, at):
    return frame[at:at + 6].hex(":")


def _pairs(played, family, what):
    """(step, frame sent, frame that came out) of steps of a kind that are one packet each, in the order sent."""
    for (side, number), (step, sent) in played.sent.items():
        if step.what in what and step.flow.family == family:
            got = played.got[OTHER[side], number]
            check(len(got) == 1, f"{len(got)} frames came out for one of {step.flow.key}")
            yield step, sent[0], got[0]


def _rewrite(folder, sides, routes, packets):
    """tcprewrite over frames of flows that differ in their ports only; routes: (as sent, as it must become)."""
    before, after = folder / "before.pcap", folder / "after.pcap"
    write_pcap(before, packets)
    maps = [{(old[end][part], new[end][part]) for old, new in routes} for end, part in
            ((0, 0), (1, 0), (0, 1), (1, 1))]
    source, destination = ([f"{old}/32:{new}/32" for old, new in maps[i]] for i in (0, 1))
    ports = sorted(f"{old}:{new}" for old, new in maps[2] | maps[3] if old != new)
    run(["tcprewrite", "-i", before, "-o", after, f"--srcipmap={','.join(source)}",
         f"--dstipmap={','.join(destination)}", *([f"--portmap={','.join(ports)}"] if ports else []), "--fixcsum",
         "--ttl=-1", f"--enet-smac={sides[0]}", f"--enet-dmac={sides[1]}"])
    return [frame for _, frame in read_pcap(after)]


def _runs(rows):
    """Rows of (old, new, ...) dealt out so that in each part a port becomes one port only: tcprewrite's map of
    ports knows neither protocols nor directions, and two flows may have the same port at different ends."""
    runs = []
    for row in rows:
        old, new = row[:2]
        ports = {old[end][1]: new[end][1] for end in (0, 1)}
        for known, part in runs:
            if all(known.get(port, to) == to for port, to in ports.items()):
                break
        else:
            known, part = {}, []
            runs.append((known, part))
        known.update(ports)
        part.append(row)
    return [part for _, part in runs]


def against_tcprewrite(played, folder):
    """Byte for byte: every packet of IPv4 whose sums are there and right; how many these were."""
    groups = collections.defaultdict(list)
    for step, sent, got in _pairs(played, 4, ("plain",)):
        if step.flow.protocol == "udp" and sent[40:42] == b"\0\0":
            continue  # tcprewrite would give it a checksum
        old, new = step.flow.route(step.side, step.side), step.flow.route(step.side, OTHER[step.side])
        # Of one address nothing else can be made in one run.
        groups[step.side, *(route[end][0] for route in (old, new) for end in (0, 1))].append((old, new, sent, got))
    count = 0
    for rows in (run for group in groups.values() for run in _runs(group)):
        macs = _mac(rows[0][3], 6), _mac(rows[0][3], 0)
        made = _rewrite(folder, macs, [row[:2] for row in rows], [row[2] for row in rows])
        check(len(made) == len(rows), f"tcprewrite made {len(made)} frames of {len(rows)}")
        for (old, _, sent, got), wanted in zip(rows, made):
            if wanted[23] == frames.UDP and wanted[40:42] == b"\0\0":
                # It writes a sum of zero as it is, which says that there is none: RFC 768 wants all ones.
                wanted = wanted[:40] + b"\xff\xff" + wanted[42:]
            check(got == wanted, f"{old}: sent {sent.hex()}, came {got.hex()}, tcprewrite makes {wanted.hex()}")
            count += 1
    return count


def against_scapy(played, every):
    """Byte for byte: one packet of so many of IPv6, sums made anew by scapy; how many these were."""
    count = 0
    for step, sent, got in list(_pairs(played, 6, ("plain", "extension-headers")))[::every]:
        frame, (source, destination) = Ether(sent), step.flow.route(step.side, OTHER[step.side])
        transport = TCP if step.flow.protocol == "tcp" else UDP
        frame.dst, frame.src = _mac(got, 0), _mac(got, 6)
        frame[IPv6].src, frame[IPv6].dst = source[0], destination[0]
        frame[IPv6].hlim -= 1
        frame[transport].sport, frame[transport].dport = source[1], destination[1]
        del frame[transport].chksum
        check(bytes(frame) == got, f"sent {sent.hex()}, came {got.hex()}, scapy makes {bytes(frame).hex()}")
        count += 1
    return count
