"""The rule at its edges, on frames with known luminance."""

from __future__ import annotations

import numpy as np
import pytest

from tests.bench.flashes import Flashing, frames_of
from tower_anime.adapters.clip_frames import shown_pixels
from tower_anime.assess.flash import MAX_TRANSITIONS, FlashMeter, FlashTrack, linear
from tower_anime.domain.frame import Frame


def track(frames: list[Frame], rate: int = 24) -> FlashTrack:
    meter = FlashMeter()
    for number, frame in enumerate(frames):
        time_s = number / rate
        meter.see([shown_pixels(frame, time_s=time_s, is_key=False).glimpse.colour], [time_s])
    return meter.track()


def fails(frames: list[Frame], rate: int = 24) -> bool:
    found = track(frames, rate)
    return bool(max(found.luminance.max(), found.red.max()) > MAX_TRANSITIONS)


def clip(**changes: object) -> list[Frame]:
    usual = {
        "kind": "square",
        "hz": 4.0,
        "area": 1.0,
        "dark": 0.1,
        "light": 0.5,
        "rate": 24,
        "seconds": 2.0,
    }
    return frames_of(Flashing(**{**usual, **changes}))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("hz", "dangerous"), [(1.0, False), (2.5, False), (3.0, False), (4.0, True), (8.0, True)]
)
@pytest.mark.parametrize("rate", [24, 30, 60])
def test_more_than_three_flashes_a_second_fail(hz: float, dangerous: bool, rate: int) -> None:
    assert fails(clip(hz=hz, rate=rate), rate) is dangerous


@pytest.mark.parametrize(
    ("area", "dangerous"), [(0.2, False), (0.24, False), (0.26, True), (0.3, True)]
)
def test_a_quarter_of_the_picture_must_flash(area: float, dangerous: bool) -> None:
    assert fails(clip(area=area, hz=5.0)) is dangerous


@pytest.mark.parametrize(("step", "dangerous"), [(0.08, False), (0.12, True)])
@pytest.mark.parametrize("dark", [0.0, 0.3, 0.6])
def test_a_tenth_of_the_peak_is_a_transition(step: float, dangerous: bool, dark: float) -> None:
    assert fails(clip(dark=dark, light=dark + step)) is dangerous


@pytest.mark.parametrize(("dark", "dangerous"), [(0.77, True), (0.83, False)])
def test_the_darker_state_must_lie_below_four_fifths(dark: float, dangerous: bool) -> None:
    assert fails(clip(dark=dark, light=dark + 0.16)) is dangerous


def test_saturated_red_has_a_rule_of_its_own() -> None:
    """Its luminance changes by 0.05 only."""
    assert fails(clip(kind="red", dark=0.0, light=0.25))
    assert not fails(clip(kind="red", dark=0.0, light=0.25, hz=2.5))
    assert not fails(clip(kind="red", dark=0.0, light=0.05))


def test_halves_that_flash_against_each_other_are_counted_each_for_itself() -> None:
    fast, slow = (
        [np.hstack([a[:, :160], b[:, :160]]) for a, b in zip(frames, frames[half:], strict=False)]
        for frames, half in ((clip(hz=4.0, rate=24), 3), (clip(hz=2.0, rate=24), 6))
    )
    assert fails(fast)
    assert not fails(slow)


def test_legal_flashes_that_go_on_are_counted_as_a_sequence() -> None:
    found = track(clip(hz=2.5, seconds=7.0))
    assert not fails(clip(hz=2.5, seconds=7.0))
    assert np.count_nonzero(found.luminance >= 4) / 24 > 5.0


def test_a_slow_fade_and_a_pan_are_no_flashes() -> None:
    ramp = [np.full((180, 320, 3), round(v), np.uint8) for v in np.linspace(0, 255, 48)]
    assert not fails([*ramp, *ramp[::-1]])
    rng = np.random.default_rng(3)
    wide = np.kron(rng.integers(0, 255, (9, 40)), np.ones((20, 40))).astype(np.uint8)
    wide = np.repeat(wide[..., None], 3, axis=2)
    assert not fails([wide[:, 12 * i : 12 * i + 320] for i in range(48)])


def test_light_is_linear() -> None:
    grid = np.array([[[0, 0, 0], [255, 255, 255], [188, 188, 188]]], np.float32)
    assert linear(grid)[0, :, 0] == pytest.approx([0.0, 1.0, 0.5029], abs=1e-3)
