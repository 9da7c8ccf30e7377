#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors

"""States the rules of the source tree, and finds what breaks them.

Every rule has a name, a sentence, and a sample that breaks it: the rules are
tried on their samples first, since a check that cannot fail is no check.
Standard library only. The last line is "N passed, N failed" (", N skipped").

    tests/lint.py [--build DIR]     DIR: also look at what the programs there link
"""

import argparse
import re
import shutil
import subprocess
import sys
from collections import namedtuple
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

# A part: where its files are, and what they may include of ours and of others'.
# None: anything that no other rule forbids.
Source = namedtuple("Source", "path text")
Fault = namedtuple("Fault", "path line detail")
Rule = namedtuple("Rule", "name sentence find sample")

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.M)
LIBC = frozenset("""
    arpa/inet.h assert.h ctype.h endian.h errno.h inttypes.h limits.h math.h netinet/in.h
    stdalign.h stdarg.h stdatomic.h stdbool.h stddef.h stdint.h stdio.h stdlib.h string.h
    strings.h sys/types.h time.h
""".split())
ABI_ALLOWED = frozenset(("stdint.h", "stddef.h", "string.h"))
LIBRARIES = {
    "DPDK": re.compile(r"rte_|bus_\w+_driver\.h$"),
    "HTTP and curl": re.compile(r"microhttpd\.h$|curl/"),
    "netlink": re.compile(r"libmnl/|linux/(rt)?netlink\.h$|linux/(if_addr|neighbour)\.h$"),
    "Jansson": re.compile(r"jansson\.h$"),
    "libbpf": re.compile(r"bpf/(libbpf|bpf|btf|xsk)\.h$|linux/bpf\.h$|xdp/"),
    "nftables": re.compile(r"nftables/"),
    "libev": re.compile(r"ev\.h$"),
}
LIBRARY_HOMES = {
    "DPDK": ("dataplane/*.c", "dataplane/*.h", "tests/integration/tools/card.c"),
    "HTTP and curl": ("controlplane/**",),
    "netlink": ("controlplane/**",),
    "Jansson": ("config/**", "controlplane/**"),
    "libbpf": ("bpf/**",),
    "nftables": ("controlplane/**",),
    "libev": ("controlplane/**",),
}


def is_in(path, *patterns):
    """Does the path lie in one of the places? "x/**": below x; "x/*.c": in x itself."""
    for pattern in patterns:
        if pattern.endswith("/**"):
            if path.startswith(pattern[:-2]):
                return True
        elif re.fullmatch(re.escape(pattern).replace(r"\*", "[^/]*"), path):
            return True
    return False


def is_c(path):
    """Is it C?"""
    return path.endswith((".c", ".h"))


def line_of(text, offset):
    """Number of the line an offset is in."""
    return text.count("\n", 0, offset) + 1


def includes(source):
    """Yields (line, name, ours) of each include. System headers are in angle brackets."""
    for match in INCLUDE.finditer(source.text):
        yield line_of(source.text, match.start()), match.group(2), match.group(1) == '"'


def including(sources, where, forbidden):
    """Faults: includes in files of a place for which forbidden(name, ours) holds."""
    return [Fault(source.path, line, f"includes {name}")
            for source in sources if is_c(source.path) and where(source.path)
            for line, name, ours in includes(source) if forbidden(name, ours)]


def core_is_pure(sources):
    """dataplane/core/"""
    return including(sources, lambda path: is_in(path, "dataplane/core/**"), lambda name, ours:
                     not is_in(name, "dataplane/abi/**", "dataplane/core/**") if ours
                     else name not in LIBC | {"emmintrin.h"})


def abi_is_plain(sources):
    """dataplane/abi/"""
    return including(sources, lambda path: is_in(path, "dataplane/abi/**"), lambda name, ours:
                     not is_in(name, "dataplane/abi/**") if ours else name not in ABI_ALLOWED)


def library_at_home(library):
    """A rule's search: the library's headers outside its home."""
    def find(sources):
        return including(sources, lambda path: not is_in(path, *LIBRARY_HOMES[library], "tests/**"),
                         lambda name, ours: not ours and LIBRARIES[library].match(name))
    return find


def control_sees_only_abi(sources):
    """controlplane/"""
    return including(sources, lambda path: is_in(path, "controlplane/**"), lambda name, ours:
                     ours and is_in(name, "dataplane/**") and not is_in(name, "dataplane/abi/**"))


def config_stands_alone(sources):
    """config/"""
    return including(sources, lambda path: is_in(path, "config/**"), lambda name, ours:
                     ours and not is_in(name, "config/**", "dataplane/abi/**"))


def config_does_no_io(sources):
    """config/"""
    banned = re.compile(r"\b(socket|connect|fork|popen|system|exec[lv]p?e?|opendir|getaddrinfo)\s*\(")
    return [Fault(source.path, line_of(source.text, match.start()), f"calls {match.group(1)}()")
            for source in sources if is_c(source.path) and is_in(source.path, "config/**")
            for match in banned.finditer(without_comments(source.text))]


def dataplane_ignores_control(sources):
    """dataplane/ and bpf/"""
    return including(sources, lambda path: is_in(path, "dataplane/**", "bpf/**"),
                     lambda name, ours: ours and is_in(name, "controlplane/**"))


def nothing_includes_tests(sources):
    """Everything but tests/."""
    return including(sources, lambda path: not is_in(path, "tests/**"),
                     lambda name, ours: "tests/" in name)


def includes_from_root(sources):
    """Includes that do not name their folder, or name a file that is not there."""
    known = {source.path for source in sources}
    generated = ("steering_object.h",)
    return including(sources, is_c, lambda name, ours:
                     ours and name not in known and not name.endswith(generated))


def no_cycles(sources):
    """Cycles in the graph of includes."""
    graph = {source.path: [(line, name) for line, name, ours in includes(source) if ours]
             for source in sources if is_c(source.path)}
    faults, state = [], {}

    def visit(path, trail):
        state[path] = "open"
        for line, name in graph.get(path, ()):
            if state.get(name) == "open":
                cycle = trail[trail.index(name):] if name in trail else [path]
                faults.append(Fault(path, line, "cycle: " + " -> ".join(cycle + [name])))
            elif name in graph and name not in state:
                visit(name, trail + [name])
        state[path] = "done"
    for path in sorted(graph):
        if path not in state:
            visit(path, [path])
    return faults


def has_head(sources):
    """The two lines at the top."""
    faults = []
    for source in sources:
        lines = source.text.split("\n")
        if lines and lines[0].startswith("#!"):
            lines = lines[1:]
        licence = "GPL-2.0-only OR BSD-3-Clause" if is_in(source.path, "bpf/*.bpf.c", "bpf/*.bpf.h", "bpf/steering.h") \
            else "BSD-3-Clause"
        if is_c(source.path):
            wanted = [f"/* SPDX-License-Identifier: {licence} */",
                      "/* Copyright (c) 2026 the Headrace authors */"]
        elif source.path.endswith((".py", "meson.build", "meson_options.txt")) or \
                source.path in ("bootstrap", ".ci/run"):
            wanted = [f"# SPDX-License-Identifier: {licence}",
                      "# Copyright (c) 2026 the Headrace authors"]
        else:
            continue
        if lines[:2] != wanted:
            faults.append(Fault(source.path, 1, f'the file does not begin with "{wanted[0]}" and '
                                                "the copyright line"))
    return faults


def not_too_long(sources):
    """Files over 600 lines."""
    return [Fault(source.path, 601, f"{source.text.count(chr(10))} lines")
            for source in sources
            if source.path.endswith((".c", ".h", ".py", "bootstrap")) and
            source.text.count("\n") > 600]


def headers_once(sources):
    """Headers without #pragma once."""
    return [Fault(source.path, 1, "no #pragma once") for source in sources
            if source.path.endswith(".h") and "#pragma once" not in source.text]


def without_comments(text):
    """C with comments and strings blanked, lines kept."""
    def blank(match):
        return re.sub(r"[^\n]", " ", match.group())
    return re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"', blank, text, flags=re.S)


def no_typedef_structs(sources):
    """typedef struct"""
    return [Fault(source.path, line_of(source.text, match.start()), "typedef of a struct")
            for source in sources if is_c(source.path)
            for match in re.finditer(r"\btypedef\s+(struct|union)\b", without_comments(source.text))]


def no_unfinished(sources):
    """Marks of unfinished work."""
    marks = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b")
    return [Fault(source.path, line_of(source.text, match.start()), match.group())
            for source in sources for match in marks.finditer(source.text)]


def no_foreign_words(sources):
    """What the repository does not speak of."""
    words = re.compile(r"/wo" r"rk/|\b(Cla" r"ude|Chat" r"GPT|Anthr" r"opic|Open" r"AI|LL" r"M)\b|"
                       r"\bissue #?\d", re.I)
    return [Fault(source.path, line_of(source.text, match.start()), match.group())
            for source in sources for match in words.finditer(source.text)]


def tidy_text(sources):
    """Trailing blanks, CRs, no newline at the end."""
    faults = []
    for source in sources:
        for match in re.finditer(r"[ \t\r]+$", source.text, re.M):
            faults.append(Fault(source.path, line_of(source.text, match.start()), "trailing blanks"))
        if source.text and not source.text.endswith("\n"):
            faults.append(Fault(source.path, line_of(source.text, len(source.text)),
                                "no newline at the end"))
    return faults


def tests_do_not_sleep(sources):
    """sleep() as synchronisation, in C and in stories."""
    sleeps = re.compile(r"\b(usleep|sleep)\s*\(")
    return [Fault(source.path, line_of(source.text, match.start()), f"calls {match.group(1)}()")
            for source in sources
            if is_c(source.path) or is_in(source.path, "tests/integration/stories/**")
            for match in sleeps.finditer(without_comments(source.text))]


def c_file(path, include):
    """A sample: a file that includes something."""
    return [Source(path, f"#include {include}\n")]


RULES = [
    Rule("core-is-pure", "dataplane/core/ includes libc, SSE2, dataplane/abi/ and itself only",
         core_is_pure, c_file("dataplane/core/x.c", "<rte_ring.h>")),
    Rule("abi-is-plain", "dataplane/abi/ includes stdint.h, stddef.h, string.h and itself only",
         abi_is_plain, c_file("dataplane/abi/x.h", "<stdio.h>")),
    Rule("dpdk-in-the-shell", "rte_* is included in dataplane/*.[ch] and by the card that tests play",
         library_at_home("DPDK"), c_file("controlplane/health/x.c", "<rte_mbuf.h>")),
    Rule("http-in-the-control-plane", "HTTP and curl are included in controlplane/ only",
         library_at_home("HTTP and curl"), c_file("dataplane/x.c", "<curl/curl.h>")),
    Rule("netlink-in-the-control-plane", "netlink is included in controlplane/ only",
         library_at_home("netlink"), c_file("dataplane/x.c", "<libmnl/libmnl.h>")),
    Rule("jansson-in-config-and-control", "Jansson is included in config/ and controlplane/ only",
         library_at_home("Jansson"), c_file("dataplane/x.c", "<jansson.h>")),
    Rule("libbpf-in-bpf", "libbpf and BPF headers are included in bpf/ only",
         library_at_home("libbpf"), c_file("dataplane/x.c", "<bpf/libbpf.h>")),
    Rule("nftables-in-the-control-plane", "libnftables is included in controlplane/ only",
         library_at_home("nftables"), c_file("dataplane/x.c", "<nftables/libnftables.h>")),
    Rule("libev-in-the-control-plane", "libev is included in controlplane/ only",
         library_at_home("libev"), c_file("config/x.c", "<ev.h>")),
    Rule("control-sees-only-abi", "of dataplane/ the control plane includes dataplane/abi/ only",
         control_sees_only_abi, c_file("controlplane/x.c", '"dataplane/core/engine.h"')),
    Rule("config-stands-alone", "config/ includes itself and dataplane/abi/ only",
         config_stands_alone, c_file("config/x.c", '"controlplane/log.h"')),
    Rule("config-does-no-io", "config/ does no I/O but reading and saving the file",
         config_does_no_io, [Source("config/x.c", "int f(void)\n{\n\treturn socket(1, 2, 3);\n}\n")]),
    Rule("dataplane-ignores-control", "dataplane/ and bpf/ include nothing of controlplane/",
         dataplane_ignores_control, c_file("dataplane/x.c", '"controlplane/publish/publish.h"')),
    Rule("nothing-includes-tests", "only tests/ includes tests/",
         nothing_includes_tests, c_file("config/x.c", '"tests/unit/x.h"')),
    Rule("includes-from-root", "our includes are written from the root and name files that exist",
         includes_from_root, c_file("config/x.c", '"address.h"')),
    Rule("no-include-cycles", "no header includes itself by a detour",
         no_cycles, [Source("config/a.h", '#include "config/b.h"\n'),
                     Source("config/b.h", '#include "config/a.h"\n')]),
    Rule("licence-head", "every source file begins with its licence and copyright lines",
         has_head, [Source("config/x.c", "int x;\n")]),
    Rule("not-too-long", "no file has more than 600 lines",
         not_too_long, [Source("config/x.c", "\n" * 601)]),
    Rule("headers-once", "every header says #pragma once",
         headers_once, [Source("config/x.h", "int x;\n")]),
    Rule("no-typedef-structs", "structs are called struct",
         no_typedef_structs, [Source("config/x.h", "typedef struct x { int y; } x_t;\n")]),
    Rule("nothing-unfinished", "no notes of what is still to be done",
         no_unfinished, [Source("config/x.c", "/* TO" "DO */\n")]),
    Rule("no-foreign-words", "the sources speak of Headrace, not of how or where they were written",
         no_foreign_words, [Source("config/x.c", "/* see /wo" "rk/notes */\n")]),
    Rule("tidy-text", "no trailing blanks, and a newline at the end",
         tidy_text, [Source("config/x.c", "int x; \n")]),
    Rule("no-sleeping", "sleep() is no synchronisation: not in C, not in a story",
         tests_do_not_sleep, [Source("tests/integration/stories/x.py", "time.sleep(1)\n")]),
]


def read_sources():
    """Every text file of the tree that belongs to it."""
    listed = subprocess.run(["git", "-C", ROOT, "-c", f"safe.directory={ROOT}", "ls-files", "-co",
                             "--exclude-standard", "-z"], stdout=subprocess.PIPE,
                            stderr=subprocess.DEVNULL, check=False).stdout.decode().split("\0")
    if not any(listed):  # not a clone: a tree without .git
        listed = [str(path.relative_to(ROOT)) for path in ROOT.rglob("*") if path.is_file()]
        listed = [path for path in listed if not path.startswith((".git/", "build"))]
    sources = []
    for path in sorted(name for name in listed if name):
        file = ROOT / path
        if not file.is_file() or file.suffix in (".pcap", ".png", ".o", ".pyc", ".bin"):
            continue
        try:
            sources.append(Source(path, file.read_text(encoding="utf-8")))
        except UnicodeDecodeError:
            continue
    return sources


def needed_libraries(program):
    """Names of the shared libraries a program links directly; None when it is not there."""
    if not program.is_file():
        return None
    text = subprocess.run(["readelf", "-d", program], stdout=subprocess.PIPE, text=True,
                          check=True).stdout
    return re.findall(r"\(NEEDED\).*\[(.+)\]", text)


def check_links(build):
    """What the programs may not link. Yields (name, faults or None for skipped)."""
    forbidden = {
        "headrace-controlplane": r"librte_",
        "headrace-vrrp": r"librte_|libmicrohttpd|libcurl|libjansson|libnftables|libev\.|libbpf",
        "headrace": r"librte_|libmicrohttpd|libmnl|libnftables",
        "headrace-dataplane": r"libmicrohttpd|libcurl|libmnl|libnftables|libev\.",
    }
    for name, pattern in forbidden.items():
        found = [path for path in build.rglob(name) if path.is_file()]
        if not found:
            yield f"links-of-{name}", None
            continue
        libraries = needed_libraries(found[0])
        yield f"links-of-{name}", [f"{name} links {library}" for library in libraries
                                   if re.match(pattern, library)]


def run_tool(program, argv, sample=None):
    """A linter of others. Returns None when it is not installed, else its complaints.

    The sample is bad input on standard input that it must complain about.
    """
    if not shutil.which(program):
        return None
    done = subprocess.run([program, *argv], cwd=ROOT, stdout=subprocess.PIPE, text=True,
                          stderr=subprocess.STDOUT, check=False, input=sample)
    if done.returncode == 0:
        return []
    return done.stdout.strip().splitlines() or [f"exit {done.returncode}"]


def check_format(sources):
    """clang-format over all C; the version is part of the rule."""
    if run_tool("clang-format-14", ["--dry-run", "-Werror"], "int  x ;\n") == []:
        return ["clang-format does not complain of its bad sample"]
    complaints = run_tool("clang-format-14", ["--dry-run", "-Werror",
                                              *(s.path for s in sources if is_c(s.path))])
    files = sorted({line.split(":")[0] for line in complaints or () if ": error:" in line})
    return complaints and [f"{file} is not as clang-format-14 would have it: clang-format-14 -i {file}"
                           for file in files]


def check_vectors():
    """The checked-in cases of tests/vectors are what their generator makes; it needs scapy."""
    python = "/usr/bin/python3"  # the one with the distribution's packages
    if run_tool(python, ["-c", "import scapy"]) != []:
        return None
    return run_tool(python, ["tests/vectors/generate.py", "--check"])


def check_shell():
    """shellcheck over the shell scripts."""
    if run_tool("shellcheck", ["-"], "#!/bin/sh\necho $1\n") == []:
        return ["shellcheck does not complain of its bad sample"]
    return run_tool("shellcheck", ["bootstrap", ".ci/run"])


class Report:
    """Counts, and a line a rule that is broken."""

    def __init__(self):
        self.counts = {"passed": 0, "failed": 0, "skipped": 0}

    def add(self, name, complaints):
        """Complaints: None (skipped), none, or some."""
        outcome = "skipped" if complaints is None else "failed" if complaints else "passed"
        self.counts[outcome] += 1
        if complaints is None:
            print(f"skip  {name}: what it needs is not here")
        for complaint in complaints or ():
            print(f"FAIL  {complaint}")


def main():
    """Tries every rule on its sample, then on the tree."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=Path)
    arguments = parser.parse_args()
    sources = read_sources()
    report = Report()
    for rule in RULES:
        if not rule.find(rule.sample):
            report.add(rule.name, [f"rule {rule.name}: does not find what is wrong in its sample"])
            continue
        report.add(rule.name, [f"rule {rule.name}: {fault.path}:{fault.line} {fault.detail}; "
                               f"{rule.sentence}" for fault in rule.find(sources)])
    for name, faults in check_links(arguments.build) if arguments.build else ():
        report.add(name, faults and [f"rule {name}: {fault}" for fault in faults])
    report.add("clang-format", check_format(sources))
    report.add("vectors", check_vectors())
    report.add("shellcheck", check_shell())
    counts = report.counts
    skipped = f", {counts['skipped']} skipped" if counts["skipped"] else ""
    print(f"{counts['passed']} passed, {counts['failed']} failed{skipped}")
    return 1 if counts["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
