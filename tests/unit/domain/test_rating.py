"""Ages behind ratings, and what a limit holds back."""

from __future__ import annotations

import pytest

from tower_anime.domain.rating import age_of, check_rating, held_back
from tower_anime.errors import BadInput


@pytest.mark.parametrize(
    ("rating", "age"),
    [
        ("G", 0),
        ("pg-13", 13),
        ("TV-MA", 17),
        ("FSK 16", 16),
        ("FSK16", 16),
        ("12", 12),
        ("16+", 16),
        ("R18+", 18),
        ("NSFW", 18),
        ("All  Ages", 0),
        ("", None),
        ("nice", None),
        ("99", None),
    ],
)
def test_ages(rating: str, age: int | None) -> None:
    assert age_of(rating) == age


def test_a_limit_holds_back_what_is_above_it_and_what_is_not_known() -> None:
    assert held_back("PG", "PG-13") is None
    assert held_back("PG-13", "13") is None
    assert "rated R" in str(held_back("R", "PG-13"))
    assert "no rating" in str(held_back("", "PG-13"))
    assert "not known" in str(held_back("nice", "PG-13"))
    assert held_back("nice", None) is None


def test_a_wrong_limit_is_refused_with_what_is_allowed() -> None:
    assert check_rating(" PG-13 ") == "PG-13"
    with pytest.raises(BadInput, match="FSK 16"):
        check_rating("nice")
