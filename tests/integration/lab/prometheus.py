# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors

"""Prometheus's text format 0.0.4, read as strictly as it is described."""

import http.client
import math
import re
from pathlib import Path

from .headrace import UnixConnection
from .lab import check

ROOT = Path(__file__).resolve().parents[3]
RULES = ROOT / "config/prometheus"
ROW = re.compile(r"^\| `(\w+)` \| (\w+) \|([^|]*)\|", re.M)  # of docs/metrics.md
HELP = re.compile(r"# HELP ([a-zA-Z_:][a-zA-Z0-9_:]*) ((?:[^\\]|\\\\|\\n)+)")
TYPE = re.compile(r"# TYPE ([a-zA-Z_:][a-zA-Z0-9_:]*) (counter|gauge|histogram)")
SAMPLE = re.compile(r"([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{([^\n]*)\})? (-?[0-9.eE+-]+|NaN|[+-]Inf)")
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\\\|\\"|\\n)*)"(,|$)')
UNESCAPED = {"\\\\": "\\", '\\"': '"', "\\n": "\n"}
TYPE_HEADER = "text/plain; version=0.0.4; charset=utf-8"


class Family:
    """A metric: its type, and its samples {(name, ((label, value), ...)): number}."""

    def __init__(self, name, kind):
        self.name, self.kind, self.samples = name, kind, {}

    def owns(self, sample):
        """Is a sample of this name one of the family's?"""
        if self.kind == "histogram":
            return sample in (self.name + suffix for suffix in ("_bucket", "_sum", "_count"))
        return sample == self.name

    def labels(self):
        """The names of labels that samples have: one set for all of them."""
        sets = {tuple(sorted(key for key, _ in labels)) for name, labels in self.samples
                if self.kind != "histogram" or name.endswith("_bucket")}
        check(len(sets) <= 1, f"{self.name}: samples with different labels: {sets}")
        return set(*sets)

    def series(self):
        """Of a histogram, each series by its labels: {bound: how many were within it}, as written."""
        found = {}
        for (name, labels), value in self.samples.items():
            if name.endswith("_bucket"):
                others = tuple(label for label in labels if label[0] != "le")
                found.setdefault(others, {})[float(dict(labels)["le"])] = value
        return found


def parse_labels(text, line):
    """The labels between the braces, sorted, values as they were before they were escaped."""
    labels, at = [], 0
    while at < len(text):
        match = LABEL.match(text, at)
        check(match, f"no labels: {line}")
        labels.append((match[1], re.sub(r"\\.", lambda m: UNESCAPED[m[0]], match[2])))
        at = match.end()
    check(not text.endswith(",") and len(dict(labels)) == len(labels), f"no labels: {line}")
    return tuple(sorted(labels))


def parse(text):
    """{name: Family}. Each line has its form; families stand together; nothing comes twice."""
    check(text.endswith("\n"), "the last line has no end")
    families, described, current = {}, None, None
    for line in text[:-1].split("\n"):
        if match := HELP.fullmatch(line):
            check(match[1] not in families, f"a second time: {line}")
            described, current = match[1], None
        elif match := TYPE.fullmatch(line):
            check(match[1] == described, f"no HELP before: {line}")
            current = families[described] = Family(described, match[2])
        else:
            match = SAMPLE.fullmatch(line)
            check(match and current and current.owns(match[1]), f"out of place, or broken: {line}")
            key = (match[1], parse_labels(match[2] or "", line))
            check(key not in current.samples, f"a second time: {line}")
            current.samples[key] = float(match[3])
    for family in families.values():
        check_family(family)
    return families


def check_family(family):
    """Names as the type asks for; counters not below 0; a histogram's buckets grow to its count."""
    check((family.kind == "counter") == family.name.endswith("_total"), f"named badly: {family.name}")
    if family.kind != "gauge":
        check(min(family.samples.values(), default=0) >= 0, f"{family.name} is below 0")
    if family.kind == "histogram":
        for labels, buckets in family.series().items():
            within = list(buckets.values())
            check(within == sorted(within), f"{family.name}: buckets shrink: {within}")
            check(list(buckets) == sorted(buckets) and buckets[math.inf] ==
                  family.samples[family.name + "_count", labels] and
                  (family.name + "_sum", labels) in family.samples, f"{family.name}: {buckets}")
    family.labels()


def scrape_text(headrace, method="GET"):
    """What GET /metrics answers, its Content-Type checked."""
    connection = UnixConnection(headrace.run_dir / "api.sock")
    try:
        connection.request(method, "/metrics")
        answer = connection.getresponse()
        text = answer.read().decode("utf-8")
    except http.client.HTTPException as error:
        raise OSError(f"{method} /metrics: {error!r}") from error
    finally:
        connection.close()
    kind = answer.getheader("Content-Type")
    check((answer.status, kind) == (200, TYPE_HEADER), f"/metrics: {answer.status} {kind}")
    return text


class Metrics:
    """One scrape."""

    def __init__(self, text):
        self.text = text
        self.families = parse(text)

    def value(self, name, **labels):
        """The one sample of these labels."""
        found = self.all(name, **labels)
        check(len(found) == 1, f"{name} {labels}: {found}")
        return next(iter(found.values()))

    def all(self, name, **labels):
        """The samples that have these labels among theirs: {labels: number}."""
        family = self.families[name]
        return {key: value for (sample, key), value in family.samples.items()
                if sample == name and set(labels.items()) <= set(key)}

    def sum(self, name, **labels):
        """Their sum."""
        return sum(self.all(name, **labels).values())


def scrape(headrace):
    """GET /metrics."""
    return Metrics(scrape_text(headrace))


def check_documented(metrics):
    """docs/metrics.md has each family, its type and labels, and no other; so have the rules."""
    rows = ROW.findall((ROOT / "docs/metrics.md").read_text(encoding="utf-8"))
    documented = {name: (kind, set(re.findall(r"`(\w+)`", labels))) for name, kind, labels in rows}
    check(len(documented) == len(rows), "docs/metrics.md has a metric twice")
    check(set(documented) == set(metrics.families),
          f"documented or there, not both: {set(documented) ^ set(metrics.families)}")
    for name, family in metrics.families.items():
        kind, labels = documented[name]
        check(kind == family.kind, f"{name} is no {kind}")
        check(not family.samples or labels == family.labels(), f"{name} has {family.labels()}")
    rules = (RULES / "headrace.rules.yml").read_text(encoding="utf-8")
    for name in set(re.findall(r"\bheadrace_\w+", rules)):
        check(name in metrics.families, f"headrace.rules.yml: there is no {name}")


def check_growth(before, after):
    """No counter fell, none that was there is gone (of what both scrapes have)."""
    for family in before.families.values():
        if family.kind == "gauge":
            continue
        now = after.families[family.name].samples
        for key, value in family.samples.items():
            check(now.get(key, -1) >= value, f"{key} was {value} and is {now.get(key)}")
