"""`bench/run`: Hookstead and its peers on the same work, in turns."""

import argparse
import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

from . import machine, options, report, runner, servers, tools
from .fault import Fault
from .paths import BENCH, PUBLISHED, REPO, WORK
from .summary import Summary
from .works import WEB, WORKS

PICTURES = {
    "requests.png": "Requests per second of each server",
    "resources.png": "Start, memory and latency of each server",
    "documents.png": "Processor time of a request with documents, of each server",
    "users.png": "Processor time of a request by a user, of each server",
}


def main(arguments=None):
    given = parse(arguments)
    if given.report:
        results = json.loads(given.report.read_text())
        folder = given.report.parent
    else:
        folder = given.out or WORK / "results" / time.strftime("%Y-%m-%dT%H-%M-%S")
        results = measure(given, folder)
    write(results, folder, given.plots)
    if given.publish:
        publish(folder, published(results))
    print((folder / "README.md").read_text())
    print(f"This page, its plots and the records are in {folder}", file=sys.stderr)


def parse(arguments):
    parser = argparse.ArgumentParser(
        prog="bench/run",
        description="Runs the same work on Hookstead and on its peers, in turns.",
    )
    parser.add_argument("--hookstead", type=Path, metavar="BINARY",
                        help="measure this one (default: build the release)")
    parser.add_argument("--only", type=names, default=servers.NAMES, metavar="LIST",
                        help=f"servers among {','.join(servers.NAMES)}; each does the works that "
                             "it is there for")
    options.add(parser, works="a,b,c,d,e,f,g,h", rounds=5, seconds=3, connections="1,32,256")
    parser.add_argument("--publish", action="store_true",
                        help="copy what was made to bench/results, or to bench/results/documents "
                             "where all works are with documents")
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="where to write")
    parser.add_argument("--no-plots", dest="plots", action="store_false",
                        help="do without matplotlib")
    parser.add_argument("--report", type=Path, metavar="RESULTS_JSON",
                        help="measure nothing; make page and plots of these records")
    return parser.parse_args(arguments)


def names(text):
    chosen = [name.strip() for name in text.split(",")]
    for name in chosen:
        if name not in servers.NAMES:
            raise argparse.ArgumentTypeError(f"{name} is none of {', '.join(servers.NAMES)}")
    return chosen


def measure(given, folder):
    tools.need_load_generator()
    plan = runner.Plan(
        servers=tools.all_servers(given.only, given.hookstead, given.works),
        works=given.works,
        rounds=given.rounds,
        seconds=given.seconds,
        connections=given.connections,
        threads=given.threads,
    )
    results = describe(given, plan)

    def keep(records):
        results["records"] = list(records)
        save(results, folder)

    try:
        runner.run(plan, keep)
    except KeyboardInterrupt:
        print("stopped; the rounds until now are kept", file=sys.stderr)
    if not results["records"]:
        raise Fault("no round was finished")
    return results


def describe(given, plan):
    database = {}
    if any(server.uri_variable for server in plan.servers):
        database = {"database": f"SecantusDB {tools.database_version()}"}
    return {
        "date": time.strftime("%Y-%m-%d"),
        "commit": commit(),
        "machine": machine.describe(),
        "versions": {
            **{server.name: server.version for server in plan.servers},
            **database,
            "wrk": servers.first_line("wrk", "--version").split(" [")[0],
        },
        "options": {
            "rounds": given.rounds,
            "seconds": given.seconds,
            "connections": given.connections,
            "threads": given.threads,
        },
        "records": [],
    }


def commit():
    """The commit of the checkout, which need not be that of a binary that was given."""
    done = subprocess.run(
        ["git", "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"],
        cwd=REPO, capture_output=True, text=True, check=False,
    )
    return done.stdout.strip() or "unknown"


def save(results, folder):
    """One record in a line, so that two results can be compared line by line."""
    folder.mkdir(parents=True, exist_ok=True)
    head = json.dumps({**results, "records": []}, indent=2).rpartition("[]")[0]
    records = ",\n".join(f"    {json.dumps(rounded(one))}" for one in results["records"])
    (folder / "results.json").write_text(f"{head}[\n{records}\n  ]\n}}\n")


def rounded(record):
    return {
        key: round(value, 3) if isinstance(value, float) else value
        for key, value in record.items()
    }


def write(results, folder, with_plots):
    if with_plots:
        draw(folder)
    drawn = {name: words for name, words in PICTURES.items() if (folder / name).exists()}
    page = report.page(results, Summary(results), drawn)
    (folder / "README.md").write_text(page)


def draw(folder):
    """A machine without network still gets its tables."""
    try:
        python = tools.plotting_python()
        tools.run([python, "-m", "harness.plot", folder.resolve()], BENCH)
    except Fault as fault:
        print(f"no plots: {fault}", file=sys.stderr)


def published(results):
    """Works with documents and users that are measured by themselves have a page of their own."""
    measured = {record["work"] for record in results["records"]}
    with_documents = {work.name for work in WORKS if work.kind != WEB}
    return PUBLISHED / "documents" if measured <= with_documents else PUBLISHED


def publish(folder, target):
    target.mkdir(parents=True, exist_ok=True)
    suffixes = (".md", ".json", ".png", ".svg")
    for path in target.iterdir():
        if path.suffix in suffixes:
            path.unlink()
    for path in sorted(folder.iterdir()):
        if path.suffix in suffixes:
            shutil.copy(path, target)
