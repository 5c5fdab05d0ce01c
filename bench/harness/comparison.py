"""`bench/compare`: two binaries of Hookstead on the same work, in turns."""

import argparse
import sys

from . import machine, options, runner, servers, stats, tools
from .fault import Fault
from .summary import Summary
from .tables import number, table

OLD, NEW = "old", "new"
WORKS = "a,b,c,d,e"
CHANCE_MAX = 0.01

# Work, metric, what it is called, and whether more is better.
SPECIAL = {
    "start": [("start_ms", "ms to first answer", False)],
    "memory": [
        ("idle_rss_mib", "MiB idle", False),
        ("loaded_rss_mib", "MiB after load", False),
        ("slow_rss_mib", "MiB with 64 slow requests", False),
    ],
    "spin": [("p99_ms", "ms at p99", False), ("max_ms", "ms at most", False)],
}
LOADED = [
    ("requests_per_s", "requests/s", True),
    ("cpu_us_per_request", "µs of CPU per request", False),
    ("p99_ms", "ms at p99", False),
]


def main(arguments=None):
    given = parse(arguments)
    tools.need_load_generator()
    plan = runner.Plan(
        servers=[
            servers.hookstead(given.old, OLD, given.mongodb),
            servers.hookstead(given.new, NEW, given.mongodb),
        ],
        works=given.works,
        rounds=given.rounds,
        seconds=given.seconds,
        connections=given.connections,
        threads=given.threads,
    )
    kept = []

    def keep(records):
        kept[:] = records

    try:
        runner.run(plan, keep)
    except KeyboardInterrupt:
        print("stopped; these are the rounds until now", file=sys.stderr)
    if not kept:
        raise Fault("no round was finished")
    versions = {server.name: server.version for server in plan.servers}
    summary = Summary({"records": kept, "versions": versions})
    print(report(plan, summary))


def parse(arguments):
    parser = argparse.ArgumentParser(
        prog="bench/compare",
        description="Runs the same work on two binaries of Hookstead, in turns.",
    )
    parser.add_argument("old", metavar="OLD_BINARY")
    parser.add_argument("new", metavar="NEW_BINARY")
    parser.add_argument("--mongodb", action="store_true",
                        help="works with documents: on MongoDB, and not on the embedded store")
    options.add(parser, works=WORKS, rounds=8, seconds=2, connections="32")
    return parser.parse_args(arguments)


def report(plan, summary):
    rows = [
        row
        for work in plan.works
        for connections in (plan.connections if work.request else [None])
        for row in rows_of(summary, work, connections)
    ]
    head = ["Work", "Figure", "Connections", "Old", "New", "New / old", "Quartiles", "Verdict"]
    lines = [f"- {name}: {version}" for name, version in summary.results["versions"].items()]
    noise = summary.noise()
    if noise:
        lines.append(
            f"- other processes used {noise.median:.2f} of {machine.cores()} cores "
            f"(at most {noise.max:.2f}); CPU per request suffers least from them"
        )
    return "\n".join([*lines, "", table(head, rows, left=2)])


def rows_of(summary, work, connections):
    for metric, name, more_is_better in SPECIAL.get(work.name, LOADED):
        old = summary.spread(metric, work.name, OLD, connections)
        new = summary.spread(metric, work.name, NEW, connections)
        ratios = summary.ratios(metric, work.name, NEW, OLD, connections)
        if not ratios:
            continue
        ratio = stats.Spread.of(ratios)
        yield [
            work.name,
            name,
            str(connections or ""),
            number(old.median),
            number(new.median),
            f"{ratio.median:.3f}",
            f"{ratio.low:.3f} to {ratio.high:.3f}",
            verdict(ratios, ratio.median, more_is_better),
        ]


def verdict(ratios, median, more_is_better):
    """A change counts when chance alone would show it less than once in a hundred times."""
    if stats.chance([1.5] * len(ratios)) > CHANCE_MAX:
        return "too few rounds"
    if stats.chance(ratios) > CHANCE_MAX:
        return "same"
    return "better" if (median > 1) == more_is_better else "worse"
