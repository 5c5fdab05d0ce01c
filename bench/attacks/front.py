#!/usr/bin/env python3
"""Attacks on the front: callers that take what others need, and hello is asked meanwhile.

    bench/attacks/front.py target/release/hookstead [--memory-mib 700] [--scale 1.0] [NAME ...]

It works as memory.py does. A process may need more open files than usual: ulimit -n 30000.
"""

import socket
import time

import memory
from memory import at_once, frame

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(4, 0, 0, b"")
PATH = "/app/attack-abcde/endpoint/hello"
HEAD = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n1".encode()

memory.FUNCTIONS.update(
    graph="exports = () => { let a = []; for (let i = 0; i < 60; i++) a = [a, a]; return a; };",
    lines="exports = () => { const t = 'x'.repeat(8000); "
    "for (let i = 0; i < 1e6; i++) console.log(t); return 1; };",
)

# Results and logs without an end take as long as a run may.
memory.SETTINGS["HOOKSTEAD_LIMITS_RUN_TIME_S"] = "10"


def headers_of_post():
    """The head of a request with a body, as HPACK, names and values as they are."""
    fields = [(":method", "POST"), (":scheme", "http"), (":path", PATH), (":authority", "x")]
    block = b""
    for name, value in fields + [("content-length", "100")]:
        block += b"\x00" + bytes([len(name)]) + name.encode()
        block += bytes([len(value)]) + value.encode()
    return block


def connect(server, held):
    try:
        held.append(socket.create_connection((server.host, server.port), timeout=5))
        return held[-1]
    except OSError:
        return None


def send(stream, content):
    try:
        stream.sendall(content)
    except OSError:
        # The server has closed it.
        pass


def close(held):
    for stream in held:
        stream.close()
    return {"connections": len(held)}


def attack_streams(server, partner, scale):
    """100 HTTP/2 connections with 100 requests each, whose bodies never arrive."""
    held, block = [], headers_of_post()
    requests = b"".join(frame(1, 4, 2 * n + 1, block) for n in range(100))
    for _ in range(int(100 * scale)):
        send(connect(server, held), PREFACE + requests)
    time.sleep(5)
    return close(held)


def attack_heads(server, partner, scale):
    """The same with heads of 50 kB, and 200 requests each."""
    held, block = [], headers_of_post()
    long = "x" * 12_000
    for name in ("x-a", "x-b", "x-c", "x-d"):
        block += b"\x00" + bytes([len(name)]) + name.encode()
        # An integer with a prefix of seven bits.
        rest = len(long) - 127
        block += bytes([127, rest % 128 + 128, rest // 128]) + long.encode()
    pieces = [block[at : at + 16_000] for at in range(0, len(block), 16_000)]
    for _ in range(int(100 * scale)):
        stream = connect(server, held)
        send(stream, PREFACE)
        for n in range(200):
            kinds = [1] + [9] * (len(pieces) - 1)
            flags = [0] * (len(pieces) - 1) + [4]
            send(
                stream,
                b"".join(
                    frame(kind, flag, 2 * n + 1, piece)
                    for kind, flag, piece in zip(kinds, flags, pieces)
                ),
            )
    time.sleep(5)
    return close(held)


def attack_connections(server, partner, scale):
    """12,000 connections, more than there may be, with a body that never arrives on each."""
    held = []
    for _ in range(int(12_000 * scale)):
        stream = connect(server, held)
        if stream:
            send(stream, HEAD)
    time.sleep(5)
    return close(held)


def attack_idle(server, partner, scale):
    """12,000 connections on which nothing is sent."""
    held = []
    for _ in range(int(12_000 * scale)):
        connect(server, held)
    time.sleep(5)
    return close(held)


def attack_bodies(server, partner, scale):
    """2,000 connections that hold back the last byte of a body of a megabyte."""
    held = []
    size = int(1e6 * scale)
    head = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: {size + 1}\r\n\r\n".encode()
    for _ in range(2000):
        stream = connect(server, held)
        if stream:
            stream.settimeout(0.5)
            send(stream, head + b"x" * size)
    time.sleep(3)
    return close(held)


def attack_graph8(server, partner, scale):
    """8 results of few objects that are written many times."""
    return at_once(8, lambda _: server.call("graph")[0])


def attack_graph(server, partner, scale):
    """100 of them."""
    return at_once(int(100 * scale), lambda _: server.call("graph")[0])


def attack_lines8(server, partner, scale):
    """8 runs that log a million lines each."""
    return at_once(8, lambda _: server.call("lines")[0])


def attack_lines(server, partner, scale):
    """100 of them."""
    return at_once(int(100 * scale), lambda _: server.call("lines")[0])


if __name__ == "__main__":
    names = [name for name in list(globals()) if name.startswith("attack_")]
    memory.main(__doc__, {name.removeprefix("attack_"): globals()[name] for name in names})
