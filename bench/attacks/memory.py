#!/usr/bin/env python3
"""Attacks on memory: callers make the server hold as much as it will, and hello is asked meanwhile.

    bench/attacks/memory.py target/release/hookstead [--memory-mib 700] [--scale 1.0] [NAME ...]

The program is started on a free port of 127.0.0.1 with an app of its own, and ended afterwards.
Every attack is bounded in number and time. Each line says how many hellos were answered, the
slowest of them, what the attack was answered, and how much memory the program had at most.
It fails if the program ended, if hello was not answered, or if memory exceeded --rss-mib-max.

Run it in a container or a control group of 1 GiB to see what an operator would see.
"""

import argparse
import collections
import http.client
import json
import os
import pathlib
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

PARSE = """exports = ({ body }) => JSON.parse(body.text()).length;"""
HELLO = """exports = () => 'hello';"""
FETCH = """exports = async ({ body }) => {
  const { url, calls } = JSON.parse(body.text());
  const call = () => context.http.get({ url });
  const answers = await Promise.all(Array.from({ length: calls }, call));
  return answers.reduce((bytes, answer) => bytes + answer.body.text().length, 0);
};"""
LARGE = """exports = ({ query }) => 'x'.repeat(Number(query.bytes));"""
FILL = """exports = async ({ query }) => {
  const c = context.services.get('mongodb-atlas').db('attack').collection('large');
  const text = 'x'.repeat(1 << 20);
  for (let n = 0; n < Number(query.count); n++) await c.insertOne({ n, text });
  return c.count({});
};"""
CURSORS = """exports = async ({ query }) => {
  const c = context.services.get('mongodb-atlas').db('attack').collection('large');
  const open = [];
  for (let n = 0; n < Number(query.count); n++) {
    const cursor = await c.find({}).sort({ text: 1, n: -1 });
    await cursor.next();
    open.push(cursor);
  }
  await new Promise((resolve) => setTimeout(resolve, 2000));
  return open.length;
};"""
LOG = """exports = async () => {
  for (let n = 0; n < 1000; n++) console.log('x'.repeat(8000));
  await new Promise((resolve) => setTimeout(resolve, 2000));
};"""
WAIT = """exports = async ({ body }) => {
  return (await context.http.get({ url: body.text() })).statusCode;
};"""

SETTINGS = {"HOOKSTEAD_OUTBOUND_ALLOW": "127.0.0.1"}
AGGREGATE = """exports = async ({ body }) => {
  const c = context.services.get('mongodb-atlas').db('attack').collection('large');
  return (await c.aggregate(EJSON.parse(body.text())).toArray()).length;
};"""

FUNCTIONS = {
    "aggregate": AGGREGATE,
    "parse": PARSE,
    "hello": HELLO,
    "fetch": FETCH,
    "large": LARGE,
    "fill": FILL,
    "cursors": CURSORS,
    "log": LOG,
    "wait": WAIT,
}


def write_app(folder):
    """An app with one open endpoint for each function."""
    (folder / "functions").mkdir()
    (folder / "http_endpoints").mkdir()
    for name, source in FUNCTIONS.items():
        (folder / "functions" / f"{name}.js").write_text(source)
    declared = [{"name": name, "run_as_system": True} for name in FUNCTIONS]
    endpoints = [
        {
            "route": f"/{name}",
            "http_method": "*",
            "function_name": name,
            "validation_method": "NO_VALIDATION",
            "respond_result": True,
            "return_type": "JSON",
        }
        for name in FUNCTIONS
    ]
    root = {"app_id": "attack-abcde", "name": "attack", "config_version": 20210101}
    (folder / "realm_config.json").write_text(json.dumps(root))
    (folder / "functions" / "config.json").write_text(json.dumps(declared))
    (folder / "http_endpoints" / "config.json").write_text(json.dumps(endpoints))


class Partner:
    """A server that functions call: /bytes/N answers N bytes, /hang never answers."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self.url = "http://127.0.0.1:%d" % self.listener.getsockname()[1]
        self.held = []
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                stream, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.answer, args=(stream,), daemon=True).start()

    def answer(self, stream):
        try:
            head = b""
            while b"\r\n\r\n" not in head:
                piece = stream.recv(4096)
                if not piece:
                    return
                head += piece
            path = head.split(b" ")[1].decode()
            if path == "/hang":
                self.held.append(stream)
                return
            left = int(path.rsplit("/", 1)[1])
            stream.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % left)
            block = b"x" * 65536
            while left > 0:
                stream.sendall(block[:left])
                left -= len(block)
        except OSError:
            pass


class Server:
    """The program, started with an app of its own."""

    def __init__(self, binary, folder, data, settings):
        environment = {k: v for k, v in os.environ.items() if not k.startswith("HOOKSTEAD_")}
        environment.update(settings)
        arguments = [binary, "serve", str(folder), "--listen", "127.0.0.1:0"]
        self.process = subprocess.Popen(
            arguments + ["--data-dir", str(data)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=environment,
        )
        line = self.process.stdout.readline()
        if "listening on http://" not in line:
            raise SystemExit("the program does not start: " + line + self.process.stdout.read())
        self.host, port = line.strip().rsplit("/", 1)[1].split(":")
        self.port = int(port)
        self.notices = []
        threading.Thread(target=self.read_log, daemon=True).start()

    def read_log(self):
        for line in self.process.stdout:
            if line.startswith(("memory for", "stopped with")):
                self.notices.append(line.strip())

    def memory_mib(self, field):
        for line in pathlib.Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith(field + ":"):
                return int(line.split()[1]) / 1024
        return 0.0

    def forget_peak(self):
        """Has the system measure the peak anew, where it lets us."""
        try:
            pathlib.Path(f"/proc/{self.process.pid}/clear_refs").write_text("5")
        except OSError:
            pass

    def call(self, name, body=None, query="", timeout=60):
        """The status and the body; a text in place of the status if there is no answer."""
        connection = http.client.HTTPConnection(self.host, self.port, timeout=timeout)
        try:
            path = f"/app/attack-abcde/endpoint/{name}{query}"
            connection.request("POST" if body is not None else "GET", path, body)
            response = connection.getresponse()
            return response.status, response.read()
        except (OSError, http.client.HTTPException) as error:
            return type(error).__name__, b""
        finally:
            connection.close()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Probe:
    """Asks hello twenty times a second."""

    def __init__(self, server):
        self.server, self.times, self.failures, self.over = server, [], [], False
        self.thread = threading.Thread(target=self.ask, daemon=True)
        self.thread.start()

    def ask(self):
        while not self.over:
            begun = time.monotonic()
            status, _ = self.server.call("hello", timeout=15)
            self.times.append(time.monotonic() - begun)
            if status != 200:
                self.failures.append(status)
            time.sleep(0.05)

    def end(self):
        self.over = True
        self.thread.join(20)


def at_once(count, call):
    """Calls in as many threads; how often each status came."""
    statuses = collections.Counter()
    threads = [
        threading.Thread(target=lambda n=n: statuses.update([call(n)]), daemon=True)
        for n in range(count)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(90)
    return dict(statuses)


def attack_json(server, partner, scale):
    """Bodies that become fifty times as large: `[{},{},…]`."""
    body = b"[" + b"{}," * int(7e6 * scale / 3) + b"{}]"
    return at_once(4, lambda _: server.call("parse", body)[0])


def attack_bodies(server, partner, scale):
    """Large bodies that never end."""
    streams = []
    for _ in range(60):
        stream = socket.create_connection((server.host, server.port))
        stream.settimeout(5)
        size = int(17e6 * scale)
        head = "POST /app/attack-abcde/endpoint/hello HTTP/1.1\r\nHost: x\r\n"
        try:
            stream.sendall(f"{head}Content-Length: {size + 1}\r\n\r\n".encode() + b"x" * size)
        except OSError:
            pass
        streams.append(stream)
    time.sleep(2)
    for stream in streams:
        stream.close()
    return {"streams": len(streams)}


def attack_answers(server, partner, scale):
    """Runs that call a partner 25 times at once, each for a large answer."""
    url = f"{partner.url}/bytes/{int(60e6 * scale)}"
    body = json.dumps({"url": url, "calls": 25})
    return at_once(4, lambda _: server.call("fetch", body)[0])


def attack_cursors(server, partner, scale):
    """Cursors over sorted documents that are left open."""
    server.call("fill", query=f"?count={int(64 * scale) + 1}")
    return at_once(4, lambda _: server.call("cursors", query="?count=20")[0])


def attack_values(server, partner, scale):
    """Expressions that hold large texts while they go through a range."""
    server.call("fill", query="?count=1")
    doubled = {"$reduce": {
        "input": {"$range": [0, 4]},
        "initialValue": "$text",
        "in": {"$concat": ["$$value", "$$value"]},
    }}
    lengths = {"$map": {"input": {"$range": [0, int(20 * scale) + 1]}, "in": {
        "$strLenBytes": doubled,
    }}}
    body = json.dumps([{"$limit": 1}, {"$project": {"x": lengths}}])
    return at_once(60, lambda _: server.call("aggregate", body)[0])


def attack_stages(server, partner, scale):
    """Pipelines that gather what they read twice."""
    server.call("fill", query=f"?count={int(24 * scale) + 1}")
    union, sort = {"$unionWith": "large"}, {"$sort": {"n": -1}}
    body = json.dumps([union, sort, {"$group": {"_id": None, "all": {"$push": "$text"}}}])
    return at_once(60, lambda _: server.call("aggregate", body)[0])


def attack_log(server, partner, scale):
    """Runs that wait with full logs."""
    return at_once(int(200 * scale), lambda _: server.call("log")[0])


def attack_waiting(server, partner, scale):
    """Runs that wait for a partner that hangs."""
    url = f"{partner.url}/hang"
    streams = []
    for _ in range(300):
        stream = socket.create_connection((server.host, server.port))
        head = "POST /app/attack-abcde/endpoint/wait HTTP/1.1\r\nHost: x\r\n"
        stream.sendall(f"{head}Content-Length: {len(url)}\r\n\r\n{url}".encode())
        streams.append(stream)
    time.sleep(3)
    for stream in streams:
        stream.close()
    for stream in partner.held:
        stream.close()
    partner.held.clear()
    return {"runs": len(streams)}


def frame(kind, flags, stream, payload):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(
        ">I", stream
    ) + payload


def headers_of(path):
    """A request as HPACK, names and values as they are."""
    fields = [(":method", "GET"), (":scheme", "http"), (":path", path), (":authority", "x")]
    block = b""
    for name, value in fields:
        block += b"\x00" + bytes([len(name)]) + name.encode()
        block += bytes([len(value)]) + value.encode()
    return block


def attack_unread(server, partner, scale):
    """HTTP/2 connections that ask for large responses and read none."""
    path = f"/app/attack-abcde/endpoint/large?bytes={int(4e6 * scale)}"
    streams = []
    for _ in range(8):
        stream = socket.create_connection((server.host, server.port))
        stream.settimeout(10)
        # SETTINGS_INITIAL_WINDOW_SIZE: one byte of each response may come.
        begin = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(4, 0, 0, struct.pack(">HI", 4, 1))
        requests = b"".join(frame(1, 5, 2 * n + 1, headers_of(path)) for n in range(80))
        try:
            stream.sendall(begin + requests)
        except OSError:
            pass
        streams.append(stream)
    time.sleep(6)
    for stream in streams:
        stream.close()
    return {"streams": 80 * len(streams)}


ATTACKS = {
    name.removeprefix("attack_"): attack
    for name, attack in list(globals().items())
    if name.startswith("attack_")
}


def main(text=__doc__, attacks=ATTACKS):
    parser = argparse.ArgumentParser(description=text.splitlines()[0])
    parser.add_argument("binary")
    parser.add_argument("names", nargs="*", help=f"attacks: {', '.join(attacks)}; default: all")
    parser.add_argument("--memory-mib", type=int, default=0, help="[limits] memory_mib")
    parser.add_argument("--rss-mib-max", type=float, default=0, help="fail beyond this")
    parser.add_argument("--scale", type=float, default=1.0, help="of what each attack sends")
    options = parser.parse_intermixed_args()
    settings = dict(SETTINGS)
    if options.memory_mib:
        settings["HOOKSTEAD_LIMITS_MEMORY_MIB"] = str(options.memory_mib)
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        app, data = pathlib.Path(folder, "app"), pathlib.Path(folder, "data")
        app.mkdir()
        write_app(app)
        partner = Partner()
        server = Server(options.binary, app, data, settings)
        try:
            for name in options.names or attacks:
                server.forget_peak()
                probe = Probe(server)
                statuses = attacks[name](server, partner, options.scale)
                time.sleep(1)
                probe.end()
                if server.process.poll() is not None:
                    print(f"{name}: the program ended with {server.process.returncode}")
                    failed = True
                    break
                peak = server.memory_mib("VmHWM")
                over = options.rss_mib_max and peak > options.rss_mib_max
                failed |= bool(probe.failures) or bool(over)
                print(
                    f"{name}: hello {len(probe.times)} times, {len(probe.failures)} failed "
                    f"{dict(collections.Counter(probe.failures))}, slowest "
                    f"{max(probe.times) * 1000:.0f} ms; answers {statuses}; "
                    f"peak {peak:.0f} MiB, now {server.memory_mib('VmRSS'):.0f} MiB",
                    flush=True,
                )
        finally:
            server.stop()
        for notice in server.notices:
            print(notice)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
