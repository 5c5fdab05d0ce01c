"""The measurements as a page of Markdown."""

from . import targets, works
from .servers import HOOKSTEAD, ON_MONGODB
from .spin import STALL_S
from .tables import number, table

DOCUMENTS_NOTE = """`hookstead` keeps documents in its embedded store: its processor time is that of
server and database together.
The others ask SecantusDB, each one of its own, through a proxy that repeats the answers to reads
which have been asked before; what those two take is not counted.
There requests per second tell more about SecantusDB than about the server; what counts is the
processor time of the server, whose ratio is that of hookstead-mongodb by the peer."""


def page(results, summary, pictures):
    parts = ["# Hookstead and its peers", about(results, summary)]
    if any(work.kind != works.WEB and work.name in summary.works() for work in works.WORKS):
        parts.append(DOCUMENTS_NOTE)
    rows = targets.rows(summary, works.WORKS)
    if rows:
        parts.append(f"## Targets\n\n{target_table(rows)}")
    parts += [f"![{words}]({name})" for name, words in pictures.items()]
    for work in works.WORKS:
        if work.name in summary.works():
            title = f"## ({work.letter}) {work.title}"
            maker = SPECIAL.get(work.name, BY_KIND[work.kind])
            parts.append(f"{title}\n\n{maker(summary, work)}")
    return "\n\n".join(parts) + "\n"


def about(results, summary):
    machine, options = results["machine"], results["options"]
    noise = summary.noise()
    lines = [
        f"Made on {results['date']} from commit `{results['commit']}`.",
        f"{machine['cpu']}, {machine['cores']} cores, {machine['memory_gib']} GiB, "
        f"{machine['kernel']}.",
        f"Rounds: {options['rounds']}; seconds for each measurement: {options['seconds']}; "
        f"threads of wrk, on the same cores: {options['threads']}.",
        "Figures are medians; what stands in brackets are the quartiles.",
        "Ratios are Hookstead by the peer, taken in each round and then in the middle.",
    ]
    if noise:
        lines.append(
            f"Meanwhile other processes used {noise.median:.2f} cores in the middle and "
            f"{noise.max:.2f} at most."
        )
    versions = [f"- {name}: {version}" for name, version in results["versions"].items()]
    return "\n".join([*lines, "", *versions])


def target_table(rows):
    head = ["Work", "Beside", "Measured", "Quartiles", "Target", "Met"]
    cells = [
        [
            row.what,
            row.against,
            f"{row.spread.median:.2f}{row.unit}",
            f"{row.spread.low:.2f} to {row.spread.high:.2f}",
            row.wanted,
            "yes" if row.met else "no",
        ]
        for row in rows
    ]
    return table(head, cells, left=2)


def load_tables(summary, work):
    return "\n\n".join([rates(summary, work), costs(summary, work)])


def rates(summary, work):
    """Requests per second, and how Hookstead's stand to them."""
    counts = summary.connections(work.name)
    head = ["Server", *(f"{count} conn., requests/s" for count in counts)]
    head += [f"ratio at {count}" for count in counts]
    rows = []
    for server in summary.servers_of(work.name):
        spreads = [summary.spread("requests_per_s", work.name, server, one) for one in counts]
        cells = ratios("requests_per_s", summary, work, HOOKSTEAD, server, counts)
        rows.append([server, *map(spread, spreads), *cells])
    return table(head, rows)


def ratios(metric, summary, work, ours, server, counts):
    for count in counts:
        ratio = summary.ratio(metric, work.name, ours, server, count)
        yield f"{ratio.median:.2f}" if ratio and server in summary.peers else ""


def costs(summary, work):
    """Latency, processor time and failures."""
    counts = summary.connections(work.name)
    head = ["Server", *(f"{count} conn., p50 / p99 ms" for count in counts)]
    head += ["CPU µs per request", "failed"]
    rows = []
    for server in summary.servers_of(work.name):
        cells = [server]
        cells += [medians(summary, ["p50_ms", "p99_ms"], work, server, [one]) for one in counts]
        cells.append(medians(summary, ["cpu_us_per_request"], work, server, counts))
        rows.append([*cells, f"{summary.total('failed', work.name, server):,}"])
    return table(head, rows)


def document_tables(summary, work):
    return "\n\n".join([processor_times(summary, work), answers(summary, work)])


def processor_times(summary, work):
    """Processor time of the server, and how Hookstead's on MongoDB stand to those of its peers."""
    counts = summary.connections(work.name)
    head = ["Server", *(f"{count} conn., CPU µs per request" for count in counts)]
    head += [f"ratio at {count}" for count in counts]
    rows = []
    for server in summary.servers_of(work.name):
        spreads = [summary.spread("cpu_us_per_request", work.name, server, one) for one in counts]
        cells = ratios("cpu_us_per_request", summary, work, ON_MONGODB, server, counts)
        rows.append([server, *map(spread, spreads), *cells])
    return table(head, rows)


def answers(summary, work):
    """Requests per second, latency, what a database took, and failures."""
    counts = summary.connections(work.name)
    head = ["Server", "requests/s", *(f"{count} conn., p50 / p99 ms" for count in counts)]
    head += ["cores of the database", "failed"]
    rows = []
    for server in summary.servers_of(work.name):
        cells = [server, medians(summary, ["requests_per_s"], work, server, counts)]
        cells += [medians(summary, ["p50_ms", "p99_ms"], work, server, [one]) for one in counts]
        is_apart = summary.total("database_cores", work.name, server) > 0
        cells.append(medians(summary, ["database_cores"], work, server, counts) if is_apart else "")
        rows.append([*cells, f"{summary.total('failed', work.name, server):,}"])
    return table(head, rows)


def medians(summary, metrics, work, server, counts):
    """The medians of some figures at some numbers of connections, with strokes between them."""
    found = [
        summary.spread(metric, work.name, server, count) for count in counts for metric in metrics
    ]
    return " / ".join(number(one.median) if one else "–" for one in found)


def start_table(summary, work):
    rows = []
    for server in summary.servers_of(work.name):
        ratio = summary.ratio("start_ms", work.name, HOOKSTEAD, server)
        cells = [server, spread(summary.spread("start_ms", work.name, server))]
        rows.append([*cells, f"{ratio.median:.2f}" if ratio and server != HOOKSTEAD else ""])
    return table(["Server", "ms", "ratio"], rows)


def memory_table(summary, work):
    head = ["Server", *(f"{words}, RSS / PSS / USS MiB" for words in targets.STATES.values())]
    kinds = ("rss", "pss", "uss")
    rows = []
    for server in summary.servers_of(work.name):
        cells = [
            medians(summary, [f"{state}_{kind}_mib" for kind in kinds], work, server, [None])
            for state in targets.STATES
        ]
        rows.append([server, *cells])
    return table(head, rows)


def spin_table(summary, work):
    head = ["Server", "p99 ms without", "p50 ms", "p99 ms", "max ms", "cores busy", "ended"]
    rows = []
    for server in summary.servers_of(work.name):
        cells = [summary.spread("calm_p99_ms", work.name, server)]
        cells += [summary.spread(f"{name}_ms", work.name, server) for name in ("p50", "p99", "max")]
        cells.append(summary.spread("server_cores", work.name, server))
        stalls = summary.total("stalled", work.name, server)
        ended = str(summary.total("spins_ended", work.name, server))
        rows.append([server, *(spin_cell(one, stalls) for one in cells), ended])
    note = (
        f"A server that gives no answer within {STALL_S} s has stalled; no more is asked of it.\n"
        "Ended are the endless functions that a limit stopped; each was started anew."
    )
    return f"{table(head, rows)}\n\n{note}"


def spin_cell(value, stalls):
    if value and stalls and value.median >= STALL_S * 1000 * 0.95:
        return f"> {STALL_S * 1000:,}"
    return spread(value)


SPECIAL = {"start": start_table, "memory": memory_table, "spin": spin_table}
BY_KIND = {
    works.WEB: load_tables, works.DOCUMENTS: document_tables, works.USERS: document_tables,
}


def spread(value):
    if value is None:
        return "–"
    return f"{number(value.median)} ({number(value.low)} to {number(value.high)})"
