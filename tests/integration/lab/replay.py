# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors

"""Packets put on the links of client and backend, past their kernels, and what comes out on either side."""

import collections
import select
import socket
import time

from . import frames
from .traffic import BACKEND, CLIENT, OTHER

# The kernels there neither answer nor forward what was never theirs.
QUIET = """table netdev quiet { chain c { type filter hook ingress device "eth0" priority 0;
    meta l4proto { tcp, udp, icmp } drop; icmpv6 type { 1, 2, 3, 4 } drop; exthdr frag exists drop; }; }"""
FRESH = "table netdev quiet; delete table netdev quiet; "
ETH_P_ALL = 0x0003
SOL_PACKET, PACKET_IGNORE_OUTGOING = 263, 23
SO_RCVBUFFORCE = 33
ROOM = 64 << 20
TYPES = {4: b"\x08\x00", 6: b"\x86\xdd"}
CERTAIN = "plain", "wrong-checksum", "icmp", "icmp-router"  # what comes out of whatever translates
TOLD_OF = ("ttl-1",)  # of which the box in the middle tells the sender
AT_ONCE = 64       # frames under way, so that no queue runs over
LONGEST = 5        # seconds, at the end, on a busy machine
PATIENCE = 0.3     # seconds, for what does not come


class Side:
    """A host's end of its link."""

    def __init__(self, namespace, gateway_mac):
        namespace.nft(FRESH + QUIET)
        self.socket = namespace.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        self.socket.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
        self.socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, ROOM)
        self.socket.bind(("eth0", ETH_P_ALL))
        self.socket.setblocking(False)
        self.head = b"".join(bytes.fromhex(mac.replace(":", "")) for mac in (gateway_mac, namespace.mac("eth0")))

    def put(self, packet):
        """Sends an IP packet to the balancer; returns the frame."""
        frame = self.head + TYPES[packet[0] >> 4] + packet
        self.socket.send(frame)
        return frame

    def close(self):
        """No more of it; the kernel stays quiet."""
        self.socket.close()

    def take(self):
        """The frames that have come and are somebody's traffic."""
        taken = []
        while True:
            try:
                frame = self.socket.recv(65536)
            except BlockingIOError:
                return taken
            if is_traffic(frames.trim(frame)):
                taken.append(frame)


def is_traffic(packet):
    """IP, and of IPv6 nothing that hosts and routers of a link tell each other."""
    if not packet:
        return False
    if packet[0] >> 4 == 4:
        return True
    at = 48 if packet[6] == 0 and packet[40] == frames.ICMPV6 else 40  # multicast reports have a router alert
    return not (frames.ICMPV6 in (packet[6], packet[40] if at == 48 else None) and 130 <= packet[at] <= 143)


class Played:
    """What went in and came out: frames by side and number."""

    def __init__(self, sides):
        self.sides = sides
        self.sent = {}                                # (side, number): (step, frames)
        self.got = collections.defaultdict(list)      # (side, number of what was sent): frames
        self.pieces = {}                              # (side, datagram): frames of fragments
        self.frames_got = {CLIENT: [], BACKEND: []}

    def send(self, step):
        """Puts all packets of a step on its link."""
        self.sent[step.side, step.number] = step, [self.sides[step.side].put(packet) for packet in step.sent()]

    def take(self):
        """Whatever has come."""
        for name, side in self.sides.items():
            for frame in side.take():
                self.frames_got[name].append(frame)
                packet = frames.trim(frame)
                if frames.is_fragment(packet):
                    self.pieces.setdefault((name, frames.datagram_of(packet)), []).append(frame)
                else:
                    self.got[name, self._about(name, packet)].append(frame)

    def put_together(self):
        """Files fragments under the number that their datagram begins with: their identification may be a fresh one."""
        for (name, _), some in self.pieces.items():
            datagram, = frames.whole(some)
            self.got[name, frames.payload_number(datagram) if datagram else None] += some

    def _about(self, side, packet):
        """The number of a packet; of an error that the box in the middle has made, that of the packet inside."""
        is_ipv6 = packet[0] >> 4 == 6
        at = 40 if is_ipv6 else (packet[0] & 15) * 4
        number = frames.number_of(packet)
        if packet[6 if is_ipv6 else 9] != (frames.ICMPV6 if is_ipv6 else frames.ICMP):
            return number
        # An end makes errors about plain packets only. The identification of one made in the middle is anybody's.
        inside = frames.number_of(packet[at + 8:])
        step, _ = self.sent.get((side, inside), (None, None))
        return inside if step and step.what in TOLD_OF else number

    def has(self, step):
        """Has something come out for it, on the other side?"""
        return (OTHER[step.side], step.number) in self.got


def play(sides, steps, played):
    """Sends the steps in their order, few at a time, and takes what comes out; does not wait for what need not come."""
    poll = select.poll()
    for side in sides.values():
        poll.register(side.socket, select.POLLIN)

    def take_until(over, seconds):
        deadline = time.monotonic() + seconds
        while not over() and (left := deadline - time.monotonic()) > 0:
            poll.poll(left * 1000)
            played.take()

    def all_there(some):
        return all(step.what not in CERTAIN or played.has(step) for step in some)
    for first in range(0, len(steps), AT_ONCE):
        few = steps[first:first + AT_ONCE]
        for step in few:
            played.send(step)
        take_until(lambda few=few: all_there(few), PATIENCE)
    take_until(lambda: all_there(steps), LONGEST)
    take_until(lambda: False, PATIENCE)  # fragments, and what the box in the middle says itself
