"""What stands beside a measurement is where the judgement itself begins to name a defect."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.drawn import drawn
from tests.moving import stage, waving, write_clip
from tower_anime import assess_file
from tower_anime.assess import judge
from tower_anime.assess.checks import CHECKS
from tower_anime.domain.quality import Assessment, Measured
from tower_anime.evidence import Limit, evidence, limits


@pytest.fixture(scope="module")
def judged() -> Assessment:
    return assess_file(drawn(seed=3))


def severity(assessment: Assessment, kind: str) -> float:
    return next(row.severity for row in evidence(assessment) if row.kind == kind)


def with_value(assessment: Assessment, limit: Limit, value: float) -> Assessment:
    was = assessment.measurements[limit.measurement]
    assert isinstance(was, Measured)
    changed = {**assessment.measurements, limit.measurement: replace(was, value=value)}
    return replace(assessment, measurements=changed)


def test_a_defect_is_named_beyond_its_limit_and_not_before(judged: Assessment) -> None:
    found = limits(judged)
    assert len({limit.kind for limit in found}) > len({check.kind for check in CHECKS}) / 2
    for limit in found:
        beyond = 1e-6 * max(abs(limit.value), 1.0) * (-1.0 if limit.falls else 1.0)
        inside = with_value(judged, limit, limit.value - beyond)
        outside = with_value(judged, limit, limit.value + beyond)
        assert severity(inside, limit.kind) < judge.NAMED_FROM <= severity(outside, limit.kind)


def test_what_a_prompt_forgives_moves_its_limit(judged: Assessment) -> None:
    usual = next(one for one in limits(judged) if one.kind == "noise" and not one.falls)
    forgiving = replace(judged, relaxed={"noise": 0.5})
    moved = next(one for one in limits(forgiving) if one.measurement == usual.measurement)
    assert moved.value > usual.value
    assert not [
        one for one in limits(replace(judged, relaxed={"noise": 1.0})) if one.kind == "noise"
    ]


def test_a_profile_that_acts_on_less_names_earlier(judged: Assessment) -> None:
    usual = {(one.kind, one.measurement): one.value for one in limits(judged) if not one.falls}
    strict = limits(judged, {kind: 0.1 for kind, _ in usual})
    both = [one for one in strict if (one.kind, one.measurement) in usual]
    assert len(both) == len(usual)
    assert all(one.value < usual[one.kind, one.measurement] for one in both)


def test_nothing_is_too_odd_to_have_limits() -> None:
    lot = np.random.default_rng(1)
    noise = lot.integers(0, 255, (96, 96, 3), dtype=np.uint8)
    for frame in (np.zeros_like(noise), np.full_like(noise, 255), noise, noise // 250 * 250):
        assert all(np.isfinite(one.value) for one in limits(assess_file(frame)))


def test_a_clip_has_limits_of_its_own_and_of_its_frames(tmp_path: Path) -> None:
    file = tmp_path / "clip.mp4"
    write_clip(file, waving(stage(seed=3), frames=16, on=2), rate=8)
    judged = assess_file(file)
    found = {(one.kind, one.measurement): one for one in limits(judged)}
    rate = found["frame_rate", "frame_rate"]
    assert rate.falls
    assert 4.0 < rate.value < 9.0
    assert found["scene_jump", "scene_jump_count"].value == 1.0
    assert {"stutter", "flicker", "noise"} <= {kind for kind, _ in found}
    assert len(found) > 20
