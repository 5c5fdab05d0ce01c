"""What Hookstead is meant to reach beside its peers."""

from dataclasses import dataclass

from .servers import HOOKSTEAD, ON_MONGODB
from .stats import Spread
from .works import WEB

CONNECTIONS = 32  # where the ratios are read


@dataclass(frozen=True)
class Row:
    """One target, beside what was measured; `spread` is None where nothing was."""

    what: str
    against: str
    spread: Spread
    unit: str
    bound: float
    at_least: bool

    @property
    def met(self):
        value = self.spread.median
        return value >= self.bound if self.at_least else value < self.bound

    @property
    def wanted(self):
        return f"{'≥' if self.at_least else '<'} {self.bound:g}{self.unit}"


# Hookstead's requests per second by those of a peer, at least.
REQUESTS = {
    "verified": {
        "express": 7, "fastify": 2.2, "node-http": 1.8, "deno": 1.8, "workerd": 4.5, "bun": 1.0,
    },
    "forged": {"bun": 1.5},
}
# The processor time of Hookstead on MongoDB by that of a peer with the official driver, at most.
PROCESSOR_TIME = {"express-mongodb": 0.5}
MEMORY_OF_SMALLEST = 1 / 3
SPIN_P99_MS = 5

STATES = {"idle": "idle", "loaded": "after load", "slow": "64 slow requests"}


def rows(summary, works):
    """A row for each target that the measurements can tell of."""
    titles = {work.name: f"({work.letter}) {work.name}" for work in works}
    found = [
        *requests(summary, titles),
        *starts(summary, titles),
        *memories(summary, titles),
        *spins(summary, titles),
        *processor_times(summary, works),
    ]
    return [row for row in found if row.spread]


def requests(summary, titles):
    for work, bounds in REQUESTS.items():
        for peer, bound in bounds.items():
            ratio = summary.ratio("requests_per_s", work, HOOKSTEAD, peer, CONNECTIONS)
            what = f"{titles.get(work)}, requests/s"
            yield Row(what, peer, ratio, " ×", bound, at_least=True)


def starts(summary, titles):
    for peer in summary.peers:
        ratio = summary.ratio("start_ms", "start", HOOKSTEAD, peer)
        yield Row(f"{titles.get('start')}, time", peer, ratio, " ×", 1, at_least=False)


def memories(summary, titles):
    for state, words in STATES.items():
        metric = f"{state}_rss_mib"
        sizes = {peer: summary.spread(metric, "memory", peer) for peer in summary.peers}
        sizes = {peer: size.median for peer, size in sizes.items() if size}
        if sizes:
            smallest = min(sizes, key=sizes.get)
            ratio = summary.ratio(metric, "memory", HOOKSTEAD, smallest)
            what = f"{titles.get('memory')}, {words}"
            bound = round(MEMORY_OF_SMALLEST, 2)
            yield Row(what, f"{smallest} (smallest)", ratio, " ×", bound, at_least=False)


def spins(summary, titles):
    spread = summary.spread("p99_ms", "spin", HOOKSTEAD)
    yield Row(f"{titles.get('spin')}, p99", "itself", spread, " ms", SPIN_P99_MS, at_least=False)


def processor_times(summary, works):
    for work in works:
        for peer, bound in PROCESSOR_TIME.items() if work.request and work.kind != WEB else ():
            ratio = summary.ratio("cpu_us_per_request", work.name, ON_MONGODB, peer, CONNECTIONS)
            what = f"({work.letter}) {work.name}, processor time"
            yield Row(what, peer, ratio, " ×", bound, at_least=False)
