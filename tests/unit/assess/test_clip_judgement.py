from __future__ import annotations

import math
import re
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.moving import repeated, stage, view, waving, write_clip
from tower_anime import assess_file
from tower_anime.adapters.clips import AvClips
from tower_anime.assess.clip_checks import CHECKS
from tower_anime.assess.clip_judge import NAMED_FROM, judge_clip
from tower_anime.assess.profiles import CLIP
from tower_anime.domain.expectation import Expectation
from tower_anime.domain.frame import Frame
from tower_anime.domain.quality import Assessment, FrameRange, Measured, Verdict
from tower_anime.pipeline.clip import assess_clip

LOOK = stage(seed=5)
TRIVIAL = {"delivery", "audio_missing"}


def assessed(
    path: Path, frames: list[Frame], *, expect: Expectation | None = None, rate: float = 24
) -> Assessment:
    write_clip(path, frames, rate=rate)
    return assess_clip(AvClips(), path, profile=CLIP, prompt=None, expect=expect or Expectation())


def kinds(assessment: Assessment) -> set[str]:
    return {defect.kind for defect in assessment.defects} - TRIVIAL


@pytest.mark.parametrize("on", [1, 2, 3, 4])
def test_animation_on_ones_to_fours_passes(tmp_path: Path, on: int) -> None:
    frames = list(waving(LOOK, frames=72, on=on))
    found = assessed(tmp_path / "a.mp4", frames)
    assert kinds(found) == set()
    assert found.verdict is Verdict.PASS
    assert found.measurements["cadence"].value == on  # type: ignore[union-attr]


def test_the_largest_of_small_losses_that_reject_together_is_named(tmp_path: Path) -> None:
    found = assessed(tmp_path / "a.mp4", list(waving(LOOK, frames=48, on=2)))
    slight = {"flicker": Measured(0.0155), "breaks": Measured(0.6)}
    for score, expected in ((0.95, set()), (0.85, {"flicker"})):
        judged = judge_clip(
            {**found.measurements, **slight},
            replace(found, score=score, defects=()),
            profile=CLIP,
            width=found.width,
            height=found.height,
            expect=Expectation(),
        )
        assert kinds(judged) == expected
        assert judged.verdict is (Verdict.REJECT if expected else Verdict.PASS)


def test_a_long_freeze_is_named_with_its_frames(tmp_path: Path) -> None:
    frames = list(waving(LOOK, frames=96, on=2))
    frames[30:90] = [frames[30]] * 60
    found = assessed(tmp_path / "a.mp4", frames)
    (frozen,) = [defect for defect in found.defects if defect.kind == "frozen"]
    assert isinstance(frozen.where, FrameRange)
    assert abs(frozen.where.first - 30) <= 6  # the codec goes on refining what stands
    assert abs(frozen.where.last - 89) <= 2
    assert found.verdict is Verdict.REJECT


def test_a_hold_of_two_seconds_is_drawn_on_purpose(tmp_path: Path) -> None:
    frames = repeated(list(waving(LOOK, frames=72, on=2)), 40, 46)
    assert kinds(assessed(tmp_path / "a.mp4", frames)) == set()


def test_a_clip_in_which_nothing_moves_is_dead(tmp_path: Path) -> None:
    still = next(iter(waving(LOOK, frames=1, on=1)))
    assert "dead" in kinds(assessed(tmp_path / "a.mp4", [still] * 48))


def test_a_codec_that_never_stops_mending_lines_is_no_motion(tmp_path: Path) -> None:
    still = next(iter(waving(LOOK, frames=1, on=1)))
    frames = [still.copy() for _ in range(48)]
    for index, frame in enumerate(frames):
        cv2.line(frame, (20, 40), (120, 90), (200 + 45 * (index % 2),) * 3, 1)
    found = assessed(tmp_path / "a.mp4", frames)
    assert found.measurements["moving"].value > 0.5  # type: ignore[union-attr]
    assert "dead" in kinds(found)


def test_a_still_is_a_dead_clip_where_a_clip_was_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "a.webp"  # what encoders make of frames that are all alike
    cv2.imwrite(str(path), next(iter(waving(LOOK, frames=1, on=1)))[..., ::-1])
    found = assess_file(path, expect=Expectation(duration_s=2.0))
    assert {"dead", "duration"} <= kinds(found)
    assert "dead" not in kinds(assess_file(path))


def test_sixteen_frames_at_eight_for_five_seconds_at_24_is_named_as_such(tmp_path: Path) -> None:
    frames = list(waving(LOOK, frames=16, on=1))
    expect = Expectation(duration_s=5.0, frame_rate=24.0)
    found = assessed(tmp_path / "a.mp4", frames, expect=expect, rate=8)
    assert {"duration", "frame_rate", "frame_count"} <= kinds(found)
    (count,) = [defect for defect in found.defects if defect.kind == "frame_count"]
    assert "16 frames at 8/s instead of 120" in count.message
    assert found.verdict is Verdict.REJECT


def test_black_frames_inside_are_named(tmp_path: Path) -> None:
    frames = list(waving(LOOK, frames=72, on=2))
    frames[30:34] = [np.zeros_like(frames[0])] * 4
    assert "black_frames" in kinds(assessed(tmp_path / "a.mp4", frames))


def test_a_painted_dusk_at_the_limit_of_red_is_not_burnt_and_burnt_colours_are(
    tmp_path: Path,
) -> None:
    """Smooth shades with one channel at its limit are a painter's; those at both are not."""
    rows = np.linspace(0, 1, 360)[:, None, None]
    sky = np.array([255.0, 120, 40]) * (1 - rows) + np.array([255.0, 205, 110]) * rows
    dusk = np.repeat(sky, 640, axis=1).astype(np.uint8)
    for x in range(-40, 680, 90):
        cv2.ellipse(dusk, (x, 370), (80, 50 + x % 37), 9, 0, 360, (60, 30, 50), -1, cv2.LINE_AA)
    frames = []
    for index in range(48):
        frame = dusk.copy()
        cv2.circle(frame, (60 + 10 * index, 120), 22, (250, 240, 200), -1, cv2.LINE_AA)
        frames.append(frame)
    found = assessed(tmp_path / "dusk.mp4", frames)
    assert kinds(found) == set()
    assert found.verdict is Verdict.PASS
    street = [frame.astype(np.float32) for frame in waving(LOOK, frames=48, on=2)]
    greys = [frame.mean(axis=2, keepdims=True) for frame in street]
    burnt = [
        np.clip(127 + 1.7 * (grey + 3 * (frame - grey) - 127), 0, 255).astype(np.uint8)
        for frame, grey in zip(street, greys, strict=True)
    ]
    assert "oversaturated" in kinds(assessed(tmp_path / "burnt.mp4", burnt))


def test_texture_that_a_pan_takes_along_is_no_noise_and_noise_in_it_is(tmp_path: Path) -> None:
    lots = np.random.default_rng(2)
    texture = cv2.GaussianBlur(lots.normal(0, 6, (400, 900)).astype(np.float32), (0, 0), 0.7)
    pan = [
        view(LOOK, shift=1.4 * i) + cv2.warpAffine(texture, shift(1.4 * i), (640, 360))[..., None]
        for i in range(40)
    ]
    found = assessed(tmp_path / "pan.mp4", [clipped(frame) for frame in pan])
    assert "noise" not in kinds(found)
    assert found.measurements["camera_moves"].value == 1  # type: ignore[union-attr]
    noisy = [clipped(frame + lots.normal(0, 12, frame.shape)) for frame in pan]
    assert "noise" in kinds(assessed(tmp_path / "noisy.mp4", noisy))


def shift(by_px: float) -> np.ndarray:  # type: ignore[type-arg]
    return np.array([[1, 0, -by_px], [0, 1, -10]], np.float32)


def clipped(frame: np.ndarray) -> Frame:  # type: ignore[type-arg]
    return np.clip(frame, 0, 255).astype(np.uint8)


def test_squares_as_after_a_lost_packet_are_named_with_their_frame(tmp_path: Path) -> None:
    frames = [frame.copy() for frame in waving(LOOK, frames=72, on=2)]
    chance = np.random.default_rng(3)
    for y, x in zip(chance.integers(0, 20, 30), chance.integers(0, 38, 30), strict=True):
        colour = chance.integers(0, 255, 3)
        for frame in frames[40:42]:
            frame[16 * y : 16 * y + 16, 16 * x : 16 * x + 16] = colour
    found = assessed(tmp_path / "a.mp4", frames)
    corrupt = [defect for defect in found.defects if defect.measurement == "foreign"]
    assert [defect.where for defect in corrupt] in ([FrameRange(40, 40)], [FrameRange(41, 41)])
    assert found.verdict is Verdict.REJECT


@pytest.mark.parametrize("content", [b"", b"no video at all"])
def test_what_cannot_be_read_has_no_score(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(content)
    found = assess_clip(AvClips(), path, profile=CLIP, prompt=None)
    assert found.score is None
    assert found.verdict is Verdict.UNMEASURED
    assert found.error is not None


class _Ones(dict[str, float]):
    def __missing__(self, name: str) -> float:
        return 1.0


def test_one_of_a_thing_is_told_in_the_singular() -> None:
    kinds = ("frozen", "scene_jump", "black_frames", "flash", "stutter")
    spans = {f"{kind}_1_{end}": 7.0 for kind in kinds for end in ("first", "last")}
    numbers = _Ones({**spans, "declared_frames": 9.0})
    expect = Expectation(duration_s=5.0, frame_rate=24.0, frames=120)
    told = [found.message for check in CHECKS if (found := check(numbers, expect)) is not None]
    assert any("1 frame at 1/s" in message for message in told)
    assert any("1 packet can't be decoded" in message for message in told)
    assert any("1 cut inside one shot" in message for message in told)
    assert any("1 black or blank frame inside the clip" in message for message in told)
    assert not [message for message in told if re.search(r"\b1 (frames|cuts|packets)\b", message)]


def test_black_frames_of_more_spells_than_are_shown_are_told_as_such() -> None:
    spans = {f"black_frames_{n}_{end}": 10.0 * n for n in (1, 2, 3) for end in ("first", "last")}
    numbers = _Ones({**spans, "black_frames_count": 5.0})
    found = next(
        f for check in CHECKS if (f := check(numbers, Expectation())) and f.kind == "black_frames"
    )
    assert found.message.endswith(
        "3 black or blank frames inside the clip, in the 3 longest of 5 spells"
    )
    assert len(found.where) == 3


@pytest.mark.parametrize("crf", [26, 48])
def test_what_is_coded_so_strongly_that_blocks_are_seen_is_named(tmp_path: Path, crf: int) -> None:
    look = stage(seed=5, style="painted")
    frames = [view(look, shift=0.7 * index) for index in range(36)]
    options = {"crf": str(crf), "preset": "veryfast"}
    path = write_clip(tmp_path / "a.mp4", frames, options=options)
    found = assess_clip(AvClips(), path, profile=CLIP, prompt=None)
    assert ("compression" in kinds(found)) is (crf == 48)
    assert len([defect for defect in found.defects if defect.kind == "compression"]) <= 1


def test_what_strong_compression_leaves_is_no_lost_packet() -> None:
    squares = {"foreign": 2.0, "foreign_frame": 7.0, "damaged": 0.0, "declared_frames": 1.0}
    coded = {"blocks": 0.3, "macroblocks": 0.3}
    kinds_of = [
        {f.kind for check in CHECKS if (f := check(_Ones(numbers), Expectation())) and f.amount > 0}
        for numbers in (
            squares | {"blocks": 0.1, "macroblocks": 0.1},
            squares | coded,
            squares | coded | {"foreign": 9.0},
        )
    ]
    assert ["corrupt" in found for found in kinds_of] == [True, False, True]
    assert ["compression" in found for found in kinds_of] == [False, True, False]


@pytest.mark.parametrize(("light", "is_named"), [(0.0106, False), (0.017, True)])
def test_flicker_is_named_beyond_what_correct_clips_show(light: float, is_named: bool) -> None:
    numbers = _Ones({"flicker": light, "part_flicker": 0.0, "tint_flicker": 0.0})
    found = next(
        f for check in CHECKS if (f := check(numbers, Expectation())) and f.kind == "flicker"
    )
    assert (-math.expm1(-found.amount) >= NAMED_FROM) is is_named
