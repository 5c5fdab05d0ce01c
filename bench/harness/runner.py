"""Rounds of measurements in which the servers take turns.

Every round starts each server anew, so that the spread shows what differs between two starts, and
each round begins with another server, so that none is always first.
"""

import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass, field

from . import load, memory, seed, spin, start
from .process import running
from .works import DOCUMENTS, USERS, WEB

WARM_UP_CONNECTIONS = 32
# A database answers less often, and compilers want to see code run for some thousands of times.
WARM_UP_S = {WEB: 1, DOCUMENTS: 3, USERS: 3}
STARTED = {WEB: running, DOCUMENTS: seed.running, USERS: seed.running_for_users}


@dataclass
class Plan:
    servers: list
    works: list
    rounds: int = 5
    seconds: int = 3
    connections: list = field(default_factory=lambda: [1, 32, 256])
    threads: int = 1
    starts: int = 4  # in each round


def run(plan, keep):
    """Measures everything; `keep` takes the records after every round."""
    records = []
    began = time.monotonic()
    for number in range(plan.rounds):
        say(f"round {number + 1} of {plan.rounds}")
        for record in one_round(plan, rotated(plan.servers, number)):
            records.append({"round": number, **record})
        keep(records)
        minutes = (time.monotonic() - began) / 60
        say(f"  {minutes:.0f} min, {minutes / (number + 1) * (plan.rounds - 1 - number):.0f} to go")


def rotated(items, number):
    """Every second round also goes backwards: two servers then take turns at being first."""
    items = items[::-1] if number % 2 else items
    number = number // 2 % len(items)
    return items[number:] + items[:number]


def one_round(plan, servers):
    for kind in STARTED:
        works = [work for work in plan.works if work.request and work.kind == kind]
        if works:
            yield from loads(plan, those_for(servers, works[0]), works, kind)
    for work in plan.works:
        if not work.request:
            yield from SPECIAL[work.name](plan, those_for(servers, work), work)


def those_for(servers, work):
    return [server for server in servers if server.does(work)]


def loads(plan, servers, works, kind):
    with ExitStack() as stack:
        processes = [stack.enter_context(STARTED[kind](server)) for server in servers]
        for work in works:
            for process in processes:
                load.check(process, work.request)
                load.wrk(process, work, WARM_UP_CONNECTIONS, WARM_UP_S[kind], plan.threads)
            for connections in plan.connections:
                for process in processes:
                    figures = load.measure(
                        process, work, connections, plan.seconds, plan.threads
                    )
                    yield record(work, process.server, figures)


def starts(plan, servers, work):
    for number in range(plan.starts):
        for server in rotated(servers, number):
            yield record(work, server, {"turn": number, **start.measure(server)})


def memories(plan, servers, work):
    for server in servers:
        yield record(work, server, memory.measure(server, plan.seconds))


def spins(plan, servers, work):
    for server in servers:
        yield record(work, server, spin.measure(server, plan.seconds))


SPECIAL = {"start": starts, "memory": memories, "spin": spins}

# What is told of a measurement while the others are under way.
TOLD = {
    "requests_per_s": "{:10,.0f} /s",
    "p99_ms": "  p99 {:8.2f} ms",
    "cpu_us_per_request": "  CPU {:7,.1f} µs",
    "start_ms": "{:8.1f} ms",
    "idle_rss_mib": "{:8.1f} MiB idle",
    "loaded_rss_mib": "{:8.1f} MiB after load",
    "slow_rss_mib": "{:8.1f} MiB with slow requests",
    "other_cores": "  others {:.2f} cores",
}


def record(work, server, figures):
    connections = figures.get("connections", "")
    text = "".join(form.format(figures[key]) for key, form in TOLD.items() if key in figures)
    note = f"  {figures['failed']} FAILED" if figures.get("failed") else ""
    say(f"  {work.name:9} {connections:>3} {server.name:17} {text}{note}")
    return {"work": work.name, "server": server.name, **figures}


def say(text):
    print(text, file=sys.stderr, flush=True)
