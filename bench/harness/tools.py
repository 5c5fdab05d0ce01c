"""What has to be there before anything can be measured."""

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from . import servers
from .fault import Fault
from .paths import BENCH, DATABASE_REQUIREMENTS, PEERS, REPO, WORK

PLOTS = WORK / "venv"
DATABASE = WORK / "database-venv"


def need(program, how):
    if not shutil.which(program):
        raise Fault(f"{program} is not installed: {how}")


def need_load_generator():
    if sys.platform != "linux":
        raise Fault("memory and processor time are read from /proc, which only Linux has")
    need("wrk", "`apt install wrk` or `dnf install wrk`")


def install_peers():
    """Packages as the lock file has them; again only when it has changed."""
    need("npm", "it comes with Node.js, https://nodejs.org")
    stamp = PEERS / "node_modules" / ".installed"
    lock = (PEERS / "package-lock.json").read_bytes()
    if stamp.exists() and stamp.read_bytes() == lock:
        return
    # The scripts of packages would only put wrappers in front of the programs.
    run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], PEERS)
    stamp.write_bytes(lock)


def build_hookstead():
    need("cargo", "see https://rustup.rs, or name a binary with --hookstead")
    run(["cargo", "build", "--release", "--locked", "--bin", "hookstead"], REPO)
    return target_dir() / "release" / "hookstead"


def target_dir():
    done = subprocess.run(
        ["cargo", "metadata", "--format-version=1", "--no-deps"],
        cwd=REPO, capture_output=True, text=True, check=True,
    )
    return Path(json.loads(done.stdout)["target_directory"])


def plotting_python():
    """A Python that has matplotlib, in a folder of its own."""
    return venv(PLOTS, BENCH / "harness" / "requirements.txt")


def database_program():
    """SecantusDB at the version, and from the files, that the tests use."""
    flags = ("--only-binary", ":all:", "--require-hashes")
    return venv(DATABASE, DATABASE_REQUIREMENTS, *flags).parent / "secantusd-py"


def database_version():
    lines = DATABASE_REQUIREMENTS.read_text().splitlines()
    found = [line.split()[0] for line in lines if line.lower().startswith("secantusdb==")]
    return found[0].partition("==")[2]


def venv(folder, requirements, *flags):
    """The Python of a folder of its own, with some packages; again only when they have changed."""
    python = folder / "bin" / "python"
    stamp = folder / ".installed"
    wanted = requirements.read_bytes()
    if not stamp.exists() or stamp.read_bytes() != wanted:
        run([sys.executable, "-m", "venv", str(folder)], BENCH)
        pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        run([*pip, *flags, "-r", requirements], BENCH)
        stamp.write_bytes(wanted)
    return python


def all_servers(names, binary, works):
    """Hookstead and the peers, in the order of the names, if there is a work that they do."""
    names = [name for name in names if any(work.kind in servers.KINDS[name] for work in works)]
    if set(names) - servers.OURS:
        need("node", "see https://nodejs.org")
        install_peers()
    if set(names) & servers.OURS:
        binary = binary or build_hookstead()
    return [server_of(name, binary) for name in names]


def server_of(name, binary):
    if name == servers.HOOKSTEAD:
        return servers.hookstead(binary)
    if name == servers.ON_MONGODB:
        server = servers.hookstead(binary, name, on_mongodb=True)
        return replace(server, kinds=frozenset(servers.KINDS[name]))
    return servers.peer(name)


def run(command, folder):
    """Its output goes to standard error: standard output is for the table."""
    print("$", *command, file=sys.stderr)
    if subprocess.run(command, cwd=folder, stdout=sys.stderr, check=False).returncode:
        raise Fault(f"{command[0]} failed")
