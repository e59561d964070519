"""What happens to the whole picture over time: cuts, black frames, pumping, the seam."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tower_anime.assess.slide import Slide, slide
from tower_anime.assess.spans import Span, runs_of
from tower_anime.assess.track import (
    BLACK_BRIGHT,
    CUT_AROUND,
    CUT_OVER,
    HELD_LEVELS,
    Series,
    Track,
)
from tower_anime.domain.quality import FrameRange

_CUT_OVER_USUAL = 2.5  # times as much as in the frames around it
_CUT_LIKENESS = 0.95  # pictures that correlate more are the same, whatever moved
_CUT_SAME_EDGES = 0.45  # more of them in common: the same under another light; cuts 0.4 at most
_CUT_RETURNS = 0.5  # of the change: what comes so near to the picture before was a flash
_LIT = 0.02  # ln: how far motion takes the light of the whole picture; a fade takes it farther
_BLACK_SPREAD = 6.0  # levels of σ
_BLANK_SPREAD = 1.5
_BLANK_FRAMES = 4  # white or coloured frames for impact last one to three
_ABRUPT_LEVELS = 12.0  # change of the mean at the edge of a black stretch that no fade makes
_STEPS_ON = 0.5  # of the step: how far the light goes on in a fade
_PULSE_S = 1.0
_PULSE_STEP = 0.003  # ln; smaller changes of the whole picture are the codec's
_OF_STRONGEST = 0.15  # of the steps around: beside lightning, what moves turns nothing around
_PULSE_TURNS = 4  # changes of direction in a second: fewer are a gesture of the light
_TINT_LEVELS = 0.8
_PART_STEP, _PART_TURNS = 0.008, 6  # of a part: hands and hair also change its light now and then


@dataclass(frozen=True)
class Pulse:
    """What the whole picture does.

    `flicker` is the largest swing of its light around its own course (ratio of linear luminance),
    `part_flicker` that of a twelfth of it, `tint_flicker` that of its colour (levels).
    `slid` is what slid away over the clip, None where that can't be told; `seam` (levels)
    is the step from the last frame to the first over the usual step.
    """

    cuts: tuple[Span, ...]
    black: tuple[Span, ...]
    flicker: float
    part_flicker: float
    flickers: tuple[Span, ...]
    tint_flicker: float
    slid: Slide | None
    seam: float


def pulse(track: Track, frame_rate: float) -> Pulse:
    """Look at the picture as a whole."""
    rate = frame_rate or 24.0
    black = _black(track)
    cuts = _cuts(track, black)
    light, spans = _pumping(_course(track["gain"], cuts, black), rate, step=_PULSE_STEP)
    parts = max(
        (
            _pumping(_course(gains, cuts, black), rate, step=_PART_STEP, often=_PART_TURNS)
            for gains in track.regions.T
        ),
        key=lambda found: found[0],
    )
    tints = [
        _pumping(_course(track[name], cuts, black), rate, step=_TINT_LEVELS)[0]
        for name in ("tint_blue", "tint_red")
    ]
    return Pulse(
        cuts=cuts,
        black=black,
        flicker=_GAMMA * light,
        part_flicker=_GAMMA * parts[0],
        flickers=spans or parts[1],
        tint_flicker=max(tints),
        slid=None if cuts or black else slide(track),
        seam=_seam(track),
    )


_GAMMA = 2.2  # a ratio of code values to the ratio of light


# ---- cuts and black frames ------------------------------------------------------------------


def _cuts(track: Track, black: tuple[Span, ...]) -> tuple[Span, ...]:
    moved = np.where(np.abs(track["gain"]) < _LIT, track["change_mean"], 0.0)
    drawn = track["spread"] > _BLACK_SPREAD
    return tuple(
        Span(FrameRange(jump.frame - 1, jump.frame), jump.change)
        for jump in track.jumps
        if jump.likeness < _CUT_LIKENESS
        and jump.same_edges < _CUT_SAME_EDGES
        and jump.returns > _CUT_RETURNS * jump.change
        and jump.change >= _CUT_OVER_USUAL * _usual_change(moved, jump.frame)
        and jump.change >= CUT_OVER * _usual_change(track["change_mean"], jump.frame)
        and drawn[jump.frame - 1]
        and drawn[jump.frame]
        and not any(span.frames.first <= jump.frame <= span.frames.last + 1 for span in black)
    )


def _usual_change(change: Series, index: int) -> float:
    """Return the largest change but one of the frames around: a pan or an action has many."""
    near = [i for i in range(index - CUT_AROUND, index + CUT_AROUND + 1) if i != index]
    around = np.sort(change[[i for i in near if 0 < i < len(change)]])
    return float(around[-2]) if len(around) > 2 else 0.0


def _black(track: Track) -> tuple[Span, ...]:
    """Find black stretches, and longer blank ones, that begin or end at once: a fade does not."""
    dark = (track["bright"] <= BLACK_BRIGHT) & (track["spread"] <= _BLACK_SPREAD)
    blank = ~dark & (track["spread"] <= _BLANK_SPREAD)
    found = [*runs_of(dark), *(r for r in runs_of(blank) if r.last - r.first >= _BLANK_FRAMES)]
    whole = track.frames
    return tuple(
        Span(frames, float(frames.last - frames.first + 1))
        for frames in found
        if frames.last - frames.first + 1 < whole and _is_abrupt(track["luma"], frames)
    )


def _is_abrupt(luma: Series, frames: FrameRange) -> bool:
    into = luma[max(0, frames.first - 2) : frames.first + 1][::-1]
    out_of = luma[frames.last : frames.last + 3]
    return _is_one_step(into) or _is_one_step(out_of)


def _is_one_step(luma: Series) -> bool:
    """Whether light goes at once: at eight frames a second a fade has large steps, but several."""
    steps = np.abs(np.diff(luma))
    return bool(
        len(steps) and steps[0] >= _ABRUPT_LEVELS and steps[1:].sum() < _STEPS_ON * steps[0]
    )


# ---- pumping --------------------------------------------------------------------------------


def _course(steps: Series, cuts: tuple[Span, ...], black: tuple[Span, ...]) -> Series:
    """Return the steps without those at cuts and black frames, which are no pumping."""
    course = steps.copy()
    for span in cuts:
        course[span.frames.last] = 0.0
    for span in black:
        course[span.frames.first : span.frames.last + 2] = 0.0
    return course


def _pumping(
    steps: Series, rate: float, *, step: float, often: int = _PULSE_TURNS
) -> tuple[float, tuple[Span, ...]]:
    """Return the worst swing (σ over a second) of a course around its own mean, and where.

    Only where it turns often: light that changes once or twice is a gesture.
    """
    if np.count_nonzero(np.abs(steps) >= step) <= often:
        return 0.0, ()  # it takes one step more than it turns
    level = np.cumsum(steps)
    window = max(5, round(_PULSE_S * rate))
    swing = np.abs(level - _smoothed(level, max(3, window // 2)))
    turns = _summed(
        _turns(steps, np.maximum(step, _OF_STRONGEST * _strongest(steps, window))), window
    )
    size = np.sqrt(_summed(np.square(swing), window) / window)
    felt = np.where(turns >= often, size, 0.0)
    if not felt.any():
        return 0.0, ()
    spans = tuple(
        Span(frames, float(felt[frames.first : frames.last + 1].max()))
        for frames in runs_of(felt > 0.5 * felt.max(), bridge=window)
    )
    return float(felt.max()), spans


def _strongest(steps: Series, window: int) -> Series:
    """Return the largest step within half a window of each."""
    padded = np.pad(np.abs(steps), window // 2)
    around = np.lib.stride_tricks.sliding_window_view(padded, 2 * (window // 2) + 1)
    strongest: Series = around.max(axis=1)
    return strongest


def _turns(steps: Series, least: Series) -> NDArray[np.float64]:
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


# ---- the seam -------------------------------------------------------------------------------


def _seam(track: Track) -> float:
    step = np.abs(track.first - track.last)
    moved = track["change_mean"][track["change_max"] > HELD_LEVELS]
    usual = float(np.median(moved)) if len(moved) else 0.0
    return max(0.0, float(step.mean()) - 2 * usual)
