"""What happens to the whole picture over time: cuts, black frames, pumping, sliding, the seam."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tower_anime.assess.spans import Span, runs_of
from tower_anime.assess.track import HELD_LEVELS, Series, Track
from tower_anime.domain.quality import FrameRange

_CUT_SHARE = 0.55  # of the cells change at a cut
_CUT_OVER_USUAL = 3.0  # times as much as in the frames around it
_CUT_LEVELS = 8.0  # mean change of a cell
_CUT_AROUND = 6
_BLACK_BRIGHT, _BLACK_SPREAD = 26.0, 6.0  # levels of the 99th percentile and of σ
_BLANK_SPREAD = 1.5
_BLANK_FRAMES = 4  # white or coloured frames for impact last one to three
_ABRUPT_LEVELS = 12.0  # change of the mean at the edge of a black stretch that no fade makes
_PULSE_S = 1.0
_PULSE_STEP = 0.003  # ln; smaller changes of the whole picture are the codec's
_PULSE_TURNS = 4  # changes of direction in a second: fewer are a gesture of the light
_TINT_LEVELS = 0.8


@dataclass(frozen=True)
class Pulse:
    """What the whole picture does.

    `flicker` is the largest swing of its light around its own course (ratio of linear luminance),
    `tint_flicker` that of its colour (levels); `drift_light` (ln) is what slid away over the
    clip, None where the picture moves as a whole; `seam` (levels) is the step from the last frame
    to the first over the usual step.
    """

    cuts: tuple[Span, ...]
    black: tuple[Span, ...]
    flicker: float
    flickers: tuple[Span, ...]
    tint_flicker: float
    drift_light: float | None
    seam: float


def pulse(track: Track, frame_rate: float) -> Pulse:
    """Look at the picture as a whole."""
    rate = frame_rate or 24.0
    black = _black(track)
    cuts = _cuts(track, black)
    light, spans = _pumping(_course(track["gain"], cuts, black), rate, step=_PULSE_STEP)
    tints = [
        _pumping(_course(track[name], cuts, black), rate, step=_TINT_LEVELS)[0]
        for name in ("tint_blue", "tint_red")
    ]
    return Pulse(
        cuts=cuts,
        black=black,
        flicker=_GAMMA * light,
        flickers=spans,
        tint_flicker=max(tints),
        drift_light=_drift(track, cuts, black),
        seam=_seam(track),
    )


_GAMMA = 2.2  # a ratio of code values to the ratio of light


# ---- cuts and black frames ------------------------------------------------------------------


def _cuts(track: Track, black: tuple[Span, ...]) -> tuple[Span, ...]:
    change, share = track["change_mean"], track["change_share"]
    found = []
    for index in np.flatnonzero((share >= _CUT_SHARE) & (change >= _CUT_LEVELS)).tolist():
        near = [i for i in range(index - _CUT_AROUND, index + _CUT_AROUND + 1) if i != index]
        around = change[[i for i in near if 0 < i < track.frames]]
        usual = float(np.sort(around)[-2]) if len(around) > 2 else 0.0
        comes_back = (
            index + 1 < track.frames and track["back_mean"][index + 1] < 0.5 * change[index]
        )
        at_black = any(span.frames.first <= index <= span.frames.last + 1 for span in black)
        if change[index] >= _CUT_OVER_USUAL * usual and not comes_back and not at_black:
            found.append(Span(FrameRange(index - 1, index), float(change[index])))
    return tuple(found)


def _black(track: Track) -> tuple[Span, ...]:
    """Find black stretches, and longer blank ones, that begin or end at once: a fade does not."""
    dark = (track["bright"] <= _BLACK_BRIGHT) & (track["spread"] <= _BLACK_SPREAD)
    blank = ~dark & (track["spread"] <= _BLANK_SPREAD)
    found = [*runs_of(dark), *(r for r in runs_of(blank) if r.last - r.first >= _BLANK_FRAMES)]
    whole = track.frames
    return tuple(
        Span(frames, float(frames.last - frames.first + 1))
        for frames in found
        if frames.last - frames.first + 1 < whole and _is_abrupt(track["luma"], frames)
    )


def _is_abrupt(luma: Series, frames: FrameRange) -> bool:
    before = abs(luma[frames.first] - luma[frames.first - 1]) if frames.first > 0 else 0.0
    after = abs(luma[frames.last + 1] - luma[frames.last]) if frames.last + 1 < len(luma) else 0.0
    return bool(max(before, after) >= _ABRUPT_LEVELS)


# ---- pumping --------------------------------------------------------------------------------


def _course(steps: Series, cuts: tuple[Span, ...], black: tuple[Span, ...]) -> Series:
    """Return the steps without those at cuts and black frames, which are no pumping."""
    course = steps.copy()
    for span in cuts:
        course[span.frames.last] = 0.0
    for span in black:
        course[span.frames.first : span.frames.last + 2] = 0.0
    return course


def _pumping(steps: Series, rate: float, *, step: float) -> tuple[float, tuple[Span, ...]]:
    """Return the worst swing (σ over a second) of a course around its own mean, and where.

    Only where it turns often: light that changes once or twice is a gesture.
    """
    level = np.cumsum(steps)
    window = max(5, round(_PULSE_S * rate))
    swing = np.abs(level - _smoothed(level, max(3, window // 2)))
    turns = _turns(steps, step)
    often = _summed(turns, window) >= _PULSE_TURNS * window / (_PULSE_S * rate)
    size = np.sqrt(_summed(np.square(swing), window) / window)
    felt = np.where(often, size, 0.0)
    if not felt.any():
        return 0.0, ()
    spans = tuple(
        Span(frames, float(felt[frames.first : frames.last + 1].max()))
        for frames in runs_of(felt > 0.5 * felt.max(), bridge=window)
    )
    return float(felt.max()), spans


def _turns(steps: Series, least: float) -> NDArray[np.float64]:
    """Return 1 where a course turns around: a step against the last one of note."""
    turns = np.zeros(len(steps))
    last = 0.0
    for index in np.flatnonzero(np.abs(steps) >= least).tolist():
        sign = float(np.sign(steps[index]))
        turns[index] = float(last != 0.0 and sign != last)
        last = sign
    return turns


def _smoothed(values: Series, window: int) -> Series:
    padded = np.pad(values, window // 2, mode="edge")
    smooth: Series = np.convolve(padded, np.full(window, 1 / window), mode="same")
    return smooth[window // 2 : window // 2 + len(values)]


def _summed(values: Series, window: int) -> Series:
    """Return the sum over the window around each value, less at both ends."""
    total = np.concatenate([[0.0], np.cumsum(values)])
    index = np.arange(len(values))
    low = np.clip(index - window // 2, 0, len(values))
    return np.asarray(total[np.clip(low + window, 0, len(values))] - total[low])


# ---- drift and seam -------------------------------------------------------------------------


def _drift(track: Track, cuts: tuple[Span, ...], black: tuple[Span, ...]) -> float | None:
    """Return what the light of the unmoved picture slid by, if steadily; ln of luma.

    Early, middle and late pictures are compared cell by cell, so that what walks through the
    picture has no say; where too many cells change their pattern, the picture moves as a whole.
    """
    if cuts or black or len(track.keys) < 6:
        return None
    third = len(track.keys) // 3
    early, middle, late = (
        np.mean(track.keys[at : at + third], axis=0) for at in (0, third, len(track.keys) - third)
    )
    ratios = [np.log((b + 6.0) / (a + 6.0)) for a, b in ((early, middle), (middle, late))]
    middles = [float(np.median(ratio)) for ratio in ratios]
    spread = max(
        float(np.median(np.abs(ratio - m))) for ratio, m in zip(ratios, middles, strict=True)
    )
    total = sum(middles)
    if spread > 0.5 * abs(total) + 0.03:
        return None
    return total if middles[0] * middles[1] > 0 else 0.0


def _seam(track: Track) -> float:
    step = np.abs(track.first - track.last)
    moved = track["change_mean"][track["change_max"] > HELD_LEVELS]
    usual = float(np.median(moved)) if len(moved) else 0.0
    return max(0.0, float(step.mean()) - 2 * usual)
