"""Records of measurements, gathered into medians, spreads and ratios."""

from collections import defaultdict

from .servers import OURS
from .stats import Spread


class Summary:
    def __init__(self, results):
        self.results = results
        self.cells = defaultdict(list)
        for record in results["records"]:
            key = (record["work"], record["server"], record.get("connections"))
            self.cells[key].append(record)

    @property
    def servers(self):
        return [name for name in self.results["versions"] if name in self.measured()]

    def servers_of(self, work):
        """Those with which a work has been done."""
        done = {server for name, server, _ in self.cells if name == work}
        return [name for name in self.servers if name in done]

    @property
    def peers(self):
        return [name for name in self.servers if name not in OURS]

    def measured(self):
        return {server for _, server, _ in self.cells}

    def works(self):
        return {work for work, _, _ in self.cells}

    def connections(self, work):
        return sorted({number for name, _, number in self.cells if name == work and number})

    def spread(self, metric, work, server, connections=None):
        records = self.cells.get((work, server, connections), [])
        return Spread.of([record[metric] for record in records])

    def ratio(self, *pair):
        return Spread.of(self.ratios(*pair))

    def ratios(self, metric, work, ours, theirs, connections=None):
        """Ours by theirs, pair by pair: what slowed a whole round down is in both of a pair."""
        of_ours = self.by_turn(metric, work, ours, connections)
        of_theirs = self.by_turn(metric, work, theirs, connections)
        turns = [turn for turn in of_ours if of_theirs.get(turn)]
        return [of_ours[turn] / of_theirs[turn] for turn in turns]

    def by_turn(self, metric, work, server, connections):
        records = self.cells.get((work, server, connections), [])
        return {(one["round"], one.get("turn")): one[metric] for one in records}

    def total(self, metric, work, server):
        """The sum of a figure over all connections and rounds."""
        cells = [cell for key, cell in self.cells.items() if key[:2] == (work, server)]
        return sum(record[metric] for cell in cells for record in cell)

    def noise(self):
        """Cores that neither the servers nor the harness used."""
        return Spread.of([
            record["other_cores"] for record in self.results["records"] if "other_cores" in record
        ])
