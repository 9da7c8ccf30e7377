# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors

"""Network cards, played (tools/card.c): what the ports of a balancer are when they are no interfaces.

    wire wan ---- card ==== memif, a queue for each worker ==== headrace ---- tap hr-wan

The wires end in a namespace of their own, where no kernel answers: the port is the dataplane's alone, as
a PCI device is. What is Linux's comes out of the tap. That comes and goes with the dataplane, so that
something has to give it its addresses each time, and ARP, which Headrace leaves off: on a real machine
its network configuration, here a thread that waits until the dataplane runs.
"""

import json
import os
import random
import signal
import threading

from .addressing import BALANCER, assign
from .processes import CommandFailed
from .topology import Namespace
from .waiting import Late, wait_for

RETA_SIZE = 128
# The one of Microsoft's "Verifying the RSS Hash Calculation".
KEY = ("6d:5a:56:da:25:5b:0e:c2:41:67:25:3d:43:a3:8f:b0:d0:ca:2b:cb:"
       "ae:7b:30:b4:77:cb:2d:a3:80:30:f2:0c:6a:42:b7:3b:be:ac:01:fa")
MEMORY, MEMORY_JUMBO = 48, 96  # MiB
MAC = "02:48:52:00:00:{:02x}"  # of a memif port, by its number


def other_key():
    """A key that is as good as any, and not the usual one."""
    return random.Random(5).randbytes(40).hex(":")


class Card:
    """One of them: its wire, its redirection table, its counts."""

    def __init__(self, cards, name, queues, key):
        self.lab, self.name, self.queues = cards.lab, name, queues
        self.socket = self.lab.directory / f"{name}.memif"
        self.reta_file = self.lab.directory / f"{name}.reta.txt"
        key_file = self.lab.directory / f"{name}.key.txt"
        key_file.write_text(key + "\n", encoding="ascii")
        self.reta = [entry % queues for entry in range(RETA_SIZE)]
        self._write_reta()
        cpus = ",".join(map(str, os.sched_getaffinity(0)))
        self.process = cards.namespace.spawn(f"card-{name}", [
            self.lab.tool("card"), "--no-huge", "--no-shconf", "-m", MEMORY_JUMBO if cards.mtu else MEMORY, "--no-pci", "--no-telemetry",
            "--iova-mode", "va", "--lcores", f"0@({cpus})", "--file-prefix",
            f"card-{os.getpid()}-{name}", "--log-level", "pmd.net.memif:error", "--",
            name, self.socket, queues, key_file, self.reta_file, *(["jumbo"] if cards.mtu else [])])
        wait_for(self.socket.exists, f"the card {name} to listen")

    def _write_reta(self):
        self.reta_file.write_text(" ".join(map(str, self.reta)) + "\n", encoding="ascii")

    def set_reta(self, reta):
        """Another redirection table, at once: what `ethtool -X` does."""
        self.reta = list(reta)
        self._write_reta()
        self.process.signal(signal.SIGHUP)
        self.counts()  # it reads before it tells

    def counts(self):
        """Frames by queue that the host was given and that were taken from it; dropped; is it there?"""
        before = self.process.output().count("\n")
        self.process.signal(signal.SIGUSR1)
        wait_for(lambda: self.process.ended() or self.process.output().count("\n") > before,
                 f"the card {self.name} to tell its counts", 5)
        return json.loads(self.process.output().splitlines()[-1])


class Cards:
    """All cards of a balancer, and what its Linux does with their taps."""

    def __init__(self, lab, balancer, families):
        self.lab, self.balancer, self.families = lab, balancer, families
        self.namespace = Namespace(lab, "cards")
        self.by_name = {}
        self.lines = []  # of ip, for the taps
        self.keys = {}  # of cards that hash by another one
        self.mtu = None  # of the ports, where it is more than the usual 1500

    def add_addresses(self, name, side):
        """The balancer's address on a side: on the port's tap, whenever that is there."""
        tap = f"hr-{name}"
        self.lines += [f"link set {tap} arp on multicast on", *assign(side, BALANCER, self.families, tap)]

    def follow(self, dataplane):
        """Once this dataplane runs, its taps are configured."""
        threading.Thread(target=self._configure, args=(dataplane,), daemon=True).start()

    def _configure(self, dataplane):
        def runs():
            return dataplane.ended() or "running after" in dataplane.errors()
        try:
            wait_for(runs, "the dataplane to run", 30, every=0.01)
            if not dataplane.ended():
                self.balancer.ip(*self.lines)
        except (CommandFailed, Late, OSError):
            pass  # it has ended meanwhile, or the story has

    def insert(self, names, queues):
        """One for each wire, with so many queues; returns the ports for the configuration."""
        for name in names:
            self.by_name[name] = Card(self, name, queues, self.keys.get(name, KEY))
        more = {"mtu": self.mtu} if self.mtu else {}
        return [{"name": name, "device": f"memif:{card.socket},queues={queues}", **more}
                for name, card in self.by_name.items()]

    def key_file(self):
        """The key the dataplane is to share packets out by."""
        file = self.lab.directory / "rss-key.txt"
        file.write_text(KEY + "\n", encoding="ascii")
        return file

    def connected(self):
        """Has each card a dataplane?"""
        return all(card.counts()["connected"] for card in self.by_name.values())

    def totals(self):
        """(frames the cards gave to the dataplane, frames on the wires that came from it)."""
        links = json.loads(self.namespace.run("ip", "-j", "-s", "link", "show"))
        return (sum(sum(card.counts()["given"]) for card in self.by_name.values()),
                sum(link["stats64"]["tx"]["packets"] for link in links if link["ifname"] in self.by_name))
