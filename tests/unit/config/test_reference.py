#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors
"""docs/configuration.md is what the fields say of themselves.

    test_reference.py CONFIG-DESCRIBE PAGE
"""
import difflib
import subprocess
import sys

wanted = subprocess.check_output([sys.argv[1], "reference"], text=True).splitlines()
with open(sys.argv[2], encoding="utf-8") as page:
    found = page.read().splitlines()
difference = list(difflib.unified_diff(found, wanted, "the page", "the fields", lineterm="", n=0))
if difference:
    print("\n".join(difference))
    sys.exit(f"{sys.argv[2]} is not what config-describe reference writes: write it again")
print(f"{len(wanted)} lines are the same")
