from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tower_anime.domain.families import FAMILIES
from tower_anime.domain.family import ANIMATEDIFF, LTX, SDXL, UNKNOWN, WAN, Family

CLIPS = [family for family in FAMILIES.values() if family.frames]


@pytest.mark.parametrize("family", CLIPS, ids=lambda family: str(family.name))
@given(frames=st.integers(1, 2000))
def test_a_fitted_length_is_allowed_and_none_is_nearer(family: Family, frames: int) -> None:
    rule = family.frames
    assert rule is not None
    fitted = rule.fit(frames)
    assert rule.allows(fitted)
    allowed = [n for n in range(rule.low, rule.high + 1) if rule.allows(n)]
    assert abs(fitted - frames) == min(abs(n - frames) for n in allowed)


def test_the_rules_of_the_families() -> None:
    assert WAN.frames is not None
    assert LTX.frames is not None
    assert ANIMATEDIFF.frames is not None
    assert [WAN.frames.fit(n) for n in (1, 81, 82, 83, 84)] == [5, 81, 81, 85, 85]
    assert [LTX.frames.fit(n) for n in (97, 100, 102, 9999)] == [97, 97, 105, 257]
    assert ANIMATEDIFF.frames.fit(120) == 16


def test_the_nearest_bucket_has_the_nearest_aspect() -> None:
    assert SDXL.nearest_bucket(1920, 1080) == (1344, 768)
    assert SDXL.nearest_bucket(700, 1000) == (832, 1216)
    assert SDXL.nearest_bucket(50, 50) == (1024, 1024)
    assert UNKNOWN.nearest_bucket(2048, 2048) == (1024, 1024)
