# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors

"""Both daemons built a second time, as another version of the same sources."""

import re
import shutil
from pathlib import Path

from .lab import check
from .processes import run

ROOT = Path(__file__).resolve().parent.parent.parent.parent
PROGRAMS = ("dataplane/headrace-dataplane", "controlplane/headrace-controlplane")
OWN_VERSION = re.compile(r"^    version: '([^']+)'", re.M)


def _copy(target):
    """The sources with another version in meson.build; what they are of: (ours, theirs)."""
    shutil.rmtree(target, ignore_errors=True)
    # Times are copied too, so that a second build has nothing to do.
    shutil.copytree(ROOT, target, ignore=lambda folder, names: [
        name for name in names if name == "__pycache__" or
        Path(folder) == ROOT and name.startswith((".", "build"))])
    recipe = target / "meson.build"
    text = recipe.read_text(encoding="utf-8")
    version = OWN_VERSION.search(text).group(1)
    recipe.write_text(OWN_VERSION.sub(f"    version: '{version}.rebuilt'", text), encoding="utf-8")
    return version, version + ".rebuilt"


def identity(program):
    """What tells one build from another: (the version it says, the linker's build id)."""
    notes = run(["readelf", "--notes", program])
    return run([program, "--version"]).split()[-1], re.search(r"Build ID: (\w+)", notes).group(1)


def build(lab):
    """The two programs, in the build folder: {name: path}. They are others than the lab's."""
    folder = lab.build / "rebuilt"
    versions = _copy(folder / "source")
    if not (folder / "build/build.ninja").exists():
        run(["meson", "setup", folder / "build", folder / "source"], timeout=300)
    run(["ninja", "-C", folder / "build", *PROGRAMS], timeout=900)
    programs = {Path(path).name: folder / "build" / path for path in PROGRAMS}
    for name, path in programs.items():
        ours, theirs = identity(lab.program(name)), identity(path)
        check((ours[0], theirs[0]) == versions and ours[1] != theirs[1], f"{name}: {ours}, {theirs}")
    return programs
