# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors

"""Other plans for headrace-vrrp at work, and interfaces that change under it."""

import contextlib
import signal
import socket
import time

from lab import check, wait_for
from lab.vrrp import Node, Site, held, one_active
from lab.vrrp_plan import group, instance
from lab.waiting import pass_time

MOVED = "192.0.2.200"


def story_moved(lab):
    """An address moves to another group, both served here: whoever gives that up has it no more."""
    site = Site(lab)
    nodes = [Node(lab, namespace.name, namespace) for namespace in site.nodes]

    def plans(*extra):
        for at, node in enumerate(nodes):
            node.plan(*(group(f"g{number}", [instance(number, "eth1", [f"192.0.2.{100 + number}", *(
                [MOVED] if number in extra else [])])], number=number, priority=(150, 100)[at], pair=True)
                for number in (1, 2)))
    plans(1)
    for node in nodes:
        node.start()
    first, second = nodes
    for to in (2, 1):
        for number in (1, 2):
            first.becomes("active", number=number)
        plans(to)
        wait_for(lambda: first.report.group(to)["addresses"] == 2, "the address to move")
        pass_time(0.3, alive=[first.process])
        check(MOVED in held(first.namespace), "it was lost")
        check(first.tell(f"release g{to}") == "ok", "it would not")
        wait_for(lambda: MOVED in held(second.namespace), "the other to have it")
        wait_for(lambda: first.report.group(to)["addresses"] == 0, "all to be given up")
        pass_time(0.3, alive=[first.process])
        check(MOVED not in held(first.namespace), f"{MOVED} was left, from {to}")
        check(first.tell(f"take g{to}") == "ok", "it would not")
        wait_for(lambda: first.state(to) == "active" and MOVED not in held(second.namespace), "the first to have it")


def story_replaced(lab):
    """A group that has a former one's number, and nothing else of it, begins anew."""
    site = Site(lab)
    first, second = site.pair(pair=True)
    first.start().becomes("active")
    second.start()
    check(first.tell("release main") == "ok", "it would not")
    second.becomes("active")
    for at, node in enumerate((first, second)):
        node.plan(group("other", [instance(60, "eth1", ["192.0.2.160"])], priority=(150, 100)[at], pair=True))
    wait_for(lambda: one_active((first, second)), "one to be active")
    check(not first.report.group()["released"], "it is released, which nobody said")
    first.becomes("active")


def story_mtu(lab):
    """An MTU too small for IPv6 takes its addresses away, and the group that was joined with them."""
    site = Site(lab, families=(4, 6))
    first, second = site.pair(vips=["2001:db8:1::100"])
    first.start().becomes("active")
    second.start()
    wait_for(lambda: second.report.instance()["received"] > 2, "it to hear the first")
    second.namespace.ip("link set eth1 mtu 1200")
    second.becomes("fault")
    second.namespace.ip("link set eth1 mtu 1500")
    second.becomes("backup", 10)
    pass_time(1.5, alive=[second.process])
    check(one_active((first, second)), f"{first.state()}, {second.state()}")


def story_remade(lab):
    """The interface of an address that is not advertised is made anew: the address is put there."""
    site = Site(lab)
    node = Node(lab, "n1", site.nodes[0])
    make = ["link add pool0 type veth peer name pool1", "link set pool0 up", "link set pool1 up"]
    node.namespace.ip(*make)
    node.plan(group("main", [instance(51, "eth1", ["192.0.2.100"])], addresses=[("203.0.113.5", "pool0")]))
    node.start().becomes("active")
    wait_for(lambda: "203.0.113.5" in held(node.namespace), "the address to be there")
    node.namespace.ip("link del pool0")
    wait_for(lambda: node.report.group()["addresses"] == 1, "it to be missed")
    node.namespace.ip(*make)
    wait_for(lambda: "203.0.113.5" in held(node.namespace), "the address to be put back", 3)


def story_overrun(lab):
    """News that it missed, since too many came while it stood still: what others took is put back."""
    site = Site(lab)
    node = Node(lab, "n1", site.nodes[0])
    node.plan(group("main", [instance(51, "eth1", ["192.0.2.100"])]))
    node.start().becomes("active")
    wait_for(lambda: "192.0.2.100" in held(node.namespace), "the address to be there")
    node.process.signal(signal.SIGSTOP)
    batch = lab.directory / "batch"
    lines = [f"addr add 10.9.{at // 250}.{at % 250 + 1}/32 dev lo" for at in range(5000)]
    batch.write_text("\n".join(lines + [line.replace("add ", "del ") for line in lines] + ["addr del 192.0.2.100/32 dev eth1"]), encoding="ascii")
    node.namespace.run("ip", "-batch", batch)
    node.process.signal(signal.SIGCONT)
    wait_for(lambda: "192.0.2.100" in held(node.namespace), "the address to be put back", 3)


def story_nowhere(lab):
    """More addresses than are put at once cannot be: those behind them are, and it rests."""
    site = Site(lab)
    node = Node(lab, "n1", site.nodes[0])
    node.plan(group("main", [instance(51, "eth1", ["192.0.2.100"])], addresses=[
        *((f"203.0.113.{at}", "nowhere0") for at in range(1, 41)), ("203.0.113.100", "lo")]))
    node.start().becomes("active")
    wait_for(lambda: "203.0.113.100" in held(node.namespace), "the last address to be there", 2)
    check("No such device" in node.log(), node.log())

    def ticks():
        with open(f"/proc/{node.process.pid}/stat", encoding="ascii") as file:
            return sum(int(word) for word in file.read().split()[13:15])
    before = ticks()
    pass_time(1, alive=[node.process])
    check(ticks() - before < 10, f"it worked for {ticks() - before} hundredths of a second")


def story_told_both(lab):
    """A plan and a release in one turn: the last word is one that the other takes."""
    site = Site(lab, families=(4, 6))
    first, second = site.pair(vips=["2001:db8:1::100"], pair=True)
    first.start().becomes("active")
    second.start()
    wait_for(lambda: second.report.instance()["received"] > 2, "it to hear the first")
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)) for _ in range(2)]
        for client in clients:
            client.connect(str(first.run_dir / "vrrp.sock"))
        first.process.signal(signal.SIGSTOP)
        clients[0].send(b"plan")
        clients[1].send(b"release main")
        first.process.signal(signal.SIGCONT)
        check([client.recv(128) for client in clients] == [b"ok", b"ok"], "it would not")
    second.becomes("active")
    check(second.report.instance()["faults"]["checksum"] == 0, f"{second.report.instance()}")
    check("gave up" in second.report.group()["reason"], second.report.group()["reason"])


def story_intervals(lab):
    """One instance advertises more often than the other: the group does, and is missed as soon."""
    site = Site(lab, links=2)
    nodes = []
    for at, namespace in enumerate(site.nodes):
        nodes.append(Node(lab, namespace.name, namespace))
        nodes[at].plan(group("main", [instance(51, "eth1", ["192.0.2.100"], interval=2000),
                                      instance(52, "eth2", ["198.51.100.100"], interval=100)],
                             priority=(150, 100)[at]))
    first, second = nodes
    first.start().becomes("active", 12)
    second.start()
    wait_for(lambda: second.report.instance(1)["received"] > 2, "it to hear the first")
    began = time.monotonic()
    first.process.kill()
    second.becomes("active", 12)
    check(second.report.since() - began < 0.6, f"it took {second.report.since() - began:.1f} s")


def story_second_address(lab):
    """An interface gets one more address of its own: peers go on knowing the node by theirs."""
    site = Site(lab, families=(4, 6))
    peers = ["2001:db8:1::1", "2001:db8:1::2"]
    nodes = [Node(lab, namespace.name, namespace) for namespace in site.nodes]
    for at, node in enumerate(nodes):
        node.plan(group("main", [instance(51, "eth1", ["2001:db8:1::100"], peers=peers)], priority=(150, 100)[at]))
    first, second = nodes
    first.start().becomes("active")
    second.start()
    wait_for(lambda: second.report.instance()["received"] > 2, "it to hear the first")
    first.namespace.ip("addr add 2001:db8:1::77/64 dev eth1 nodad")
    pass_time(1, alive=[first.process])
    check(one_active(nodes), f"{first.state()}, {second.state()}: {second.report.instance()['faults']}")


def story_mac(lab):
    """The interface gets another MAC address: who knew the old one is told."""
    site = Site(lab)
    node = Node(lab, "n1", site.nodes[0])
    node.plan(group("main", [instance(51, "eth1", ["192.0.2.100"])]))
    node.start().becomes("active")
    wait_for(lambda: node.report.instance()["gratuitous"] == 3, "three rounds")
    node.namespace.ip("link set eth1 address 02:00:00:00:00:77")
    wait_for(lambda: node.report.instance()["gratuitous"] > 3, "one more", 3)


def story_big(lab):
    """A big group comes, changes and goes beside one of short intervals: that never misses its lease."""
    site = Site(lab)
    node = Node(lab, "n1", site.nodes[0])
    small = group("small", [instance(51, "eth1", ["192.0.2.100"], interval=20)])
    addresses = [f"10.{at >> 8}.{at & 255}.1" for at in range(3000)]

    def big(priority):
        return group("big", [instance(52, "eth1", addresses)], number=2, priority=priority)
    node.plan(small)
    node.start().becomes("active")
    for plan in ((small, big(100)), (small, big(110)), (small,)):
        node.plan(*plan)
        wait_for(lambda: node.state(2) == "none" or node.report.group(2)["addresses"] == 3000, "the plan to be done", 20)
        wait_for(lambda sent=node.report.instance()["sent"]: node.report.instance()["sent"] > sent + 2, "more adverts")
        check(node.report.group()["lease_lost"] == 0, "it was late")


def story_quiet(lab):
    """Plans without new addresses, as backends come and go, are no reason to announce those there are."""
    site = Site(lab)
    node = Node(lab, "n1", site.nodes[0])

    def plan(lowered, *more):
        node.plan(group("main", [instance(51, "eth1", ["192.0.2.100", *more])], lowered=lowered))
    plan(0)
    node.start().becomes("active")
    wait_for(lambda: node.report.instance()["gratuitous"] == 3, "three rounds")
    for lowered in (1, 2, 3):
        plan(lowered)
        pass_time(0.1, alive=[node.process])
    wait_for(lambda: node.report.group()["priority"] == 97, "it to go by the last one")
    pass_time(1.1, alive=[node.process])
    check(node.report.instance()["gratuitous"] == 3, f"{node.report.instance()}")
    plan(3, "192.0.2.101")
    wait_for(lambda: node.report.instance()["gratuitous"] == 9, "three rounds of two")


def story_signalled(lab):
    """SIGUSR1, which is for the control plane: a service manager may send it to all that it started."""
    site = Site(lab)
    node = Node(lab, "n1", site.nodes[0])
    node.plan(group("main", [instance(51, "eth1", ["192.0.2.100"])]))
    node.start().becomes("active")
    node.process.signal(signal.SIGUSR1)
    pass_time(0.3, alive=[node.process])
    check(node.state() == "active" and node.report.lease() > 0, "it was disturbed")


def story_same_number(lab):
    """An interface is removed and made anew with its number, before anyone looks: it is listened to again."""
    site = Site(lab)
    node = Node(lab, "n1", site.nodes[0])
    make = ["link add made0 index 77 type veth peer name made1", "link set made0 up", "link set made1 up",
            "addr add 10.1.1.1/24 dev made0"]
    node.namespace.ip(*make)
    node.plan(group("main", [instance(51, "made0", ["10.1.1.100"])]))
    node.start().becomes("active")
    batch = lab.directory / "batch"
    batch.write_text("\n".join(["link del made0", *make]), encoding="ascii")
    node.process.signal(signal.SIGSTOP)
    node.namespace.run("ip", "-batch", batch)
    node.process.signal(signal.SIGCONT)
    wait_for(lambda: "224.0.0.18" in node.namespace.run("ip", "maddr", "show", "dev", "made0"), "it to listen", 3)
    wait_for(lambda: node.state() == "active" and "10.1.1.100" in held(node.namespace), "it to serve")
