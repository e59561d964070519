"""Counting what corrections do, from outcomes alone."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests import samples
from tower_anime.domain.correction import Correction
from tower_anime.domain.knowledge import COMPARED_WITH, Knowledge, Outcome, move_of
from tower_anime.learn.effects import difference, knowledge_of, retired

STEPS = Correction(defect="noise", change={"steps": (8, 28)}, reason="too few")


def outcome(number: int = 1, generation: str = "a", **changes: object) -> Outcome:
    base = Outcome(
        generation_id=generation,
        number=number,
        backend="comfyui",
        family="sdxl",
        checkpoint="x",
        request=samples.request(),
        score=0.3,
        passed=False,
        losses={"noise": 0.5},
        cost_px=1.0,
    )
    return replace(base, **changes)


def pairs(fixed: int, broken: int, correction: Correction, start: int = 0) -> list[Outcome]:
    """Generations with a rejected first attempt and a corrected second one."""
    found = list[Outcome]()
    for number in range(fixed + broken):
        name, done = f"g{start + number}", number < fixed
        found.append(outcome(1, name))
        second = {"passed": done, "score": 0.9 if done else 0.2, "corrections": (correction,)}
        found.append(outcome(2, name, **second))
    return found


def lot(instead: str) -> Correction:
    reason = f"new seed: {COMPARED_WITH}{instead}"
    return Correction(defect="noise", change={"seed": (1, 2)}, reason=reason)


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"steps": (8, 28)}, "steps+"),
        ({"cfg": (12.0, 6.0)}, "cfg-"),
        ({"seed": (9, 3)}, "seed"),
        ({"width": (512, 1024), "height": (512, 1024)}, "size+"),
        ({"sampler": ("a", "b"), "scheduler": ("c", "d")}, "sampler"),
        ({"prompt": ("a", "b"), "negative": ("", "c")}, "prompt"),
        ({"steps": (8, 28), "seed": (1, 2)}, "steps+"),
        ({}, ""),
    ],
)
def test_a_change_in_a_word(change: dict[str, tuple[object, object]], word: str) -> None:
    assert move_of(change) == word


def test_nothing_teaches_nothing() -> None:
    assert knowledge_of(()) == Knowledge()
    assert knowledge_of((outcome(),)).effects == {}


def test_tries_and_fixes_are_counted() -> None:
    effect = knowledge_of(pairs(3, 1, STEPS)).effect("noise", "steps+")
    assert (effect.tries, effect.fixed, effect.cost_px, effect.uplift) == (4, 3, 1.0, None)


def test_a_defect_that_is_gone_counts_as_mended_unless_another_grew() -> None:
    first = outcome(1, losses={"noise": 0.5, "blur": 0.2})
    gone = outcome(2, losses={"blur": 0.2}, corrections=(STEPS,))
    worse = outcome(2, losses={"blur": 0.4}, corrections=(STEPS,))
    assert knowledge_of((first, gone)).effect("noise", "steps+").fixed == 1
    assert knowledge_of((first, worse)).effect("noise", "steps+").fixed == 0


def test_a_rule_that_a_new_seed_beats_retires_and_one_that_helps_has_an_uplift() -> None:
    told = [*pairs(1, 39, STEPS), *pairs(36, 4, lot("steps+"), start=100)]
    knowledge = knowledge_of(told)
    effect = knowledge.effect("noise", "steps+")
    assert effect.high is not None
    assert effect.high < 0
    assert set(retired(knowledge)) == {("noise", "steps+")}
    helps = knowledge_of([*pairs(36, 4, STEPS), *pairs(1, 39, lot("steps+"), start=100)])
    effect = helps.effect("noise", "steps+")
    assert effect.low is not None
    assert effect.low > 0.5
    assert not effect.retired


def test_order_of_the_outcomes_means_nothing() -> None:
    told = pairs(3, 2, STEPS)
    assert knowledge_of(told[::-1]) == knowledge_of(told)


@given(st.integers(0, 50), st.integers(1, 50), st.integers(0, 50), st.integers(1, 50))
def test_the_interval_holds_the_difference(a: int, of_a: int, b: int, of_b: int) -> None:
    a, b = min(a, of_a), min(b, of_b)
    found, low, high = difference(a, of_a, b, of_b)
    assert low <= found + 1e-12
    assert found <= high + 1e-12
    other = difference(b, of_b, a, of_a)
    assert other[0] == pytest.approx(-found)
    assert other[1] == pytest.approx(-high)


def test_the_interval_of_newcombes_example() -> None:
    # Newcombe 1998, table II, row (a), method 10: 56/70 - 48/80
    found = difference(56, 70, 48, 80)
    assert found == pytest.approx((0.2, 0.0524, 0.3339), abs=5e-4)
