#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors

"""Ends kept topologies and removes what killed runs left: ./bootstrap clean."""

from lab import leftovers


def main():
    """Says what it took away."""
    for pid in leftovers.remove_kept_runs():
        print(f"clean: the topology kept by run {pid} is gone")
    for pid in leftovers.remove_dead_runs():
        print(f"clean: removed what run {pid}, which was killed, had left")


if __name__ == "__main__":
    main()
