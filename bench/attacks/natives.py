#!/usr/bin/env python3
"""How long a hello takes beside functions that call what takes long.

    bench/attacks/natives.py HOOKSTEAD_BINARY [ATTACK...]

Starts the binary on 127.0.0.1 with the app beside this file, keeps 8 and then 100 requests of each
attack under way for some seconds, and measures a hello every ten milliseconds meanwhile. Who calls
the attacks is a process of its own: what it has to do does not delay the measuring.
"""

import http.client
import multiprocessing
import pathlib
import selectors
import socket
import subprocess
import sys
import tempfile
import time

APP = pathlib.Path(__file__).parent / "natives"
PREFIX = "/app/attacks-abcde/endpoint"
SECONDS = 8
P99_MS_MAX = {8: 25, 100: 100}
ATTACKS = [
    "pbkdf2", "hash", "hmac", "base64", "hex", "aes", "rsa", "url", "fill", "log", "sort",
    "bigint", "regexp", "json", "repeat", "utf8", "body", "free", "random", "spin",
]


def get(port, path, timeout):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request("GET", PREFIX + path)
        return connection.getresponse().read()
    finally:
        connection.close()


def attack(port, name, count, until):
    """Keeps so many requests under way, whatever the answers are."""
    request = f"GET {PREFIX}/attack?name={name} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    selector = selectors.DefaultSelector()

    def begin():
        connection = socket.create_connection(("127.0.0.1", port))
        connection.sendall(request.encode())
        selector.register(connection, selectors.EVENT_READ)

    for _ in range(count):
        begin()
    while time.monotonic() < until:
        for key, _ in selector.select(0.1):
            try:
                is_open = key.fileobj.recv(1 << 20)
            except OSError:
                is_open = False
            if not is_open:
                selector.unregister(key.fileobj)
                key.fileobj.close()
                begin()


def measure(port, name, count):
    until = time.monotonic() + SECONDS
    caller = multiprocessing.Process(target=attack, args=(port, name, count, until), daemon=True)
    caller.start()
    # All of them are under way.
    time.sleep(0.3)
    times = []
    while time.monotonic() < until:
        begun = time.monotonic()
        try:
            get(port, "/hello", 10)
        except OSError:
            pass
        times.append((time.monotonic() - begun) * 1000)
        time.sleep(0.01)
    caller.join()
    if caller.exitcode != 0:
        raise RuntimeError(f"the caller of {name} ended with {caller.exitcode}")
    times.sort()
    return times[len(times) // 2], times[len(times) * 99 // 100], times[-1]


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def main():
    binary, chosen = sys.argv[1], sys.argv[2:] or ATTACKS
    port, failures = free_port(), 0
    with tempfile.TemporaryDirectory() as folder:
        command = [binary, "serve", str(APP), "--listen", f"127.0.0.1:{port}"]
        command += ["--data-dir", folder]
        server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            for _ in range(100):
                try:
                    get(port, "/hello", 1)
                    break
                except OSError:
                    time.sleep(0.1)
            print(f"{'attack':10} {'at once':>7} {'p50 ms':>8} {'p99 ms':>8} {'max ms':>8}")
            for name in chosen:
                for count in P99_MS_MAX:
                    p50, p99, longest = measure(port, name, count)
                    failures += p99 > P99_MS_MAX[count]
                    print(f"{name:10} {count:7} {p50:8.1f} {p99:8.1f} {longest:8.1f}", flush=True)
        finally:
            server.terminate()
            try:
                server.wait(30)
            except subprocess.TimeoutExpired:
                print("it does not end when it is told to")
                failures += 1
                server.kill()
                server.wait()
    return failures > 0


if __name__ == "__main__":
    sys.exit(main())
