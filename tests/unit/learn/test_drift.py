"""Drift: what changed is noticed, what did not change is not, and older evidence fades."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tests import samples
from tests.unit.learn.test_effects import outcome
from tower_anime.domain.knowledge import Outcome
from tower_anime.learn.drift import HALF_LIFE, shifts, weights, weights_of_words


def series(seed: int, *means: float, each: int = 60) -> list[Outcome]:
    rng = np.random.default_rng(seed)
    return [
        outcome(1, f"g{at}{n}", score=float(np.clip(rng.normal(mean, 0.1), 0, 1)), version="0.3")
        for at, mean in enumerate(means)
        for n in range(each)
    ]


def test_a_quiet_series_has_no_shift() -> None:
    assert sum(bool(shifts(series(seed, 0.7, 0.7))) for seed in range(30)) <= 1


def test_equal_scores_in_turn_are_no_change() -> None:
    for others in (0.5, 0.9):
        told = [outcome(1, f"g{n}", score=0.9 if n % 3 else others) for n in range(120)]
        assert not shifts(told)


def test_worse_results_at_the_same_settings_are_noticed_and_older_ones_fade() -> None:
    told = series(1, 0.8, 0.6)
    (shift,) = shifts(told)
    assert shift.kind == "results"
    assert "worse" in shift.says
    assert abs(shift.position - 60) <= 6
    counts = weights(told, [shift])
    assert counts[0] < 0.3 < counts[-1] == 1.0


def test_better_results_of_better_settings_are_no_drift() -> None:
    before = [replace(one, request=samples.request(steps=8)) for one in series(2, 0.4)]
    after = [replace(one, request=samples.request(steps=30)) for one in series(3, 0.8)]
    assert shifts([*before, *after]) == ()


def test_another_version_and_another_file_are_named() -> None:
    told = [
        *series(4, 0.7, each=20),
        *(
            replace(one, version="0.4", checkpoint="b.safetensors")
            for one in series(5, 0.7, each=15)
        ),
    ]
    found = {shift.kind: shift for shift in shifts(told)}
    assert found.keys() == {"server", "checkpoint"}
    assert "0.3 to 0.4" in found["server"].says
    assert "b.safetensors is new" in found["checkpoint"].says
    counts = weights(told, list(found.values()))
    assert counts[19] < 0.55 < counts[20]


def test_words_of_another_file_count_a_third() -> None:
    """What helped with the old file is believed of the new one only until that one is known."""
    told = [
        *series(6, 0.7, each=30),
        *(replace(one, checkpoint="b.safetensors") for one in series(7, 0.7, each=10)),
    ]
    plain, counts = weights(told, ()), weights_of_words(told, ())
    assert counts[30:] == plain[30:]
    assert np.allclose(np.array(counts[:30]) * 3, plain[:30])
    assert weights_of_words(told[:30], ()) == weights(told[:30], ())
    assert weights_of_words((), ()) == ()


def test_age_alone_halves_the_weight_slowly() -> None:
    told = series(6, 0.7, each=HALF_LIFE + 1)
    counts = weights(told, [])
    assert counts[-1] == 1.0
    assert abs(counts[0] - 0.5) < 1e-9
    assert weights([], []) == ()
