"""Load by wrk: as many requests as a number of connections can have answered."""

import json
import subprocess

from . import client
from .fault import Fault
from .machine import CpuTimes
from .paths import BENCH, BODIES


def check(running, request):
    """Stops everything when a server does not give the answer that all of them give."""
    fault = request.fault(*client.send(running.port, request.by(running.token)))
    if fault:
        raise Fault(f"{running.server.name}: {request.method} {request.path}: {fault}")


def measure(running, work, connections, seconds, threads=1):
    """What one server manages under load, and what it and everything else spent on it."""
    before = CpuTimes.now(running)
    figures = wrk(running, work, connections, seconds, threads)
    spent = CpuTimes.now(running).since(before)
    duration_s = figures["duration_us"] / 1e6
    requests = max(figures["requests"], 1)
    return {
        "connections": connections,
        "requests": figures["requests"],
        "requests_per_s": figures["requests"] / duration_s,
        "p50_ms": figures["p50_us"] / 1000,
        "p99_ms": figures["p99_us"] / 1000,
        "max_ms": figures["max_us"] / 1000,
        "failed": failed(work.request, figures),
        "cpu_us_per_request": spent.server_s / requests * 1e6,
        "server_cores": spent.server_s / spent.wall_s,
        "database_cores": spent.database_s / spent.wall_s,
        "wrk_cores": spent.children_s / spent.wall_s,
        "other_cores": max(spent.others_s, 0) / spent.wall_s,
    }


def failed(request, figures):
    """Requests that went wrong; where a refusal is right, those that were not refused."""
    refused = figures["refused"]
    wrong = refused if request.status < 400 else figures["requests"] - refused
    return wrong + figures["broken"]


def wrk(running, work, connections, seconds, threads):
    request = work.request.by(running.token)
    command = [
        "wrk",
        f"-t{min(threads, connections)}",
        f"-c{connections}",
        f"-d{seconds}s",
        "--timeout=10s",
        f"--script={BENCH / 'harness' / 'request.lua'}",
        f"http://127.0.0.1:{running.port}{request.path}",
        "--",
        request.method,
        request.pattern,
        str(request.numbers),
        body_file(work),
        *(f"{name}: {value}" for name, value in request.headers.items()),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    for line in done.stdout.splitlines():
        if line.startswith("RESULT "):
            return json.loads(line[len("RESULT "):])
    raise Fault(f"wrk failed: {done.stderr or done.stdout}")


def body_file(work):
    """The body as a file: it may be too long for a command line."""
    if not work.request.body:
        return ""
    BODIES.mkdir(parents=True, exist_ok=True)
    path = BODIES / work.name
    path.write_bytes(work.request.body)
    return str(path)
