#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors
"""The JSON Schema, judged by a validator that is not ours.

    test_schema.py CONFIG-DESCRIBE EXAMPLE...

The schema is one of draft 2020-12; it takes each example, as written and as
our parser writes it again, and refuses documents with a plain fault.
"""
import copy
import json
import subprocess
import sys

try:
    import jsonschema
except ImportError:
    print("skipped: python3-jsonschema is not installed")
    sys.exit(77)


def describe(*arguments):
    return json.loads(subprocess.check_output([sys.argv[1], *arguments]))


SPOILT = {
    "unknown key": lambda document: document.update(colour=1),
    "missing key": lambda document: document["services"][0].pop("addresses"),
    "wrong type": lambda document: document["services"][0].update(name=1),
    "out of range": lambda document: document.update(node={"id": 2}),
    "no address": lambda document: document["services"][0].update(addresses=["198.51.100"]),
    "no duration": lambda document: document.update(defaults={"drain_timeout": "5 s"}),
    "unknown word": lambda document: document["services"][0].update(protocol="sctp"),
    "pool and backends": lambda document: document["services"][0].update(pool="a", backends=[]),
    "empty list": lambda document: document["services"][0].update(ports=[]),
}


def main():
    schema = describe("schema")
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(
        schema, format_checker=jsonschema.draft202012_format_checker)
    for path in sys.argv[2:]:
        with open(path, encoding="utf-8") as file:
            document = json.load(file)
        validator.validate(document)
        validator.validate(describe("document", path))
        for name, spoil in SPOILT.items():
            spoilt = copy.deepcopy(document)
            spoil(spoilt)
            if validator.is_valid(spoilt):
                sys.exit(f"{path} with a fault ({name}) is valid by the schema")
        print(f"{path}: valid, and refused with each of {len(SPOILT)} faults")


main()
