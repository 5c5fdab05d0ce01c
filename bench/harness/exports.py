"""bench/exports: is everything that fails in an export named by `hookstead check`?

Each endpoint and webhook is called with plausible requests; one that waits for a user is called
without credentials, and as a user of each provider that the export enables. Nothing leaves this
machine: functions may call a stub on 127.0.0.1 and nothing else, and so may the program.
"""

import argparse
import json
import sys
from collections import Counter
from pathlib import Path
from urllib.parse import urlsplit

from . import tools
from .failures import FAULTS, KINDS
from .fault import Fault
from .stage import Stub, database_python
from .tables import table
from .trial import FOLDERS_SKIPPED, Trial

ROOT_FILES = ("root_config.json", "realm_config.json", "stitch.json", ".mdb/meta.json",
              ".mdb/app_meta.json")
FOLDERS_DEEP_MAX = 4
LOOPBACK = {"127.0.0.1", "localhost", "::1"}


def main():
    arguments = parse()
    binary = Path(arguments.hookstead or tools.build_hookstead()).resolve()
    apps = [app for folder in arguments.folders for app in find_exports(Path(folder))]
    if not apps:
        raise Fault("no folder holds an export")
    failures, calls, users = [], 0, {}
    with Stub() as stub:
        for app in apps:
            for store in stores(arguments):
                trial = Trial(binary, app, store, stub, arguments)
                found = trial.run()
                failures += found
                calls += trial.calls
                users[f"{trial.name} ({store})"] = trial.users
                tell_app(trial, found, arguments.all)
    if not arguments.as_system:
        tell_users(users)
    tell_all(failures, len(apps), calls)
    if arguments.json:
        rows = [vars(failure) for failure in failures]
        Path(arguments.json).write_text(json.dumps(rows, indent=1) + "\n")
    sys.exit(1 if any(failure.kind in FAULTS for failure in failures) else 0)


def parse():
    parser = argparse.ArgumentParser(prog="bench/exports", description=__doc__)
    parser.add_argument("folders", nargs="+", metavar="FOLDER", help="exports, or folders of some")
    parser.add_argument("--hookstead", metavar="BINARY", help="else a release build is made")
    parser.add_argument("--store", choices=["embedded", "mongodb", "both"], default="both")
    parser.add_argument("--mongodb", metavar="URI", help="a deployment on this machine; else the "
                        "server of the tests is started, if it is there")
    parser.add_argument("--seconds", type=int, default=5, help="that one request may take")
    parser.add_argument("--as-system", action="store_true",
                        help="endpoints that wait for users run as system for everybody")
    parser.add_argument("--all", action="store_true", help="list named failures too")
    parser.add_argument("--json", metavar="FILE", help="write every failure there")
    arguments = parser.parse_args()
    if arguments.mongodb:
        hosts = urlsplit(arguments.mongodb).netloc.rsplit("@", 1)[-1].split(",")
        strangers = [host for host in hosts if host.rsplit(":", 1)[0].strip("[]") not in LOOPBACK]
        if strangers or not arguments.mongodb.startswith("mongodb://"):
            raise Fault("--mongodb: functions write into it, so it must be one on this machine, "
                        "such as mongodb://127.0.0.1:27017/")
    return arguments


def find_exports(folder, depth=0):
    if not folder.is_dir():
        raise Fault(f"{folder} is no folder")
    config = folder / "config.json"
    is_older = config.is_file() and "config_version" in config.read_text(errors="replace")
    if is_older or any((folder / name).is_file() for name in ROOT_FILES):
        yield folder
    if depth < FOLDERS_DEEP_MAX:
        for inner in sorted(folder.iterdir()):
            if inner.is_dir() and not inner.is_symlink() and inner.name not in FOLDERS_SKIPPED:
                yield from find_exports(inner, depth + 1)


def stores(arguments):
    if arguments.store in ("embedded", "both"):
        yield "embedded"
    if arguments.store in ("mongodb", "both"):
        if arguments.mongodb or database_python():
            yield "mongodb"
        elif arguments.store == "mongodb":
            raise Fault("there is no MongoDB: give --mongodb URI, or run `cargo xtask test` once, "
                        "which installs one")


def tell_app(trial, failures, all_kinds):
    counts = Counter(failure.kind for failure in failures)
    told = ", ".join(f"{counts[kind]} {kind}" for kind in KINDS if counts[kind]) or "no failures"
    print(f"{trial.app} ({trial.store}): {trial.routes} endpoints, {trial.calls} calls; {told}",
          flush=True)
    for failure in failures:
        if all_kinds or failure.kind in FAULTS:
            print(f"  {failure.kind:<8} {printable(failure.route)}\n           "
                  f"{printable(failure.reason)}", flush=True)


# What is counted of the calls of endpoints that wait for users.
COUNTED = {
    "endpoints": "endpoints",
    "without credentials, refused": "refused: no credentials",
    "refused, as check says": "refused, as check says",
    "as a user": "as a user",
    "answered": "answered",
    "with the caller's own document": "with own document",
    "refused by a condition": "refused by a condition",
    "failed: rules": "refused by rules",
    "failed: named": "named",
    "failed: data": "data",
    "failed: app": "app",
    "failed: outgoing": "outgoing",
    "failed: unnamed": "unnamed",
}


def tell_users(users):
    """A row for each export in which an endpoint waits for users, or hangs on a condition."""
    users = {name: counts for name, counts in users.items() if counts}
    total = sum(users.values(), Counter())
    rows = [[printable(name), *(str(counts[one]) for one in COUNTED)]
            for name, counts in [*users.items(), ("all", total)]]
    print("\n" + table(["Export", *COUNTED.values()], rows))


def tell_all(failures, apps, calls):
    print(f"\n{apps} exports, {calls} calls")
    counts = Counter(failure.kind for failure in failures)
    for kind, what in KINDS.items():
        print(f"{counts[kind]:>6} failures: {what}")
    reasons = Counter(failure.reason for failure in failures if failure.kind in FAULTS)
    for reason, count in reasons.most_common():
        print(f"{count:>6} × {printable(reason)}")


def printable(text):
    """An export is a stranger's: it must not steer the terminal."""
    return "".join(one if one.isprintable() else "\ufffd" for one in text)
