#!/usr/bin/env python3
"""How long a hello takes beside functions that call what takes long.

    bench/attacks/natives.py HOOKSTEAD_BINARY [ATTACK...]

Starts the binary on 127.0.0.1 with the app beside this file, keeps 8 and then 100 requests of each
attack under way for some seconds, and measures a hello every ten milliseconds meanwhile.
"""

import http.client
import pathlib
import socket
import subprocess
import sys
import tempfile
import threading
import time

APP = pathlib.Path(__file__).parent / "natives"
PREFIX = "/app/attacks-abcde/endpoint"
SECONDS = 4
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


def attack(port, name, until):
    while time.monotonic() < until:
        try:
            get(port, f"/attack?name={name}", 10)
        except OSError:
            pass
        except http.client.HTTPException:
            pass


def measure(port, name, count):
    until = time.monotonic() + SECONDS
    threads = [
        threading.Thread(target=attack, args=(port, name, until), daemon=True)
        for _ in range(count)
    ]
    for thread in threads:
        thread.start()
    times = []
    while time.monotonic() < until:
        begun = time.monotonic()
        try:
            get(port, "/hello", 10)
        except OSError:
            pass
        times.append((time.monotonic() - begun) * 1000)
        time.sleep(0.01)
    for thread in threads:
        thread.join()
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
