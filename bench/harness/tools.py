"""What has to be there before anything can be measured."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

from . import servers
from .fault import Fault
from .paths import BENCH, PEERS, REPO, WORK

VENV = WORK / "venv"


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
    python = VENV / "bin" / "python"
    stamp = VENV / ".installed"
    wanted = (BENCH / "harness" / "requirements.txt").read_bytes()
    if not stamp.exists() or stamp.read_bytes() != wanted:
        run([sys.executable, "-m", "venv", str(VENV)], BENCH)
        run([python, "-m", "pip", "install", "--quiet", "-r", "harness/requirements.txt"], BENCH)
        stamp.write_bytes(wanted)
    return python


def all_servers(names, binary):
    """Hookstead, if it is among the names, and the peers, in the order of the names."""
    if set(names) - {servers.HOOKSTEAD}:
        need("node", "see https://nodejs.org")
        install_peers()
    chosen = []
    for name in names:
        if name == servers.HOOKSTEAD:
            chosen.append(servers.hookstead(binary or build_hookstead()))
        else:
            chosen.append(servers.peer(name))
    return chosen


def run(command, folder):
    """Its output goes to standard error: standard output is for the table."""
    print("$", *command, file=sys.stderr)
    if subprocess.run(command, cwd=folder, stdout=sys.stderr, check=False).returncode:
        raise Fault(f"{command[0]} failed")
