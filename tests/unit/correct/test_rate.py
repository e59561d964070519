"""The choice among moves by what they cost and mended."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests import samples
from tests.unit.correct.test_choose import LIMITS, rejected
from tower_anime.correct.choose import Choice, choose
from tower_anime.domain.knowledge import COMPARED_WITH, Effect, Knowledge, move_of

NOISY = samples.request(steps=8)


def chosen(effects: dict[tuple[str, str], Effect], *, by_lot: bool = False) -> Choice | None:
    limits = replace(LIMITS, knowledge=Knowledge(attempts=100, effects=effects))
    return choose([rejected(1, NOISY, samples.defect("noise"))], limits, by_lot=by_lot)


def moves(choice: Choice | None) -> list[str]:
    return [move_of(correction.change) for correction in choice.corrections] if choice else []


def test_without_evidence_the_table_holds() -> None:
    assert moves(chosen({})) == ["steps+"]
    assert moves(chosen({("noise", "steps+"): Effect(tries=5, fixed=0)})) == ["steps+"]


def test_a_move_that_mends_for_less_comes_first() -> None:
    effects = {
        ("noise", "steps+"): Effect(tries=30, fixed=10),
        ("noise", "sampler"): Effect(tries=30, fixed=28),
    }
    assert moves(chosen(effects)) == ["sampler"]


def test_a_retired_move_is_left_out() -> None:
    worse = Effect(
        tries=40, fixed=2, compared=40, compared_fixed=30, uplift=-0.7, low=-0.8, high=-0.5
    )
    assert moves(chosen({("noise", "steps+"): worse})) == ["sampler"]


def test_a_new_seed_is_preferred_where_it_is_known_to_do() -> None:
    effects = {
        ("noise", "seed"): Effect(tries=20, fixed=18),
        ("noise", "steps+"): Effect(tries=20, fixed=10),
    }
    choice = chosen(effects)
    assert moves(choice) == ["seed"]
    assert choice is not None
    assert "mended this in 18 of 20" in choice.corrections[0].reason
    assert choice.corrections[0].defect == "noise"


def test_where_nothing_ever_helped_it_stops() -> None:
    never = Effect(tries=40, fixed=0)
    effects = {("noise", move): never for move in ("steps+", "sampler", "seed")}
    assert chosen(effects) is None


@pytest.mark.parametrize("locked", [True, False])
def test_by_lot_a_new_seed_takes_the_place_of_a_correction(locked: bool) -> None:
    limits = replace(LIMITS, locks=("seed",) if locked else ())
    choice = choose([rejected(1, NOISY, samples.defect("noise"))], limits, by_lot=True)
    assert choice is not None
    if locked:
        assert moves(choice) == ["steps+"]
    else:
        assert moves(choice) == ["seed"]
        assert choice.corrections[0].reason.endswith(f"{COMPARED_WITH}steps+")
        assert replace(choice.request, seed=NOISY.seed) == NOISY
