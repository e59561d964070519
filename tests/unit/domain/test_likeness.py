"""Pictures that look alike stand together."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tower_anime.domain.likeness import BITS, groups

PRINTS = st.lists(st.none() | st.integers(0, 2**BITS - 1), max_size=40)


@given(PRINTS, st.integers(0, BITS))
def test_each_picture_is_in_one_group_near_its_first(
    prints: list[int | None], within_bits: int
) -> None:
    found = groups(prints, within_bits=within_bits)
    assert sorted(place for group in found for place in group) == list(range(len(prints)))
    assert [group[0] for group in found] == sorted(group[0] for group in found)
    for first, *others in found:
        for other in others:
            one, two = prints[first], prints[other]
            assert one is not None
            assert two is not None
            assert (one ^ two).bit_count() <= within_bits


def test_what_has_no_picture_is_alike_nothing() -> None:
    assert groups([None, None, 5, 5]) == [[0], [1], [2, 3]]
