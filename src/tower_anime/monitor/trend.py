"""Whether a figure rises or falls, said only beyond its noise."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from tower_anime.domain.intervals import student

LEAST_DAYS = 7
LEAST_VALUES = 30
CONFIDENCE = 0.99
"""Several figures are looked at every day: at 95 % one of them would "rise" by chance each week."""


@dataclass(frozen=True, kw_only=True)
class Point:
    """The mean of `n` values of one day."""

    day: date
    mean: float
    n: int


@dataclass(frozen=True, kw_only=True)
class Trend:
    """Change per day with its interval. `direction` is rising, falling, none or unknown."""

    direction: str
    per_day: float | None = None
    low: float | None = None
    high: float | None = None
    reason: str = ""


def trend(points: Sequence[Point]) -> Trend:
    """Fit a line through daily means, weighted by their numbers, and say what can be said.

    The noise is taken from the days' own scatter around the line, so that days that differ for
    whatever reason count as noise; days that resemble their neighbours (autocorrelation) count
    as fewer days.
    """
    found = [point for point in points if point.n > 0]
    values = sum(point.n for point in found)
    if len(found) < LEAST_DAYS or values < LEAST_VALUES:
        return Trend(
            direction="unknown",
            reason=(
                f"{len(found)} {'day' if len(found) == 1 else 'days'} with {values} values; "
                f"{LEAST_DAYS} and {LEAST_VALUES} are needed"
            ),
        )
    first = min(point.day for point in found)
    x = [float((point.day - first).days) for point in found]
    y = [point.mean for point in found]
    w = [float(point.n) for point in found]
    slope, error, days = _line(x, y, w)
    reach = student((1 + CONFIDENCE) / 2, max(1.0, days - 2)) * error
    low, high = slope - reach, slope + reach
    direction = "rising" if low > 0 else "falling" if high < 0 else "none"
    reason = "" if direction != "none" else "what changes is within the noise"
    return Trend(direction=direction, per_day=slope, low=low, high=high, reason=reason)


def _line(x: Sequence[float], y: Sequence[float], w: Sequence[float]) -> tuple[float, float, float]:
    """Return slope, its standard error and the effective number of days."""
    weight = sum(w)
    mean_x = sum(wi * xi for wi, xi in zip(w, x, strict=True)) / weight
    mean_y = sum(wi * yi for wi, yi in zip(w, y, strict=True)) / weight
    spread = sum(wi * (xi - mean_x) ** 2 for wi, xi in zip(w, x, strict=True))
    both = sum(wi * (xi - mean_x) * (yi - mean_y) for wi, xi, yi in zip(w, x, y, strict=True))
    slope = both / spread
    rest = [yi - mean_y - slope * (xi - mean_x) for xi, yi in zip(x, y, strict=True)]
    days = len(x) * _independence(rest)
    chi2 = sum(wi * ri * ri for wi, ri in zip(w, rest, strict=True)) / max(1.0, days - 2)
    return slope, math.sqrt(chi2 / spread), days


def _independence(rest: Sequence[float]) -> float:
    """Return the share of days that count, by the likeness of neighbours (lag-1, AR(1))."""
    square = sum(value * value for value in rest)
    if square == 0:
        return 1.0
    likeness = sum(a * b for a, b in pairwise(rest)) / square
    likeness = min(0.9, max(0.0, likeness))
    return (1 - likeness) / (1 + likeness)
