"""Models and people: agreement beyond chance."""

from __future__ import annotations

import pytest

from tower_anime.domain.conversation import Agreement, Opinion
from tower_anime.domain.intervals import wilson
from tower_anime.learn.agreement import ENOUGH, agreements


def cases(both: int, only_model: int, only_person: int, neither: int) -> Agreement:
    counts = {(True, True): both, (True, False): only_model, (False, True): only_person}
    counts[False, False] = neither
    (found,) = agreements(
        [
            Opinion(source="m", role="vision_review", approved=model, person_approved=person)
            for (model, person), number in counts.items()
            for _ in range(number)
        ]
    )
    return found


def test_the_interval_is_wilsons() -> None:
    # Newcombe 1998, table I: 81 of 263 and 15 of 148
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=1e-4)
    assert wilson(15, 148) == pytest.approx((0.0624, 0.1605), abs=1e-4)
    assert wilson(0, 10)[0] == 0.0
    assert wilson(10, 10)[1] == pytest.approx(1.0)


def test_one_who_always_approves_loses_the_vote_of_one_who_looks() -> None:
    always = cases(both=15, only_model=10, only_person=0, neither=0)
    assert always.share == always.chance == 0.6
    assert not always.votes
    looking = cases(both=14, only_model=2, only_person=1, neither=8)
    assert looking.votes
    assert looking.low > looking.chance


def test_a_coin_loses_its_vote_and_a_contrarian_too() -> None:
    assert not cases(10, 10, 10, 10).votes
    assert not cases(1, 15, 15, 1).votes


def test_few_cases_or_one_sided_people_prove_nothing() -> None:
    assert cases(0, ENOUGH - 1, 0, 0).votes
    assert cases(40, 0, 0, 0).votes
    assert cases(30, 2, 0, 0).votes


def test_models_and_roles_are_kept_apart() -> None:
    opinions = [
        Opinion(source=source, role=role, approved=True, person_approved=True)
        for source in ("b", "a")
        for role in ("x", "y")
    ]
    assert [(item.source, item.role) for item in agreements(opinions)] == [
        ("a", "x"),
        ("a", "y"),
        ("b", "x"),
        ("b", "y"),
    ]
    assert "agreed with people in 1 of 1" in agreements(opinions)[0].in_words()
