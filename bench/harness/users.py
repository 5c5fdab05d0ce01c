"""`bench/users`: what log-ins cost others, and what the rules of data cost their users."""

import argparse
import threading
import time
from collections import Counter

from . import client, documents, seed, servers, spin, stats, tools
from .tables import number, table
from .works import BASE, compact

COUNT = 100_000
OWNERS = 1_000
OWN = COUNT // OWNERS
LOG_INS = 50

# What is asked for as a user and, without rules, as system; and what comes of it.
CASES = [
    ("find 100 of 100,000, owner indexed", "collection=indexed", {"found": OWN}),
    ("find 100 of 100,000, owner not indexed", "collection=unindexed", {"found": OWN}),
    ("find by _id, owner not indexed", "collection=unindexed&id=0", {"found": 1}),
    ("count, owner indexed", "collection=indexed&count=", {"count": OWN}),
    ("count, owner not indexed", "collection=unindexed&count=", {"count": OWN}),
]


def main():
    given = parse()
    server = servers.hookstead(given.hookstead or tools.build_hookstead(), "hookstead-users")
    with seed.started(server.for_users()) as running:
        user = seed.register(running)
        print(beside_log_ins(running, given.users, given.seconds), flush=True)
        fill(running, user)
        print("\n" + under_rules(running, user, given.rounds, given.seconds))


def parse():
    parser = argparse.ArgumentParser(prog="bench/users", description=__doc__)
    parser.add_argument("hookstead", nargs="?", metavar="BINARY",
                        help="a release build (default: build one)")
    parser.add_argument("--rounds", type=int, default=5, help="(default: %(default)s)")
    parser.add_argument("--users", type=int, default=400,
                        help="that log in, each once (default: %(default)s)")
    parser.add_argument("--seconds", type=int, default=3,
                        help="of each measurement (default: %(default)s)")
    return parser.parse_args()


def beside_log_ins(running, users, seconds):
    """The latency of Hello without log-ins, and beside 50 clients that log in.

    Each user logs in once: a password that has proven itself is remembered for a while, and would
    cost nothing the second time. When all have, nothing more is measured.
    """
    for index in range(users):
        body = {"email": email(index), "password": seed.PASSWORD}
        seed.asked(running, f"{seed.AUTH}/register", body, 201)
    calm = spin.probe(running.port, seconds)
    with LogIns(running, users) as log_ins:
        cpu_s, busy = running.cpu_s(), []
        while len(busy) < 2 * seconds / spin.INTERVAL_S and not log_ins.exhausted:
            busy += spin.probe(running.port, 0.1)
        done, cpu_s = log_ins.answers[200], running.cpu_s() - cpu_s
        others = log_ins.answers.total() - log_ins.answers[200]
    rows = [
        [words, *(number(stats.percentile(found, percent)) for percent in (50, 99, 100)), more]
        for words, found, more in (
            ("hello", calm, ""),
            (f"hello beside {LOG_INS} who log in", busy,
             f"{done} log-ins, {others} refused, {cpu_s / max(done, 1) * 1000:.0f} ms of "
             "processor time each"),
        )
    ]
    return table(["Work", "p50 ms", "p99 ms", "max ms", "meanwhile"], rows)


def email(index):
    return f"user{index}@example.com"


class LogIns:
    """50 clients, each of which logs in as one user after the other, with a password."""

    def __init__(self, running, users):
        self.running = running
        self.indexes = iter(range(users))
        self.answers = Counter()
        self.exhausted = False
        self.stopping = False
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self.log_in) for _ in range(LOG_INS)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stopping = True
        for thread in self.threads:
            thread.join()

    def log_in(self):
        headers = {"Content-Type": "application/json"}
        while not self.stopping:
            with self.lock:
                index = next(self.indexes, None)
            if index is None:
                self.exhausted = True
                return
            body = compact({"username": email(index), "password": seed.PASSWORD})
            try:
                status, _, _ = client.exchange(
                    self.running.port, "POST", f"{seed.AUTH}/login", body, headers)
            except OSError:
                status = 0
            with self.lock:
                self.answers[status] += 1


def fill(running, user):
    """100 documents of the user among 100,000, once with an index of the owner, once without."""
    owners = [user, *(f"{index:024x}" for index in range(1, OWNERS))]
    every = [{**documents.product(index), "owner": owners[index % OWNERS]}
             for index in range(COUNT)]
    for name in ("indexed", "unindexed"):
        seed.fill(running, f"/seed?collection={name}", every)


def under_rules(running, user, rounds, seconds):
    """Processor time of the same reads with rules and without, in turns."""
    found = {name: [] for name, _, _ in CASES}
    for turn in range(rounds):
        for name, query, answer in CASES:
            paths = [f"{BASE}/find?{query}", f"{BASE}/find-as-system?{query}&owner={user}"]
            order = [0, 1] if turn % 2 else [1, 0]
            costs = {one: cost(running, paths[one], answer, seconds) for one in order}
            found[name].append((costs[0], costs[1]))
    head = ["Read", "with rules, CPU µs", "without, CPU µs", "ratio", "quartiles"]
    return table(head, [row_of(name, pairs) for name, pairs in found.items()])


def row_of(name, pairs):
    ruled, plain = (stats.Spread.of(values).median for values in zip(*pairs))
    ratio = stats.Spread.of([one / other for one, other in pairs])
    return [name, number(ruled), number(plain), f"{ratio.median:.2f}",
            f"{ratio.low:.2f} to {ratio.high:.2f}"]


def cost(running, path, answer, seconds):
    """Microseconds of processor time of one request."""
    request = (f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
               f"Authorization: Bearer {running.token}\r\n\r\n").encode()
    requests = 0
    with client.Connection(running.port, timeout_s=60) as connection:
        check(connection.get(request), path, answer)
        before, end = running.cpu_s(), time.monotonic() + seconds
        while time.monotonic() < end:
            connection.get(request)
            requests += 1
        return (running.cpu_s() - before) / requests * 1e6


def check(response, path, answer):
    if not response.endswith(compact(answer)):
        raise seed.Fault(f"{path}: {response[-200:]!r}")
