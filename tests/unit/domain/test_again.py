"""Asking again for what was drawn."""

from __future__ import annotations

from dataclasses import replace

from tests import samples
from tower_anime.domain.again import reproduced, varied
from tower_anime.domain.brief import DirectorChoice

DRAWN = samples.request(prompt="1girl, umbrella, soft light", steps=40, seed=77)


def test_a_reproduction_leaves_nothing_to_anybody() -> None:
    brief = reproduced(samples.brief(max_attempts=6), DRAWN)
    assert brief.prompt == DRAWN.prompt
    assert brief.director is DirectorChoice.OFF
    assert brief.max_attempts == 1
    for name, value in brief.parameters.items():
        assert getattr(DRAWN, name) == value
        assert name in brief.locks
    assert brief.parameters["seed"] == 77
    assert "frames" not in brief.parameters


def test_a_variation_differs_in_its_seed_alone_and_keeps_the_users_locks() -> None:
    wish = replace(samples.brief(), locks=("seed", "steps"), max_attempts=6)
    brief = varied(wish, DRAWN)
    assert "seed" not in brief.parameters
    assert brief.parameters["steps"] == 40
    assert brief.locks == ("steps",)
    assert brief.max_attempts == 6
