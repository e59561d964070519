"""How far a project's shots are."""

from __future__ import annotations

from tower_anime.domain.generation import GenerationStatus as S
from tower_anime.domain.overview import shot_states


def test_a_shot_is_missing_until_something_good_stands_for_it() -> None:
    tries = [("a", "3", S.REJECTED), ("a", "2", S.APPROVED), ("b", "1", S.FAILED)]
    found = shot_states(tries)
    assert (found["a"].generation_id, found["a"].tries, found["a"].is_missing) == ("2", 2, False)
    assert found["b"].is_missing
