"""Holds and drawings: anime stands on 1s to 4s, so repeats are judged against its own cadence."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tower_anime.assess.flow import AROUND, flow, goes_on, windows
from tower_anime.assess.rhythm import breaks, is_fading, is_lit_up, usual_run
from tower_anime.assess.spans import Span
from tower_anime.assess.steady import hitches
from tower_anime.assess.track import BLACK_BRIGHT, HELD_LEVELS, Series, Track
from tower_anime.domain.quality import FrameRange

Mask = NDArray[np.bool_]

MAX_HOLD_S = 2.0
"""A drawn hold may last so long without anybody taking it for a freeze."""

HOLD_CADENCES = 12
_LONGEST_ON = 6  # frames; longer runs are holds, not a cadence


@dataclass(frozen=True)
class Cadence:
    """How a clip is timed. `on` is the modal number of frames that a drawing stands.

    `drawings` counts the distinct pictures in a row, `moving` is the share of frames that are new,
    `longest_hold_s` in seconds; `breaks` weighs what breaks the rhythm of motion within 5 s.
    `frozen` are holds beyond what is drawn on purpose (amount: seconds), `stutter` stretches of
    motion with breaks in their rhythm (amount: their number).
    """

    on: int
    drawings: int
    moving: float
    longest_hold_s: float
    breaks: float
    frozen: tuple[Span, ...]
    stutter: tuple[Span, ...]


def cadence(track: Track, frame_rate: float, *, cuts: Collection[int] = ()) -> Cadence:
    """Find the cadence of a clip and what breaks it; `cuts` begin another shot."""
    starts = np.asarray(_starts(track, _motion_from(track), _mended(track)))
    runs = np.diff([*starts, track.frames])
    on = usual_run(runs[runs <= _LONGEST_ON])
    rate = frame_rate or 24.0
    holds = np.asarray(_starts(track, HELD_LEVELS, _refined(track)))
    stands = np.diff([*holds, track.frames])
    limit = max(MAX_HOLD_S * rate, HOLD_CADENCES * on) + 1  # ± 1 frame by the codec's rounding
    frozen = tuple(
        Span(FrameRange(int(start), int(start + stand - 1)), float(stand / rate))
        for start, stand in zip(holds, stands, strict=True)
        if stand > limit
    )
    flows = flow(track)
    steps = goes_on(track, flows, starts)
    lasts = np.diff([*steps, track.frames])
    broken = breaks(track, steps, lasts, rate, cuts=cuts, flows=flows > 0)
    drawn = {int(steps[i]): (int(lasts[i]), weight) for i, weight in broken.items()}
    found = _merged(drawn, hitches(track, _is_motion(track, cuts), rate))
    return Cadence(
        on=on,
        drawings=len(holds),
        moving=(len(runs) - 1) / max(1, track.frames - 1),
        longest_hold_s=float(stands.max() / rate),
        breaks=_most_in(found, _SUMMED_S * rate),
        frozen=frozen,
        stutter=_grouped(found, rate),
    )


def _starts(track: Track, held_levels: float, is_mended: Mask) -> list[int]:
    """Return the first frame of each drawing; `is_mended` frames only touch one up."""
    moved = (_largest(track) > held_levels) & ~is_mended
    moved[0] = True
    return [int(index) for index in np.flatnonzero(moved)]


def _largest(track: Track) -> Series:
    """Return the largest change (levels) since the frame before and since the drawing began."""
    return np.maximum(track["change_max"], track["anchor_max"])


def _refined(track: Track) -> Mask:
    """Return which frames a codec refines now and then while nothing moves around them."""
    changed = _largest(track)
    around = np.convolve(changed > HELD_LEVELS, np.ones(2 * _ALONE + 1))[_ALONE:-_ALONE]
    slight = (changed <= _REFINED_LEVELS) & (track["change_share"] <= _REFINED_SHARE)
    return np.asarray(slight & (around <= 2), np.bool_)


_ALONE = 6  # frames to both sides, one of which may change as well
_REFINED_LEVELS, _REFINED_SHARE = 4.0, 0.005  # less than a blink of an eye


def _mended(track: Track) -> Mask:
    """Return which frames change so much less than those around them that a codec may do it."""
    mended = np.ones(track.frames, np.bool_)
    for name, share in _MENDED_SHARES.items():
        rank = round(0.9 * 2 * AROUND)
        usual = np.partition(windows(track[name]), rank, axis=1)[:, rank]
        mended &= track[name] < share * usual
    return mended


_MENDED_SHARES = {"change_mean": 0.35, "change_share": 0.3, "change_max": 0.4}
"""What a codec mends at most of what the tenth strongest frame around it changes."""


def _motion_from(track: Track) -> float:
    """Return the change (levels of a cell) from which this clip's frames are new drawings.

    Repeats of a drawing differ by what the codec still mends, which grows with its thrift; where
    repeats and new drawings are two heaps, the widest gap between them divides them. Without two
    heaps it is the least change that a person sees.
    """
    steps = np.sort(track["change_max"][1:])
    low, high = int(len(steps) * _HEAP), int(len(steps) * (1 - _HEAP))
    if high - low < 4:
        return HELD_LEVELS
    upper = np.maximum(steps[low : high + 1], 1e-3)
    ratios = upper[1:] / np.maximum(upper[:-1], 1.0)
    is_mending = (upper[:-1] <= _MENDED_LEVELS) | (
        (upper[:-1] <= _CRUDE_LEVELS) & (ratios >= _CRUDE_GAP)
    )
    ratios = np.where(is_mending, ratios, 1.0)
    widest = int(np.argmax(ratios))
    if ratios[widest] < _GAP:
        return HELD_LEVELS
    return max(HELD_LEVELS, float(np.sqrt(max(upper[widest], 1.0) * upper[widest + 1])))


_HEAP = 0.15  # of the frames at least are repeats, and as many new drawings
_MENDED_LEVELS, _GAP = 9.0, 1.4  # what codecs mend at most at usual rates, and the gap's ratio
_CRUDE_LEVELS, _CRUDE_GAP = 30.0, 2.5  # the same at x264's crf 32, where motion stands far above


_Breaks = Mapping[int, tuple[int, float]]  # by first frame: frames, and how much it weighs


def _is_motion(track: Track, cuts: Collection[int]) -> Mask:
    """Return the frames whose change is no cut, no black and not for the most part light."""
    by_light = np.abs(track["gain"]) * track["luma"]
    is_light = (by_light >= _BY_LIGHT) & (by_light >= _MOSTLY * track["change_mean"])
    motion = ~((is_lit_up(track["gain"]) | is_light) & ~is_fading(track["gain"]))
    motion &= track["bright"] > BLACK_BRIGHT
    motion[list(cuts)] = False
    return motion


def _merged(found: _Breaks, others: _Breaks) -> dict[int, tuple[int, float]]:
    """Return both, what both tell of the same frames once: the one that weighs more."""
    merged = dict(found)
    for first, (lasts, weight) in others.items():
        same = [at for at in range(first - 2, first + lasts + 2) if at in merged]
        if sum(merged[at][1] for at in same) >= weight:
            continue
        for at in same:
            del merged[at]
        merged[first] = (lasts, weight)
    return merged


_BY_LIGHT, _MOSTLY = 0.3, 0.5  # levels; of the change

_SUMMED_S = 5.0  # breaks count by what gathers within this time: a long clip may have more


def _most_in(found: _Breaks, frames: float) -> float:
    """Return the most weight of breaks within so many frames."""
    if not found:
        return 0.0
    at = np.array(sorted(found))
    total = np.concatenate([[0.0], np.cumsum([found[first][1] for first in at.tolist()])])
    within = total[np.searchsorted(at, at + frames, side="right")] - total[:-1]
    return round(float(within.max()), 6)


def _grouped(found: _Breaks, rate: float) -> tuple[Span, ...]:
    groups: list[list[int]] = []
    for first in sorted(found):
        if groups and first - groups[-1][-1] <= rate:
            groups[-1].append(first)
        else:
            groups.append([first])
    return tuple(
        Span(FrameRange(group[0], group[-1] + found[group[-1]][0] - 1), float(len(group)))
        for group in groups
    )
