"""`bench/attack`: does a binary go on answering others while it is attacked?"""

import argparse
import http.client
import json
import os
import shutil
import subprocess
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from .attacks import all_attacks
from .fault import Fault
from .openings import all_openings
from .paths import BENCH, LOGS, WORK
from .process import free_port, memory_kib

APP = BENCH / "attacks" / "app"
PREFIX = "/app/attacked-abcde/endpoint"
DATA = WORK / "data" / "attack"
START_S_MAX = 20
REQUEST_S_MAX = 30
STOP_S_MAX = 10
PROBE_PAUSE_S = 0.01
# What a container of 1 GiB leaves to what callers can make the program hold.
MEMORY_MIB = 700
PEAK_MIB_MAX = 1024


def main():
    parser = argparse.ArgumentParser(prog="bench/attack", description=__doc__)
    parser.add_argument("binary", metavar="BINARY", help="a release build")
    parser.add_argument(
        "--only", metavar="LIST", default="",
        help="names of attacks, such as deep,memory (default: all)",
    )
    parser.add_argument(
        "--rounds", type=int, default=2, help="times that each is sent (default: %(default)s)",
    )
    options = parser.parse_args()
    binary = Path(options.binary).resolve()
    if not binary.is_file():
        raise Fault(f"there is no {binary}")
    chosen = set(filter(None, options.only.split(",")))
    attacks = [one for one in all_attacks() if not chosen or one.name in chosen]
    if not attacks and "open" not in chosen:
        raise Fault(f"no attack has the name {options.only}")
    results = [run(binary, attack, options.rounds) for attack in attacks]
    holds = print_results(results)
    if not chosen or "open" in chosen:
        holds &= all_openings(binary)
    if not holds:
        raise Fault("the attacks marked FAILED got through")


@dataclass
class Result:
    name: str
    why: str
    statuses: dict = field(default_factory=dict)
    hello_ms: list = field(default_factory=list)
    hello_failed: int = 0
    faults: list = field(default_factory=list)
    peak_mib: float = 0


class Server:
    """The attacked app, served by a binary on a free port."""

    def __init__(self, binary, name):
        shutil.rmtree(DATA, ignore_errors=True)
        LOGS.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self.log = LOGS / f"attack-{name}.log"
        command = [binary, "serve", APP, "--listen", f"127.0.0.1:{self.port}", "--data-dir", DATA]
        env = {**os.environ, "HOOKSTEAD_LIMITS_MEMORY_MIB": str(MEMORY_MIB)}
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, env=env)
        began = time.monotonic()
        while self.ask("GET", "/hello")[0] != 200:
            if self.process.poll() is not None or time.monotonic() - began > START_S_MAX:
                self.process.kill()
                raise Fault(f"the server does not start: see {self.log}")
            time.sleep(0.05)

    def ask(self, method, route, body=None, timeout_s=REQUEST_S_MAX):
        """The status of an answer, and its body; 0 where there is none."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout_s)
        try:
            connection.request(method, PREFIX + route, body, {"Content-Type": "application/json"})
            response = connection.getresponse()
            return response.status, response.read()
        except (OSError, http.client.HTTPException):
            return 0, b""
        finally:
            connection.close()

    def is_alive(self):
        return self.process.poll() is None

    def rss_mib(self):
        return sum(kib for kind, kib in memory_kib(self.process.pid) if kind == "rss") / 1024

    def stop(self):
        """Whether a signal to stop ends the process in time."""
        self.process.terminate()
        try:
            self.process.wait(STOP_S_MAX)
            return True
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            return False


def run(binary, attack, rounds):
    result = Result(attack.name, attack.why)
    server = Server(binary, attack.name)
    try:
        write = json.dumps({"filter": {"_id": 1}, "update": {"$set": {"n": 1}}}).encode()
        server.ask("POST", "/update", write)
        over = threading.Event()
        probe = threading.Thread(target=probe_hello, args=(server, result, over))
        probe.start()
        for _ in range(rounds):
            send(server, attack, result)
        over.set()
        probe.join()
        check_after(server, result, write)
    finally:
        if not server.stop() and "the process ended" not in result.faults:
            result.faults.append(f"SIGTERM did not end it within {STOP_S_MAX} s")
    return result


def send(server, attack, result):
    """Everything at once, and waits until all of it is answered."""

    def one(body):
        status, _ = server.ask("POST", attack.route, body)
        result.statuses[status] = result.statuses.get(status, 0) + 1

    bodies = [body for body in attack.bodies for _ in range(attack.at_once)]
    threads = [threading.Thread(target=one, args=(body,)) for body in bodies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def probe_hello(server, result, over):
    while not over.is_set():
        began = time.perf_counter()
        status, _ = server.ask("GET", "/hello", timeout_s=REQUEST_S_MAX)
        if status == 200:
            result.hello_ms.append((time.perf_counter() - began) * 1000)
        else:
            result.hello_failed += 1
        result.peak_mib = max(result.peak_mib, server.rss_mib())
        time.sleep(PROBE_PAUSE_S)


def check_after(server, result, write):
    if not server.is_alive():
        result.faults.append("the process ended")
        return
    if result.peak_mib > PEAK_MIB_MAX:
        result.faults.append(f"it used more than {PEAK_MIB_MAX} MiB of memory")
    if result.hello_failed:
        result.faults.append(f"{result.hello_failed} others got no answer")
    if server.ask("POST", "/update", write)[0] != 200:
        result.faults.append("others cannot write any more")
    if server.ask("POST", "/find", b'{"filter": {"n": 1}}')[0] != 200:
        result.faults.append("others cannot read any more")


def print_results(results):
    for result in results:
        times = sorted(result.hello_ms) or [float("nan")]
        p50, p99 = times[len(times) // 2], times[min(len(times) - 1, len(times) * 99 // 100)]
        statuses = ", ".join(f"{status} × {n}" for status, n in sorted(result.statuses.items()))
        verdict = "FAILED: " + "; ".join(result.faults) if result.faults else "holds"
        print(
            f"{result.name:14} {verdict}\n"
            f"    {result.why}; answered {statuses}\n"
            f"    others: p50 {p50:.1f} ms, p99 {p99:.1f} ms, max {times[-1]:.1f} ms;"
            f" memory at most {result.peak_mib:.0f} MiB"
        )
    return not any(result.faults for result in results)
