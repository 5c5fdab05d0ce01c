"""Plots of a folder with results: `python -m harness.plot FOLDER`."""

import json
import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt  # noqa: E402

from . import targets, works  # noqa: E402
from .servers import OURS as OUR_SERVERS  # noqa: E402
from .spin import STALL_S  # noqa: E402
from .summary import Summary  # noqa: E402
from .tables import number  # noqa: E402

OURS, THEIRS = "#c2410c", "#a8b0ba"
SHADES = {
    "idle": ("#fdba74", "#d7dbe0"),
    "loaded": ("#ea580c", "#a8b0ba"),
    "slow": ("#7c2d12", "#6b7280"),
}
# Of each kind of works: the file, and what it shows.
PICTURES = {
    works.WEB: ("requests", "requests_per_s", "requests per second"),
    works.DOCUMENTS: ("documents", "cpu_us_per_request", "µs of CPU per request"),
    works.USERS: ("users", "cpu_us_per_request", "µs of CPU per request"),
}
STYLE = {
    "font.size": 9,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "svg.fonttype": "none",  # text stays text
    "svg.hashsalt": "hookstead",  # the same picture is the same file
}


def main():
    folder = Path(sys.argv[1])
    results = json.loads((folder / "results.json").read_text())
    summary = Summary(results)
    plt.rcParams.update(STYLE)
    loads = [work for work in works.WORKS if work.request and work.name in summary.works()]
    for kind, (name, metric, words) in PICTURES.items():
        of_kind = [work for work in loads if work.kind == kind]
        if of_kind:
            draw_loads(summary, results, of_kind, metric, words, folder / name)
    chosen = [work for work in works.WORKS if work.name in PANELS and work.name in summary.works()]
    if chosen:
        draw_resources(summary, results, chosen, folder / "resources")


def draw_loads(summary, results, loads, metric, words, path):
    figure, panels = grid(len(loads), height=2.9)
    for panel, work in zip(panels, loads):
        connections = headline(summary.connections(work.name))
        spreads = {
            server: summary.spread(metric, work.name, server, connections)
            for server in summary.servers
        }
        bars(panel, spreads)
        panel.set_title(f"({work.letter}) {work.title}")
        panel.set_xlabel(f"{words}, {connections} connections")
        panel.xaxis.set_major_formatter("{x:,.0f}")
        panel.locator_params(axis="x", nbins=5)
    save(figure, results, path)


def draw_resources(summary, results, chosen, path):
    figure, panels = grid(len(chosen), height=4.2)
    for panel, work in zip(panels, chosen):
        PANELS[work.name](panel, summary)
        panel.set_title(f"({work.letter}) {work.title}")
    save(figure, results, path)


def draw_start(panel, summary):
    bars(panel, {one: summary.spread("start_ms", "start", one) for one in summary.servers})
    panel.set_xlabel("milliseconds")


def draw_memory(panel, summary):
    thickness = 0.8 / len(targets.STATES)
    servers = summary.servers_of("memory")
    for place, (state, words) in enumerate(targets.STATES.items()):
        for row, server in enumerate(servers):
            size = summary.spread(f"{state}_rss_mib", "memory", server)
            if size:
                shade = SHADES[state][server not in OUR_SERVERS]
                middle = row + (place - 1) * thickness
                label = words if row == len(servers) - 1 else None
                panel.barh(middle, size.median, thickness, color=shade, label=label)
                panel.annotate(f"{size.median:.0f}", (size.median, middle), (3, 0), **SMALL)
    name_rows(panel, servers)
    panel.legend(frameon=False, loc="upper right", fontsize=8)
    panel.set_xlabel("MiB resident")


def draw_spin(panel, summary):
    spreads = {one: summary.spread("p99_ms", "spin", one) for one in summary.servers}
    stalled = {one for one in spreads if summary.total("stalled", "spin", one)}
    bars(panel, spreads, lambda one, value: f"> {STALL_S} s" if one in stalled else number(value))
    panel.set_xscale("log")
    panel.set_xlim(0.5, 20 * STALL_S * 1000)
    panel.set_xlabel("p99 in milliseconds")


PANELS = {"start": draw_start, "memory": draw_memory, "spin": draw_spin}
BESIDE = {"textcoords": "offset points", "va": "center", "fontsize": 7.5, "color": "#374151"}
SMALL = {**BESIDE, "fontsize": 6.5}


def bars(panel, spreads, text=lambda _, value: number(value)):
    """A bar for each server, with its quartiles, and its value beside it."""
    spreads = {server: one for server, one in spreads.items() if one}
    for row, (server, one) in enumerate(spreads.items()):
        reach = [[one.median - one.low], [one.high - one.median]]
        colour = OURS if server in OUR_SERVERS else THEIRS
        panel.barh(row, one.median, 0.7, color=colour, xerr=reach, ecolor="#374151", capsize=2)
        panel.annotate(text(server, one.median), (one.high, row), (4, 0), **BESIDE)
    name_rows(panel, list(spreads))


def name_rows(panel, servers):
    panel.set_yticks(range(len(servers)), servers)
    panel.invert_yaxis()
    panel.margins(x=0.18)
    panel.tick_params(axis="y", length=0)
    for label in panel.get_yticklabels():
        label.set_fontweight("bold" if label.get_text() in OUR_SERVERS else "normal")


def headline(counts):
    return targets.CONNECTIONS if targets.CONNECTIONS in counts else counts[len(counts) // 2]


def grid(number_of_panels, height):
    columns = min(3, number_of_panels)
    rows = -(-number_of_panels // columns)
    size = (4.6 * columns, height * rows + 0.3)
    figure, panels = plt.subplots(rows, columns, figsize=size, squeeze=False)
    panels = [panel for line in panels for panel in line]
    for panel in panels[number_of_panels:]:
        panel.set_visible(False)
    return figure, panels


def save(figure, results, path):
    machine = results["machine"]
    figure.text(
        0.005, 0.005,
        f"Medians with quartiles, {machine['cpu']}, {machine['cores']} cores, {results['date']}",
        fontsize=7.5, color="#6b7280",
    )
    figure.tight_layout(rect=(0, 0.03, 1, 1))
    figure.savefig(path.with_suffix(".png"), dpi=130)
    figure.savefig(path.with_suffix(".svg"), metadata={"Date": None})


if __name__ == "__main__":
    main()
