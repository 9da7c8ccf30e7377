#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors
"""Makes a C array of a file: embed.py INPUT OUTPUT NAME."""

import sys

source, target, name = sys.argv[1:]
data = open(source, "rb").read()
with open(target, "w") as out:
    out.write('#include "bpf/loader.h"\n\n')
    out.write(f"const size_t {name}_size = {len(data)};\n")
    out.write(f"const unsigned char {name}[] __attribute__((aligned(8))) = {{\n")
    for start in range(0, len(data), 16):
        out.write("\t" + ", ".join(str(b) for b in data[start : start + 16]) + ",\n")
    out.write("};\n")
