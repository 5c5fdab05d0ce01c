"""`bench/profile`: where the processor time of a request goes, by Linux' `perf`."""

import argparse
import re
import shutil
import subprocess
import threading
from collections import Counter

from . import load, runner, servers, tools, works
from .fault import Fault
from .paths import WORK
from .tables import table

CONNECTIONS = 32
WARM_S = 1
SECONDS = 5
SAMPLES_PER_S = 2500

# The first pattern that a symbol matches decides; the rest is the server's own and its libraries'.
GROUPS = [
    ("kernel", r"\[k\]"),
    ("putting pages back", r"pages::|restore"),
    ("reading JSON", r"engine::json|dec2flt"),
    ("JavaScript engine", r"\b_*(JS|js|lre)_|_property\b|_properties\b|_shape|free_object|"
                          r"free_zero|_atom\b|arena_new|string_buffer|get_own|build_|gc_"),
    ("isolate", r"hookstead_isolate|corosensei"),
    ("functions", r"hookstead_functions"),
    ("HMAC", r"aws_lc|hookstead_signature"),
    ("memory of the host", r"\b(malloc|free|cfree|realloc|calloc|_int_\w+|unlink_chunk|"
                           r"malloc_consolidate|__rdl_\w+)\b"),
    ("copies and comparisons", r"mem(move|cpy|set|cmp)"),
]
REST = "HTTP, runtime, journal"


def main(arguments=None):
    given = parse(arguments)
    tools.need_load_generator()
    if not shutil.which("perf"):
        raise Fault("there is no perf; Debian has it in the package linux-perf")
    server = servers.hookstead(given.binary, on_mongodb=given.mongodb)
    rows = [rows_of(server, work) for work in works.choose(given.works)]
    names = [*(name for name, _ in GROUPS), REST]
    head = ["µs of a request", *(work for work, *_ in rows)]
    lines = [[name, *(f"{shares[name]:.1f}" for _, shares in rows)] for name in names]
    lines.append(["together", *(f"{sum(shares.values()):.1f}" for _, shares in rows)])
    print(table(head, lines))


def parse(arguments):
    parser = argparse.ArgumentParser(
        prog="bench/profile",
        description="Tells where the processor time of a request goes, at 32 connections.",
    )
    parser.add_argument("binary", metavar="BINARY")
    parser.add_argument("works", nargs="?", default="a,b,c", metavar="WORKS",
                        help="letters or names (default: a,b,c)")
    parser.add_argument("--mongodb", action="store_true",
                        help="works with documents: on MongoDB, and not on the embedded store")
    return parser.parse_args(arguments)


def rows_of(server, work):
    """The work's name, and microseconds of a request by group."""
    if not work.request:
        raise Fault(f"{work.name} is no work under load")
    with runner.STARTED[work.kind](server) as process:
        load.check(process, work.request)
        load.measure(process, work, CONNECTIONS, WARM_S)
        measured = {}
        loading = threading.Thread(
            target=lambda: measured.update(load.measure(process, work, CONNECTIONS, SECONDS)),
        )
        loading.start()
        samples = sampled(process)
        loading.join()
    shares = grouped(samples)
    total = sum(shares.values())
    cpu_us = measured["cpu_us_per_request"]
    return work.name, Counter({name: cpu_us * part / total for name, part in shares.items()})


def sampled(process):
    """What `perf` says about every symbol: a share, a letter for its kind, and its name."""
    data = WORK / "perf.data"
    pids = ",".join(str(pid) for pid in process.pids())
    record = ["perf", "record", "-F", str(SAMPLES_PER_S), "-p", pids, "-o", str(data),
              "--", "sleep", str(SECONDS - 1)]
    done = subprocess.run(record, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Fault(f"perf failed: {done.stderr.strip()[-300:]}")
    report = ["perf", "report", "-i", str(data), "--no-children", "--sort", "sym", "--stdio"]
    return subprocess.run(report, capture_output=True, text=True, check=True).stdout


def grouped(report):
    shares = Counter()
    for line in report.splitlines():
        found = re.match(r"\s*([\d.]+)%\s+(\[.\]\s.*)", line)
        if found:
            shares[group_of(found[2])] += float(found[1])
    return shares


def group_of(symbol):
    return next((name for name, pattern in GROUPS if re.search(pattern, symbol)), REST)
