#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors

"""Runs the integration tests: see lab/runner.py. Needs root."""

import sys

from lab.runner import main

if __name__ == "__main__":
    sys.exit(main())
