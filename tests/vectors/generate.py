#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors

"""Writes NAME.vectors for each topics/NAME.py, and scene.json.

    generate.py            writes them
    generate.py --check    says which of them are not what it would write, and fails then
"""

import importlib
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import scene  # noqa: E402  pylint: disable=wrong-import-position
from cases import case_text, made_of  # noqa: E402  pylint: disable=wrong-import-position

HEAD = "# Made by generate.py from topics/{}.py: see README.md.\n\n"


def check_apart(cases):
    """Two cases with the same name, or with the same ports towards the same backend, are none."""
    places = {}
    for case in cases:
        for place in ((case.topic, case.name), (scene.pool_of(case.service), case.family, case.protocol, case.port)):
            if places.setdefault(place, case) is not case:
                sys.exit(f"{case.name} and {places[place].name} are in each other's way: rename one")


def files():
    """What each file must say, by its name."""
    texts, everything = {"scene.json": scene.text()}, []
    for path in sorted((HERE / "topics").glob("*.py")):
        importlib.import_module(f"topics.{path.stem}")
        cases = list(made_of(f"topics.{path.stem}"))
        everything += cases
        texts[f"{path.stem}.vectors"] = HEAD.format(path.stem) + "\n".join(
            line for case in cases for line in case_text(case))
    check_apart(everything)
    return texts


def main():
    """See above."""
    texts = files()
    left = {path.name for path in HERE.glob("*.vectors")} - texts.keys()
    unnamed = sorted(name for name in texts
                     if f"'{name}'" not in (HERE / "meson.build").read_text("utf-8"))
    for name in unnamed:
        print(f"tests/vectors/meson.build does not name {name}: nothing runs it")
    if sys.argv[1:] == ["--check"]:
        wrong = sorted(left | {name for name, text in texts.items()
                               if not (HERE / name).exists() or (HERE / name).read_text("utf-8") != text})
        for name in wrong:
            print(f"tests/vectors/{name} is not what tests/vectors/generate.py makes: run it")
        return 1 if wrong or unnamed else 0
    for name in left:
        (HERE / name).unlink()
    for name, text in texts.items():
        (HERE / name).write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
