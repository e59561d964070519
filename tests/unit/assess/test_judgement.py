from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import drawn
from tower_anime.assess.checks import CHECKS, holds
from tower_anime.assess.fitted import CURVES, GATES, WEIGHTS
from tower_anime.assess.judge import NAMED_FROM, judge, unreadable
from tower_anime.assess.metrics import METRICS
from tower_anime.assess.profiles import PROFILES
from tower_anime.assess.signals import SIGNALS
from tower_anime.assess.stills import measure
from tower_anime.domain.frame import Frame
from tower_anime.domain.quality import (
    Action,
    Assessment,
    Measured,
    Measurements,
    Profile,
    Region,
    Unmeasured,
    Verdict,
)

SIZE = 500  # drawn at multiples of 16 px it would look like the grid of a codec
STILL = PROFILES["still"]
ANY_SIZE = replace(STILL, min_width=0, min_height=0)


def judged(
    frame: Frame, profile: Profile = ANY_SIZE, relaxed: dict[str, float] | None = None
) -> Assessment:
    height, width = frame.shape[:2]
    return judge(
        measure(frame),
        kind="image",
        width=width,
        height=height,
        profile=profile,
        relaxed=relaxed or {},
    )


def score(assessment: Assessment) -> float:
    assert assessment.score is not None
    return assessment.score


def kinds(assessment: Assessment) -> set[str]:
    return {defect.kind for defect in assessment.defects}


# ---- clean art and noise --------------------------------------------------------------------


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
@pytest.mark.parametrize("style", drawn.STYLES)
def test_clean_art_passes_without_a_defect(style: str, seed: int) -> None:
    assessment = judged(drawn.drawn(style, seed=seed, size=SIZE))
    assert assessment.defects == ()
    assert score(assessment) > 0.75  # the fit lets clean art lose 0.2 of ln(score)
    assert assessment.verdict is Verdict.PASS


@pytest.mark.parametrize("binary", [False, True])
@pytest.mark.parametrize("seed", [1, 2])
def test_pure_noise_is_blank_and_far_below(seed: int, binary: bool) -> None:
    assessment = judged(drawn.static(seed=seed, binary=binary))
    assert assessment.defects[0].kind == "blank"
    assert score(assessment) < 0.05


@pytest.mark.parametrize("colour", [(0, 0, 0), (255, 255, 255), (128, 124, 120), (200, 30, 90)])
def test_one_colour_is_blank(colour: tuple[int, int, int]) -> None:
    assessment = judged(np.full((SIZE, SIZE, 3), colour, np.uint8))
    assert kinds(assessment) == {"blank"}
    assert score(assessment) < 0.02


# ---- each damage has its name ---------------------------------------------------------------

DAMAGE: dict[str, tuple[str, Callable[[Frame, float], Frame], tuple[float, ...]]] = {
    "blur": ("blur", drawn.blurred, (1.5, 2.5, 4, 8)),
    "noise": ("noise", drawn.noisy, (6, 10, 20, 40)),
    "colour noise": ("noise", drawn.speckled, (14, 24, 40)),
    "blotches": ("undersampled", drawn.blotched, (15, 25, 40)),
    "fading": ("low_contrast", drawn.flattened, (0.4, 0.28, 0.18)),
    "darkness": ("underexposed", drawn.darkened, (0.3, 0.2, 0.12)),
    "light": ("overexposed", drawn.brightened, (1.9, 2.5, 3.5)),
    "burning": ("oversaturated", drawn.burnt, (1.2, 2, 3)),
    "guidance": ("oversaturated", drawn.overguided, (1, 2, 3)),
    "black box": ("partial_blank", drawn.blacked, (0.06, 0.15, 0.3, 0.5)),
    "blackening": ("blank", drawn.darkened, (0.1, 0.04, 0.02, 0.01)),
}


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("damage", DAMAGE)
def test_damage_is_named_and_costs_more_with_every_grade(damage: str, seed: int) -> None:
    kind, spoil, grades = DAMAGE[damage]
    clean = drawn.drawn("cel", seed=seed, size=SIZE)
    worsening = [judged(clean), *(judged(spoil(clean, grade)) for grade in grades)]
    scores = [score(assessment) for assessment in worsening]
    assert scores == sorted(scores, reverse=True)
    assert len(set(scores)) == len(scores)
    for assessment in worsening[2:]:
        assert kind in kinds(assessment)
    severities = [d.severity for a in worsening for d in a.defects if d.kind == kind]
    assert (np.diff(severities) > -0.03).all(), severities
    assert worsening[-1].verdict is Verdict.REJECT


def test_softness_follows_from_too_few_steps_and_is_no_finding_of_its_own() -> None:
    soft = cv2.GaussianBlur(drawn.drawn("painted", size=SIZE), (0, 0), 2.5)
    assert "blur" in kinds(judged(soft))
    unfinished = kinds(judged(drawn.blotched(soft, 15)))
    assert "undersampled" in unfinished
    assert "blur" not in unfinished


@pytest.mark.parametrize("times", [2, 3, 4])
def test_tiles_are_named(times: int) -> None:
    assessment = judged(drawn.tiled(drawn.drawn("painted", size=SIZE), times))
    assert "tiling" in kinds(assessment)
    assert assessment.verdict is Verdict.REJECT


def test_the_box_of_a_partial_blank_is_given() -> None:
    (defect,) = judged(drawn.blacked(drawn.drawn(size=SIZE), 0.2)).defects
    assert isinstance(defect.where, Region)
    assert defect.where.x == pytest.approx(60, abs=12)
    assert f"{defect.where.width}×{defect.where.height} px" in defect.message


def test_the_bottom_is_graded() -> None:
    clean = drawn.drawn("cel", size=SIZE)
    blends = [score(judged(drawn.darkened(clean, 1 - share))) for share in (0.86, 0.93, 0.97, 0.99)]
    assert blends == sorted(blends, reverse=True)
    assert len({f"{blend:.3g}" for blend in blends}) == 4
    assert blends[-1] > 0


# ---- resolution -----------------------------------------------------------------------------


def at_size(width: int, height: int, profile: Profile = STILL) -> Assessment:
    clean = measure(drawn.drawn(size=SIZE))
    return judge(clean, kind="image", width=width, height=height, profile=profile)


@pytest.mark.parametrize(
    "size",
    [(1024, 1024), (832, 1216), (1216, 832), (1344, 768), (768, 1344), (640, 1536), (1920, 1080)],
)
def test_buckets_of_the_standard_area_are_large_enough(size: tuple[int, int]) -> None:
    assessment = at_size(*size)
    assert assessment.defects == ()
    assert score(assessment) == pytest.approx(score(at_size(*size, ANY_SIZE)), abs=0.01)


def test_smaller_is_worse_and_half_the_standard_fails() -> None:
    sides = (1024, 896, 768, 640, 512, 256, 64)
    series = [at_size(side, side) for side in sides]
    scores = [score(assessment) for assessment in series]
    assert scores == sorted(scores, reverse=True)
    half = series[sides.index(512)]
    assert kinds(half) == {"resolution"}
    assert half.verdict is Verdict.REJECT
    damaged = judged(drawn.noisy(drawn.drawn(size=SIZE), 12), STILL)
    assert score(damaged) < score(half) - 0.15


def test_a_side_of_the_standard_in_three_to_two_costs_next_to_nothing() -> None:
    assert score(at_size(1024, 683)) > 0.98 * score(at_size(1024, 1024))


def test_a_strip_is_too_small_on_its_short_side() -> None:
    assert "resolution" in kinds(at_size(4096, 256))


def test_draft_and_a_profile_without_size_take_small_pictures() -> None:
    assert at_size(512, 512, PROFILES["draft"]).verdict is Verdict.PASS
    assert at_size(32, 32, ANY_SIZE).defects == ()


# ---- light ----------------------------------------------------------------------------------


def test_a_dark_picture_gains_nothing_by_being_stretched() -> None:
    clean = drawn.drawn("night", seed=3, size=SIZE)
    series = [clean, *(np.clip(clean * gain, 0, 255).astype(np.uint8) for gain in (1.4, 1.8, 2.4))]
    scores = [score(judged(frame)) for frame in series]
    assert scores == sorted(scores, reverse=True)


def test_stars_are_light_enough_for_a_night() -> None:
    sky = drawn.blurred(drawn.noisy(np.full((SIZE, SIZE, 3), (24, 16, 60), np.uint8), 3), 2)
    sky[::40, ::40] = sky[1::40, ::40] = 235
    assert "too dark" not in " ".join(d.message for d in judged(sky).defects)


def test_texture_without_colour_is_no_residue_of_sampling() -> None:
    rocks = {"residual_luma": 5.7, "residual_chroma": 0.7, "noise_luma": 2.5, "chroma_mean": 30.0}
    blotches = {**rocks, "residual_chroma": 3.0, "noise_luma": 0.5}
    grain = {**rocks, "noise_luma": 15.0}
    found = [holds("textured", SIGNALS["textured"].of(it)) for it in (rocks, blotches, grain)]
    assert found[0] > 0.9 > 0.1 > max(found[1:])


# ---- profile and intent ---------------------------------------------------------------------


def test_actions_of_a_profile() -> None:
    frame = drawn.blurred(drawn.drawn(size=SIZE), 3)

    def under(action: Action) -> Assessment:
        return judged(frame, replace(ANY_SIZE, actions={"blur": action}, threshold=0.1))

    counted = judged(frame, replace(ANY_SIZE, threshold=0.1))
    off, warn, reject = (under(a) for a in (Action.OFF, Action.WARN, Action.REJECT))
    assert kinds(off) == set()
    assert score(off) > 0.8
    assert kinds(warn) == {"blur"}
    assert warn.defects[0].loss == 0
    assert score(warn) == score(off)
    assert score(reject) == score(counted)
    assert (counted.verdict, reject.verdict) == (Verdict.PASS, Verdict.REJECT)


def test_what_a_thrifty_webp_leaves_is_named() -> None:
    frame = drawn.drawn("painted", size=SIZE)
    assert kinds(judged(drawn.webp(frame, 5))) == {"compression"}
    assert kinds(judged(drawn.webp(frame, 80))) == set()


def test_intent_forgives_what_was_asked_for_and_nothing_else() -> None:
    dark = drawn.darkened(drawn.drawn(size=SIZE), 0.2)
    night = {"underexposed": 0.8, "low_contrast": 0.5}
    plain, asked = judged(dark), judged(dark, relaxed=night)
    assert plain.verdict is Verdict.REJECT
    assert asked.verdict is Verdict.PASS
    assert asked.relaxed == night
    noise = drawn.noisy(drawn.drawn(size=SIZE), 15)
    forgiven = judged(noise, relaxed={"underexposed": 1.0})
    assert score(forgiven) == pytest.approx(score(judged(noise)), abs=0.02)


def test_the_same_measurements_are_judged_again_without_a_picture() -> None:
    measurements = measure(drawn.noisy(drawn.drawn(size=SIZE), 5))
    strict, lax = (
        judge(
            measurements, kind="image", width=SIZE, height=SIZE, profile=PROFILES[name], seconds=1
        )
        for name in ("poster", "draft")
    )
    assert (strict.verdict, lax.verdict) == (Verdict.REJECT, Verdict.PASS)
    assert (strict.profile, lax.profile) == ("poster", "draft")


# ---- the unknown ----------------------------------------------------------------------------


def test_a_missing_required_measurement_is_no_pass() -> None:
    whole = dict(measure(drawn.drawn(size=SIZE)))
    for name in STILL.required:
        holed = whole | {name: Unmeasured("not tried")}
        assessment = judge(holed, kind="image", width=SIZE, height=SIZE, profile=ANY_SIZE)
        assert assessment.verdict is Verdict.UNMEASURED
        assert assessment.score is not None


def test_what_rejects_rejects_without_the_rest() -> None:
    noise = dict(measure(drawn.static(seed=1))) | {"flat_share": Unmeasured("not tried")}
    assessment = judge(noise, kind="image", width=SIZE, height=SIZE, profile=ANY_SIZE)
    assert assessment.verdict is Verdict.REJECT


def test_nothing_measured_has_no_score() -> None:
    assessment = judge({}, kind="image", width=SIZE, height=SIZE, profile=STILL)
    assert (assessment.score, assessment.verdict) == (None, Verdict.UNMEASURED)
    assert assessment.defects == ()


def test_unreadable_says_why() -> None:
    assessment = unreadable(
        kind_of_error="truncated", message="cut short", kind="image", profile=STILL
    )
    assert (assessment.score, assessment.verdict) == (None, Verdict.UNMEASURED)
    assert assessment.error is not None
    assert (assessment.error.type, assessment.error.message) == ("truncated", "cut short")


def any_measurements(seed: int) -> Measurements:
    """Return values from all over each metric's range; a third is unmeasured."""
    rng = np.random.default_rng(seed)
    return {
        name: Unmeasured("chance")
        if rng.random() < 1 / 3
        else Measured(
            float(metric.low + (metric.high - metric.low) * rng.random() ** 3), metric.unit
        )
        for name, metric in METRICS.items()
    }


@settings(max_examples=300, deadline=None)
@given(
    measurements=st.integers(0, 2**32).map(any_measurements),
    size=st.tuples(st.integers(0, 5000), st.integers(0, 5000)),
    profile=st.sampled_from(list(PROFILES.values())),
    relaxed=st.dictionaries(st.sampled_from([c.kind for c in CHECKS]), st.floats(-1, 2)),
)
def test_any_numbers_give_a_sound_assessment(
    measurements: Measurements,
    size: tuple[int, int],
    profile: Profile,
    relaxed: dict[str, float],
) -> None:
    width, height = size
    found = judge(
        measurements, kind="image", width=width, height=height, profile=profile, relaxed=relaxed
    )
    measured = [m for m in measurements.values() if isinstance(m, Measured)]
    assert (found.score is None) == (not measured)
    assert found.score is None or 0 <= found.score <= 1
    assert all(0 <= defect.severity <= 1 for defect in found.defects)
    if found.verdict is Verdict.PASS:
        assert all(d.severity >= NAMED_FROM for d in found.defects) or profile.severities
    assert sum(defect.loss for defect in found.defects) == pytest.approx(
        1.0 if found.defects else 0.0
    )
    if found.verdict is Verdict.PASS:
        assert found.score is not None
        assert found.score >= profile.threshold
        assert all(isinstance(measurements[name], Measured) for name in profile.required)


def test_the_tables_agree() -> None:
    produced = {"width", "height", "min_width", "min_height", "shortfall"}
    for signal in SIGNALS.values():
        assert set(signal.reads) <= METRICS.keys() | produced
    names = [check.name for check in CHECKS]
    assert len(set(names)) == len(names)
    assert set(names) == WEIGHTS.keys()
    assert {check.signal for check in CHECKS} == CURVES.keys()
    assert {gate for check in CHECKS for gate in (*check.when, *check.unless)} == GATES.keys()
    assert CURVES.keys() | GATES.keys() == SIGNALS.keys()
    assert {m.defect for m in METRICS.values()} - {None} <= {check.kind for check in CHECKS}
    for profile in PROFILES.values():
        assert set(profile.required) <= METRICS.keys()
        assert set(profile.actions) <= {check.kind for check in CHECKS}


def test_the_fitted_numbers_keep_the_rules() -> None:
    assert all(weight > 0 for weight in WEIGHTS.values())
    assert all(scale > 0 and knee > 0 for _, scale, knee in CURVES.values())
    assert all(scale > 0 for _, scale in GATES.values())
