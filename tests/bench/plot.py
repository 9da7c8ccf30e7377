#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors

"""Draws docs/performance.svg from what ./bootstrap bench printed: plot.py <figures.json >plot.svg

Nanoseconds a packet over the number of flows, both axes logarithmic, with the peers' figures of
docs/performance.md beside them.
"""

import json
import math
import re
import sys

WIDTH, HEIGHT, LEFT, TOP, RIGHT, BOTTOM = 860, 520, 70, 30, 250, 60
X_RANGE, Y_RANGE = (500, 20e6), (10, 1000)
LINES = [("full-nat.v4", "#0b6e99", "Headrace, full NAT, IPv4"),
         ("full-nat.v6", "#7d3c98", "Headrace, full NAT, IPv6"),
         ("dnat.v4", "#2e8b57", "Headrace, dnat, IPv4")]
# (label, colour, [(flows, ns)]): measured elsewhere, see docs/performance.md
PEERS = [("DPVS 1.10.2, full NAT (13 ns of I/O)", "#b03a2e", [(1024, 184), (65536, 565)]),
         ("Katran, program alone, one way", "#ca6f1e", [(1024, 65), (65536, 345), (1048576, 491)]),
         ("Linux nftables, DNAT", "#7b7d7d", [(1024, 469), (65536, 713), (131072, 741)])]


def x_of(flows):
    """Where a number of flows lies."""
    share = math.log(flows / X_RANGE[0]) / math.log(X_RANGE[1] / X_RANGE[0])
    return LEFT + share * (WIDTH - LEFT - RIGHT)


def y_of(nanoseconds):
    """Where a time lies."""
    share = math.log(nanoseconds / Y_RANGE[0]) / math.log(Y_RANGE[1] / Y_RANGE[0])
    return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)


def line(points, colour, dashed=""):
    """A line through points, with a dot and its figure at each."""
    path = " ".join(f"{x_of(flows):.1f},{y_of(ns):.1f}" for flows, ns in points)
    yield f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"{dashed}/>'
    for flows, nanoseconds in points:
        x, y = x_of(flows), y_of(nanoseconds)
        yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{colour}"/>'
        yield f'<text x="{x:.1f}" y="{y - 8:.1f}" text-anchor="middle">{nanoseconds:.0f}</text>'


def axes():
    """Frame, ticks and names."""
    right, bottom = WIDTH - RIGHT, HEIGHT - BOTTOM
    yield f'<rect x="{LEFT}" y="{TOP}" width="{right - LEFT}" height="{bottom - TOP}" ' \
          'fill="none" stroke="#999"/>'
    for flows, text in ((1e3, "1k"), (1e4, "10k"), (1e5, "100k"), (1e6, "1M"), (1e7, "10M")):
        x = x_of(flows)
        yield f'<path d="M{x:.1f} {TOP}V{bottom}" stroke="#ddd"/>'
        yield f'<text x="{x:.1f}" y="{bottom + 18}" text-anchor="middle">{text}</text>'
    for nanoseconds in (10, 20, 50, 100, 200, 500, 1000):
        y = y_of(nanoseconds)
        yield f'<path d="M{LEFT} {y:.1f}H{right}" stroke="#ddd"/>'
        yield f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{nanoseconds}</text>'
    yield f'<text x="{(LEFT + right) / 2}" y="{bottom + 42}" text-anchor="middle">flows</text>'
    yield f'<text x="10" y="{TOP - 10}">ns a packet</text>'


def read_figures(text):
    """{"full-nat.v4": [(flows, ns), ...]} of the established rows."""
    found = {}
    for row in map(json.loads, text.splitlines()):
        match = re.match(r"engine\.established\.(.+)\.\w+$", row["name"])
        if match:
            found.setdefault(match.group(1), []).append((row["flows"], row["median"]))
    return {name: sorted(points) for name, points in found.items()}


def main():
    """Reads JSON lines, writes SVG."""
    figures = read_figures(sys.stdin.read())
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" '
           'font-family="sans-serif" font-size="12">',
           f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>', *axes()]
    legend = []
    for name, colour, label in LINES:
        if name in figures:
            out.extend(line(figures[name], colour))
            legend.append((label, colour))
    for label, colour, points in PEERS:
        out.extend(line(points, colour, ' stroke-dasharray="5 4"'))
        legend.append((label, colour))
    for row, (label, colour) in enumerate(legend):
        y = TOP + 20 + row * 22
        out.append(f'<path d="M{WIDTH - RIGHT + 12} {y}h18" stroke="{colour}" stroke-width="3"/>')
        out.append(f'<text x="{WIDTH - RIGHT + 36}" y="{y + 4}">{label}</text>')
    print("\n".join([*out, "</svg>"]))


if __name__ == "__main__":
    main()
