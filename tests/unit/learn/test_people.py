"""Calibration: another bar is found, random decisions change nothing, machines stay careful."""

from __future__ import annotations

import numpy as np
import pytest

from tower_anime.domain.intervals import wilson
from tower_anime.domain.lesson import Calibration, Decided
from tower_anime.learn.people import ENOUGH, PRECISE, calibrate

OURS = 0.7


def decided(seed: int, bar: float, *, n: int = 100, noise: float = 0.05) -> list[Decided]:
    rng = np.random.default_rng(seed)
    scores = rng.uniform(0.2, 1.0, n)
    return [
        Decided(float(score), bool(score + luck >= bar))
        for score, luck in zip(scores, rng.normal(0, noise, n), strict=True)
    ]


def slipping(seed: int, bar: float, *, n: int = 100, slips: float) -> list[Decided]:
    """Decisions of which a share goes against the bar, wherever the score lies."""
    rng = np.random.default_rng(seed)
    told = decided(seed, bar, n=n, noise=0.0)
    return [Decided(one.score, one.approved ^ bool(rng.random() < slips)) for one in told]


def agreement(told: list[Decided], bar: float) -> float:
    scores = np.array([one.score for one in told])
    return float(np.mean((scores >= bar) == [one.approved for one in told]))


@pytest.mark.parametrize("bar", [0.55, 0.85])
def test_100_decisions_bring_agreement_near_the_best_bar(bar: float) -> None:
    gains = []
    for seed in range(10):
        found = calibrate(decided(seed, bar), threshold=OURS)
        assert found.bar is not None
        fresh = decided(1000 + seed, bar, n=2000)
        best = max(agreement(fresh, candidate) for candidate in np.linspace(0.4, 1, 31))
        assert agreement(fresh, found.bar) >= best - 0.03
        assert found.low is not None
        assert found.high is not None
        gains.append(found.low <= bar <= found.high)
    assert sum(gains) >= 8  # of 95 % intervals


@pytest.mark.parametrize("bar", [0.55, 0.85])
def test_slips_far_from_the_bar_do_not_pull_it(bar: float) -> None:
    for seed in range(8):
        found = calibrate(slipping(seed, bar, slips=0.08), threshold=OURS)
        fresh = decided(1000 + seed, bar, n=2000, noise=0.0)
        assert agreement(fresh, found.bar or OURS) >= 0.96


def test_a_person_who_changed_is_followed() -> None:
    told = [*decided(1, 0.85, n=200), *decided(2, 0.5, n=200)]
    found = calibrate(told, threshold=OURS)
    assert found.bar is not None
    assert found.bar < 0.65


def test_random_decisions_change_nothing() -> None:
    for seed in range(40):
        rng = np.random.default_rng(seed)
        told = [Decided(float(s), bool(rng.random() < 0.6)) for s in rng.uniform(0, 1, 100)]
        found = calibrate(told, threshold=OURS)
        assert (found.applied, found.review_below, found.bar) == (OURS, None, None)


def test_rejecting_more_needs_precision_else_a_person_looks() -> None:
    clear = calibrate(decided(1, 0.85, noise=0.01), threshold=OURS)
    assert clear.applied == clear.bar
    assert clear.precision_low is not None
    assert clear.precision_low >= 0.9
    vague = calibrate(decided(1, 0.85, noise=0.15, n=400), threshold=OURS)
    assert vague.bar is not None
    assert vague.review_below == vague.bar
    assert OURS < vague.applied < vague.bar  # as far as rejecting is precise, it rejects
    below = [one for one in decided(1, 0.85, noise=0.15, n=400) if one.score < vague.applied]
    assert wilson(sum(not one.approved for one in below), len(below))[0] >= PRECISE
    slips = calibrate(slipping(1, 0.85, slips=0.15), threshold=OURS)
    assert slips.bar is not None
    assert (slips.applied, slips.review_below) == (OURS, slips.bar)
    assert any("await your decision" in line for line in vague.says)
    lenient = calibrate(decided(1, 0.55), threshold=OURS)
    assert lenient.review_below is None
    assert lenient.applied == lenient.bar


def test_it_says_in_plain_words_what_was_decided() -> None:
    told = [Decided(0.5, False)] * 30 + [Decided(0.65, True)] * 30 + [Decided(0.62, False)] * 2
    found = calibrate(told, threshold=OURS)
    assert found.bar is not None
    assert found.says[0].startswith("of 32 you rejected, 3")
    assert sum(row.decisions for row in found.reliability) == 62
    assert all(row.low <= row.share <= row.high for row in found.reliability)


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ([], "nobody"),
        ([Decided(0.5, False)], f"{ENOUGH} decisions are needed"),
        ([Decided(0.5 + n / 100, True) for n in range(40)], "approvals and as many rejections"),
        ([Decided(0.5, n % 2 == 0) for n in range(40)], "don't follow the score"),
        ([Decided(1 - n / 40, n > 20) for n in range(40)], "don't follow the score"),
        (decided(3, OURS), "open"),
    ],
)
def test_without_enough_it_says_why_the_bar_stays(told: list[Decided], why: str) -> None:
    found: Calibration = calibrate(told, threshold=OURS)
    assert (found.applied, found.bar) == (OURS, None)
    assert why in " ".join(found.says)
