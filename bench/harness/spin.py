"""The latency of Hello while other functions spin without end.

Requests go out at fixed times, whether or not the one before has been answered late: an answer's
latency counts from the time at which its request was due, so a stall shows in full.
"""

import threading
import time

from . import client, machine, stats
from .process import running
from .works import HELLO, SPIN

INTERVAL_S = 0.01
STALL_S = 2


def measure(server, seconds):
    # A server that spins does not hear that it should stop.
    with running(server, gently=False) as process:
        calm = probe(process.port, seconds)
        with Spinners(process.port, machine.cores()) as spinners:
            time.sleep(1)
            before = machine.CpuTimes.now(process)
            # Long enough for Hookstead's limit of bench/app to end each of them once.
            busy = probe(process.port, 2 * seconds)
            spent = machine.CpuTimes.now(process).since(before)
            ended = spinners.ended
    return {
        "calm_p99_ms": stats.percentile(calm, 99),
        "p50_ms": stats.percentile(busy, 50),
        "p99_ms": stats.percentile(busy, 99),
        "max_ms": max(busy),
        "probes": len(busy),
        "stalled": max(busy) >= STALL_S * 1000,
        "spins_ended": ended,
        "server_cores": spent.server_s / spent.wall_s,
        "other_cores": max(spent.others_s, 0) / spent.wall_s,
    }


def probe(port, seconds):
    """Latencies in ms; the last one is STALL_S when the server stalled."""
    request = client.request_bytes(HELLO.path)
    latencies = []
    try:
        with client.Connection(port, STALL_S) as connection:
            start = time.perf_counter()
            for number in range(int(seconds / INTERVAL_S)):
                due = start + number * INTERVAL_S
                time.sleep(max(0, due - time.perf_counter()))
                if not connection.get(request):
                    raise ConnectionError("the server hung up")
                latencies.append((time.perf_counter() - due) * 1000)
    except OSError:
        latencies.append(STALL_S * 1000)
    return latencies


class Spinners:
    """Requests to functions that never end; each is sent anew when a limit ended it."""

    def __init__(self, port, number):
        self.port = port
        self.ended = 0
        self.stopping = False
        self.lock = threading.Lock()
        self.connections = set()
        self.threads = [threading.Thread(target=self.keep_spinning) for _ in range(number)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        with self.lock:
            self.stopping = True
            for connection in self.connections:
                connection.socket.shutdown(2)
        for thread in self.threads:
            thread.join()

    def keep_spinning(self):
        while not self.stopping:
            try:
                with client.Connection(self.port, timeout_s=None) as connection:
                    self.spin(connection)
            except OSError:
                time.sleep(0.01)

    def spin(self, connection):
        with self.lock:
            if self.stopping:
                return
            self.connections.add(connection)
        try:
            connection.get(client.request_bytes(SPIN.path))
        finally:
            with self.lock:
                self.connections.discard(connection)
                self.ended += 1
