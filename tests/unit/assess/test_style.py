"""Style: another hand is told from a project's own, and what differs is named."""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np
import pytest

from tests import drawn, samples
from tower_anime.assess import style
from tower_anime.assess.style import ENOUGH, FEATURES, RECENT, Style
from tower_anime.domain.frame import Frame
from tower_anime.domain.quality import Action, Profile, Verdict

OWN = 26
PROFILE = Profile(name="still")


def bolder(frame: Frame) -> Frame:
    return cv2.erode(frame, np.ones((3, 3), np.uint8)).astype(np.uint8)


def brighter(frame: Frame) -> Frame:
    return np.clip(frame.astype(int) + 70, 0, 255).astype(np.uint8)


@cache
def measured(seed: int) -> dict[str, float]:
    return style.measure(drawn.drawn("cel", seed=seed, size=384))


@cache
def own() -> Style:
    found = style.style_of([measured(seed) for seed in range(OWN)])
    assert found is not None
    return found


def test_every_feature_is_measured_and_mirroring_changes_next_to_nothing() -> None:
    frame = drawn.drawn("cel", seed=3, size=384)
    found, mirrored = style.measure(frame), style.measure(np.ascontiguousarray(frame[:, ::-1]))
    assert list(found) == sorted(found, key=list(found).index)
    assert found.keys() == FEATURES.keys()
    for name, (_, _, usual) in FEATURES.items():
        assert abs(found[name] - mirrored[name]) < 0.2 * usual, name


@pytest.mark.parametrize(
    ("change", "feature", "more"),
    [
        (bolder, "line_ink", True),
        (brighter, "lightness", True),
        (lambda frame: cv2.GaussianBlur(frame, (0, 0), 4), "edges", False),
        (lambda frame: drawn.noisy(frame, sigma=12.0), "grain", True),
        (lambda frame: (30 + frame * 0.85).astype(np.uint8), "black_point", True),
        (lambda frame: (frame * 0.85).astype(np.uint8), "white_point", False),
        (lambda frame: (frame * [0.9, 0.9, 1] + [0, 0, 12]).clip(0, 255).astype(np.uint8),
         "ink_yellow", False),
        (lambda frame: (frame // 40 * 40).astype(np.uint8), "levels", False),
        (lambda frame: np.repeat(frame.mean(axis=2, keepdims=True), 3, 2).astype(np.uint8),
         "saturation", False),
    ],
)  # fmt: skip
def test_a_change_of_hand_moves_its_feature(change, feature: str, more: bool) -> None:  # type: ignore[no-untyped-def]
    frame = drawn.drawn("cel", seed=4, size=384)
    before, after = style.measure(frame)[feature], style.measure(change(frame))[feature]
    assert (after > before) is more


def test_own_pictures_pass_and_other_hands_are_off() -> None:
    fresh = [style.compare(measured(seed), own()).off for seed in range(100, 112)]
    assert sum(fresh) <= 1
    for other in ("painted", "night", "page"):
        found = [
            style.compare(style.measure(drawn.drawn(other, seed=seed, size=384)), own())
            for seed in range(3)
        ]
        assert all(one.off for one in found), other
        assert all(one.words() for one in found)


def test_the_same_hand_in_another_grade_is_off() -> None:
    """Its scenes differ more than the grade moves them; its blacks do not."""
    for grade in (lambda f: 28 + f * 0.89, lambda f: f * [1.0, 0.92, 0.8] + [12, 6, 0]):
        frames = [drawn.drawn("cel", seed=seed, size=384) for seed in range(200, 206)]
        graded = [np.clip(grade(frame), 0, 255).astype(np.uint8) for frame in frames]
        assert all(style.compare(style.measure(one), own()).off for one in graded)


def test_few_pictures_define_no_style() -> None:
    assert style.style_of([measured(seed) for seed in range(ENOUGH - 1)]) is None


def test_it_is_noticed_that_a_style_moves() -> None:
    own_ones = [measured(seed) for seed in range(OWN)]
    nights = [style.measure(drawn.drawn("night", seed=n, size=384)) for n in range(RECENT)]
    assert (style.moved([*own_ones, *nights]) or 0) > 0.9
    assert (style.moved([*own_ones, *(measured(100 + n) for n in range(RECENT))]) or 0) <= 0.2
    assert style.moved(own_ones) is None


def test_a_style_follows_what_people_approve() -> None:
    """Few of another look widen it; with enough of them it is theirs, and the old look is off."""
    nights = [style.measure(drawn.drawn("night", seed=n, size=384)) for n in range(ENOUGH + 4)]
    before = [measured(seed) for seed in range(OWN)]
    old, fresh = [measured(100 + n) for n in range(8)], nights[-4:]
    widened, moved = (style.style_of([*before, *nights[:n]]) for n in (RECENT, ENOUGH))
    assert widened is not None
    assert moved is not None
    assert sum(style.compare(one, widened).off for one in (*old, *fresh)) <= 1
    assert [style.compare(one, moved).off for one in fresh].count(True) <= 1
    assert all(style.compare(one, moved).off for one in old)
    assert (widened.pictures, moved.pictures) == (OWN + RECENT, ENOUGH)


def judged(profile: Profile = PROFILE, *, counts: bool = True, meant: bool = False):  # type: ignore[no-untyped-def]
    far = style.compare(style.measure(drawn.drawn("night", seed=1, size=384)), own())
    good = samples.assessment(score=0.9)
    return style.judged(good, far, profile=profile, counts=counts, meant=meant)


def test_being_off_costs_score_and_names_what_differs() -> None:
    found = judged()
    (defect,) = found.defects
    assert defect.kind == "off_style"
    assert found.score is not None
    assert found.score < 0.9
    assert found.verdict is Verdict.REJECT
    assert "bluer darks" in defect.message
    assert defect.measurement.startswith("style ")
    assert found.measurements["style_distance"].value > 1  # type: ignore[union-attr]


def test_a_profile_or_a_meant_difference_holds_nothing_against_it() -> None:
    for found in (judged(counts=False), judged(meant=True), judged(_acting(Action.OFF))):
        assert (found.score, found.verdict, found.defects) == (0.9, Verdict.PASS, ())
    warned = judged(_acting(Action.WARN))
    assert (warned.score, warned.verdict, len(warned.defects)) == (0.9, Verdict.PASS, 1)
    assert judged(_acting(Action.REJECT), counts=False).verdict is Verdict.REJECT
    assert style.is_meant_to_differ("1girl, flashback, sepia")
    assert style.is_meant_to_differ("1girl, pixel_art")
    assert not style.is_meant_to_differ("1girl, school")


def _acting(action: Action) -> Profile:
    return Profile(name="still", actions={"off_style": action})
