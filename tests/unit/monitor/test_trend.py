"""A trend is named beyond its noise, and only then."""

from __future__ import annotations

import random
from datetime import date, timedelta

import pytest

from tower_anime.domain.intervals import mean_interval, student, wilson
from tower_anime.monitor.trend import LEAST_DAYS, Point, trend

START = date(2026, 1, 1)


def days(means: list[float], n: int = 20) -> list[Point]:
    return [
        Point(day=START + timedelta(days=index), mean=mean, n=n) for index, mean in enumerate(means)
    ]


def noise(seed: int, *, length: int = 30, slope: float = 0.0, likeness: float = 0.0) -> list[Point]:
    lot = random.Random(seed)
    means, before = [], 0.0
    for index in range(length):
        before = likeness * before + lot.gauss(0, 0.05)
        means.append(0.7 + slope * index + before)
    return days(means)


@pytest.mark.parametrize("likeness", [0.0, 0.5])
def test_noise_is_hardly_ever_called_a_trend(likeness: float) -> None:
    named = [trend(noise(seed, likeness=likeness)).direction for seed in range(400)]
    assert sum(direction in ("rising", "falling") for direction in named) <= 12  # 3 %


@pytest.mark.parametrize(("slope", "direction"), [(0.01, "rising"), (-0.01, "falling")])
def test_a_clear_slope_is_named_with_its_interval(slope: float, direction: str) -> None:
    found = trend(noise(1, slope=slope))
    assert found.direction == direction
    assert found.low is not None
    assert found.high is not None
    assert found.low < slope < found.high


def test_too_little_says_nothing() -> None:
    assert trend(days([0.1, 0.9])).direction == "unknown"
    assert trend(days([0.1 * n for n in range(LEAST_DAYS)], n=1)).direction == "unknown"
    assert trend([]).direction == "unknown"


def test_equal_days_have_no_trend() -> None:
    assert trend(days([0.7] * 20)).direction == "none"


def test_the_order_of_days_does_not_matter() -> None:
    points = noise(3, slope=0.01)
    assert trend(points[::-1]).direction == trend(points).direction


@pytest.mark.parametrize(
    ("probability", "freedom", "expected"),
    [
        (0.975, 1, 12.7062),
        (0.975, 2, 4.3027),
        (0.975, 10, 2.2281),
        (0.995, 3, 5.8409),
        (0.995, 120, 2.6174),
    ],
)
def test_quantiles_of_student(probability: float, freedom: int, expected: float) -> None:
    assert student(probability, freedom) == pytest.approx(expected, abs=2e-4)


def test_intervals_hold_what_they_are_about() -> None:
    low, high = wilson(8, 10)
    assert 0 < low < 0.8 < high < 1
    values = [0.1, 0.5, 0.6, 0.9]
    found = mean_interval(len(values), sum(values), sum(v * v for v in values))
    assert found is not None
    assert found[0] < sum(values) / 4 < found[1]
    assert mean_interval(1, 1.0, 1.0) is None
