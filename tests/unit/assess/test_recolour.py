"""Colours are pulled back to the project's; lines and what is its own stay."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import cv2
import numpy as np
import pytest

from tests import drawn, samples
from tower_anime.assess import style
from tower_anime.assess.recolour import is_only_colour, recoloured
from tower_anime.assess.style import Style
from tower_anime.domain.frame import Frame
from tower_anime.domain.quality import Assessment, Measured, Verdict


def picture(seed: int) -> Frame:
    return drawn.drawn("cel", seed=seed, size=256)


def graded(frame: Frame) -> Frame:
    return np.clip(frame * [0.85, 0.8, 0.65] + [34, 28, 20], 0, 255).astype(np.uint8)


@cache
def project() -> Style:
    found = style.style_of([style.measure(picture(seed)) for seed in range(24)])
    assert found is not None
    return found


def distance(frame: Frame) -> float:
    return style.compare(style.measure(frame), project()).distance


@pytest.mark.parametrize("seed", [101, 102, 103])
def test_another_grade_comes_back_into_the_style_and_shapes_stay(seed: int) -> None:
    bad = graded(picture(seed))
    mended = recoloured(bad, project())
    assert distance(bad) > 1.5
    assert distance(mended) < 1.0
    before, after = (cv2.Canny(cv2.equalizeHist(frame[..., 1]), 80, 160) for frame in (bad, mended))
    near = cv2.dilate(after, np.ones((3, 3), np.uint8)) > 0
    assert near[before > 0].mean() > 0.9


def test_what_is_in_its_style_stays_as_it_is() -> None:
    own = picture(110)
    assert distance(own) < 1.0
    changed = np.abs(recoloured(own, project()).astype(int) - own).mean()
    assert changed < 3


def of(likeness_of: Frame, *, score: float = 0.95) -> Assessment:
    blurred = score < 0.7
    found = samples.assessment(
        Verdict.REJECT if blurred else Verdict.PASS,
        score,
        (samples.defect("blur"),) if blurred else (),
    )
    return style.judged(
        found,
        style.compare(style.measure(likeness_of), project()),
        profile=samples.generation().profile,
        counts=True,
        meant=False,
    )


def test_a_light_that_is_asked_for_is_compared_by_the_hand_alone_and_stays() -> None:
    likeness = style.compare(style.measure(graded(picture(120))), project())
    assert likeness.hand < likeness.distance / 3
    profile = samples.generation().profile

    def made(**changes: Any) -> Assessment:
        found = replace(samples.assessment(score=0.95), **changes)
        return style.judged(found, likeness, profile=profile, counts=True, meant=False)

    asked, unasked = made(relaxed={"underexposed": 0.8}), made()
    assert asked.measurements["style_distance"] == asked.measurements[style.HAND]
    assert (asked.score or 0) > 3 * (unasked.score or 0)
    assert "blacks" in unasked.defects[0].message
    assert not any("blacks" in one.message for one in asked.defects)
    assert is_only_colour(unasked)
    assert not is_only_colour(asked)


def test_only_what_lies_in_the_colours_alone_is_mended() -> None:
    grade, hand = of(graded(picture(120))), of(drawn.drawn("page", seed=1, size=256))
    assert grade.verdict is hand.verdict is Verdict.REJECT
    assert is_only_colour(grade)
    assert not is_only_colour(hand)
    assert not is_only_colour(of(picture(120)))
    assert not is_only_colour(of(graded(picture(120)), score=0.6))  # it has other faults as well
    unknown = {**grade.measurements, style.HAND: Measured(2.0)}
    assert not is_only_colour(replace(grade, measurements=unknown))
