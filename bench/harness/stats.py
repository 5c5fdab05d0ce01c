"""Medians and spreads."""

import math
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Spread:
    """The middle of some values, the quartiles around it, and the ends."""

    median: float
    low: float
    high: float
    min: float
    max: float
    count: int

    @classmethod
    def of(cls, values):
        values = sorted(values)
        if not values:
            return None
        return cls(
            median=median(values),
            low=percentile(values, 25),
            high=percentile(values, 75),
            min=values[0],
            max=values[-1],
            count=len(values),
        )


def percentile(values, percent):
    """Between two values, in proportion to the distance from each."""
    values = sorted(values)
    place = (len(values) - 1) * percent / 100
    below, above = math.floor(place), math.ceil(place)
    return values[below] + (values[above] - values[below]) * (place - below)


def chance(ratios):
    """How likely these ratios lie so unevenly around 1 when nothing has changed (sign test)."""
    above = sum(ratio > 1 for ratio in ratios)
    below = sum(ratio < 1 for ratio in ratios)
    count, fewer = above + below, min(above, below)
    return min(1, 2 * sum(math.comb(count, index) for index in range(fewer + 1)) / 2**count)
