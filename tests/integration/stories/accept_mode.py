# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors

"""Without accept mode Linux answers nobody for a group's addresses but neighbours; services go on.

The topology is that of lab/standby.py, with instances of both families.
"""

from lab import check, wait_for
from lab.addressing import LAN, WAN
from lab.processes import CommandFailed
from lab.standby import GATEWAY, NUMBERS, VIRTUAL, Pair
from lab.talks import Talks, serve_echo
from lab.waiting import pass_time

PORT = 8088  # of a program on the node, at all its addresses


# Exits with 0 when an echo request (of sum, identifier and number zero) is answered within 0.3 s.
ECHO = """
import socket, sys
address, six = sys.argv[1], ":" in sys.argv[1]
talk = socket.socket(socket.AF_INET6 if six else socket.AF_INET, socket.SOCK_RAW,
                     socket.IPPROTO_ICMPV6 if six else socket.IPPROTO_ICMP)
talk.settimeout(0.3)
talk.connect((address, 0))
talk.send(bytes.fromhex("8000000000000000" if six else "0800f7ff00000000"))
while talk.recv(100)[0 if six else 20] != (129 if six else 0):
    pass
"""
# Exits with 0 when a connection is taken as soon.
CONNECT = "import socket, sys; socket.create_connection((sys.argv[1], int(sys.argv[2])), 0.3)"


def succeeds(host, *words):
    """Does a program of Python, run there, end well?"""
    try:
        host.run("/usr/bin/python3", "-c", *words)
    except CommandFailed as failure:
        check("timed out" in str(failure), f"it failed otherwise: {failure}")
        return False
    return True


def answers(host, address):
    """A ping."""
    return succeeds(host, ECHO, address)


def connects(host, address):
    """To the program on the node."""
    return succeeds(host, CONNECT, address, PORT)


def set_accept(pair, accept):
    """On both nodes, while they run."""
    for node in pair.nodes:
        instances = [{**each, "accept": accept}
                     for each in pair.configuration(0)["vrrp_groups"][0]["instances"]]
        node.configure(instances=instances)
        node.headrace.reload()
    wait_for(lambda: all(answers(host, address) == accept for host, address in virtual(pair)),
             f"the addresses to be {'open' if accept else 'closed'}")


def virtual(pair):
    """Who asks for which of the group's addresses."""
    for family in pair.families:
        yield pair.client, WAN[family].format(VIRTUAL)
        yield pair.backends[0], LAN[family].format(GATEWAY)


def check_neighbours(host, interface, address, mac):
    """Its MAC is told, to whoever asks all, and to a neighbour that asks it alone whether it is there still."""
    host.ip(f"neigh flush to {address} dev {interface}")
    answers(host, address)

    def entry():
        return host.run("ip", "neigh", "show", "to", address, "dev", interface)
    wait_for(lambda: mac in entry() and "REACHABLE" in entry(), f"{address} to be resolved")
    host.sysctl(**{f"net/ipv6/neigh/{interface}/mcast_solicit": 0})
    host.ip(f"neigh replace {address} lladdr {mac} dev {interface} nud probe")
    wait_for(lambda: mac in entry() and "REACHABLE" in entry(), f"{address} to answer one that knows it")
    host.sysctl(**{f"net/ipv6/neigh/{interface}/mcast_solicit": 3})


def story(lab):
    """Open, closed, open again; connections through the balancer all the while."""
    pair = Pair(lab, family=6)
    serve_echo(pair)
    for node in pair.nodes:
        node.configure()
        node.start()
    pair.wait_active(0)
    for node in pair.nodes:
        node.headrace.wait_ready()
    host = pair.nodes[0].host
    server = host.spawn("server", ["/usr/bin/python3", "-m", "http.server", "--bind", "::", PORT])
    wait_for(lambda: host.run("ss", "-Hltn", f"sport = :{PORT}"), "the program to listen")
    talks = Talks(pair.client)
    talks.open(pair.service_address(), 80, 20, every=0.1)
    set_accept(pair, True)
    for asker, address in virtual(pair):
        wait_for(lambda asker=asker, address=address: connects(asker, address), f"a program at {address}")
    set_accept(pair, False)
    for asker, address in virtual(pair):
        check(not connects(asker, address), f"{address} is closed, and a program took a connection there")
        check_neighbours(asker, "eth0", address, host.mac("wan" if asker is pair.client else "lan"))
    for family in pair.families:
        # What they route, and the node's own addresses, are nobody's business here.
        own, backend = WAN[family].format(NUMBERS[0]), pair.backends[0].addresses[family]
        pair.client.ip(f"route add {backend} via {own}")
        for address in (own, backend):
            wait_for(lambda address=address: answers(pair.client, address), f"{address}, which is open, to answer")
    talks.open(pair.service_address(), 80, 20)
    pass_time(0.5, alive=[server])
    set_accept(pair, True)
    talks.still()
    talks.check()

