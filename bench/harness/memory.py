"""Memory after the start, after load, and while slow requests are under way."""

import select
import time
from contextlib import ExitStack

from . import client, load
from .fault import Fault
from .process import running
from .works import HELLO, SLOW, Work

CONNECTIONS = 32
SLOW_REQUESTS = 64
LOAD = Work("c", "hello", "Hello", HELLO)


def measure(server, seconds):
    with running(server) as process:
        time.sleep(0.5)
        idle = process.memory_mib()
        load.measure(process, LOAD, CONNECTIONS, seconds)
        time.sleep(0.5)
        loaded = process.memory_mib()
        slow = while_slow(process)
    states = {"idle": idle, "loaded": loaded, "slow": slow}
    return {
        f"{state}_{kind}_mib": mib
        for state, kinds in states.items()
        for kind, mib in kinds.items()
    }


def while_slow(process):
    """Each request takes two seconds; half way, all of them are under way."""
    request = client.request_bytes(SLOW.path)
    with ExitStack() as stack:
        connections = [
            stack.enter_context(client.Connection(process.port)) for _ in range(SLOW_REQUESTS)
        ]
        for connection in connections:
            connection.send(request)
        time.sleep(1)
        if select.select([one.socket for one in connections], [], [], 0)[0]:
            raise Fault(f"{process.server.name} answers a slow request too early")
        memory = process.memory_mib()
        for connection in connections:
            if not connection.read().startswith(b"HTTP/1.1 200"):
                raise Fault(f"{process.server.name} fails a slow request")
    return memory
