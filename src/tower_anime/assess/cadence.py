"""Holds and drawings: anime stands on 1s to 4s, so repeats are judged against its own cadence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tower_anime.assess.spans import Span
from tower_anime.assess.track import BLACK_BRIGHT, HELD_LEVELS, Series, Track
from tower_anime.domain.quality import FrameRange

Whole = NDArray[np.int64]
Mask = NDArray[np.bool_]

MAX_HOLD_S = 2.0
"""A drawn hold may last so long without anybody taking it for a freeze."""

HOLD_CADENCES = 12
_LONGEST_ON = 6  # frames; longer runs are holds, not a cadence
_MIN_RUNS = 6  # fewer drawings in a row have no rhythm to break


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


def cadence(track: Track, frame_rate: float) -> Cadence:
    """Find the cadence of a clip and what breaks it."""
    starts = np.asarray(_starts(track, _motion_from(track), _mended(track)))
    runs = np.diff([*starts, track.frames])
    on = _mode(runs[runs <= _LONGEST_ON])
    rate = frame_rate or 24.0
    holds = np.asarray(_starts(track, HELD_LEVELS))
    stands = np.diff([*holds, track.frames])
    limit = max(MAX_HOLD_S * rate, HOLD_CADENCES * on) + 1  # ± 1 frame by the codec's rounding
    frozen = tuple(
        Span(FrameRange(int(start), int(start + stand - 1)), float(stand / rate))
        for start, stand in zip(holds, stands, strict=True)
        if stand > limit
    )
    breaks = _breaks(track, starts, runs)
    return Cadence(
        on=on,
        drawings=len(holds),
        moving=(len(runs) - 1) / max(1, track.frames - 1),
        longest_hold_s=float(stands.max() / rate),
        breaks=_most_in(breaks, starts, _SUMMED_S * rate),
        frozen=frozen,
        stutter=_grouped(sorted(breaks), starts, runs, rate),
    )


def _starts(track: Track, held_levels: float, is_mended: Mask | None = None) -> list[int]:
    """Return the first frame of each drawing; `is_mended` frames only touch one up."""
    moved = np.maximum(track["change_max"], track["anchor_max"]) > held_levels
    if is_mended is not None:
        moved &= ~is_mended
    moved[0] = True
    return [int(index) for index in np.flatnonzero(moved)]


def _mended(track: Track) -> Mask:
    """Return which frames change so much less than those around them that a codec may do it."""
    mended = np.ones(track.frames, np.bool_)
    for name, share in _MENDED_SHARES.items():
        padded = np.pad(track[name], _AROUND, mode="reflect" if track.frames > _AROUND else "edge")
        windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * _AROUND + 1)
        rank = round(0.9 * 2 * _AROUND)
        usual = np.partition(windows, rank, axis=1)[:, rank]
        mended &= track[name] < share * usual
    return mended


_AROUND = 12  # frames to both sides: in the most leisurely cadence six of them are new
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


def _mode(runs: Whole) -> int:
    """Return the commonest run, the shorter of two as common; 1 when there is none."""
    counts = Counter(int(run) for run in runs)
    return min(counts, key=lambda run: (-counts[run], run), default=1)


_WINDOW = 12  # drawings around one that tell its rhythm
_REGULAR = 0.5  # of them that must share it
_AS_FAR = 0.6  # of the usual step: what moves less before or after a hold is coming to rest
_LIT_UP = 0.02  # ln: what light does to the whole picture is no motion
_LONGEST_BREAK = 16  # frames; what stands longer is a hold
_LEAST_STEP = 3.0  # levels of a cell: slower motion has no rhythm that could be seen to break
_LEAST_SHARE = 0.006  # of the picture: a mouth opens and closes as it speaks
_SLIGHT, _FULL = 0.15, 1.0
_SKIPPED = 1.3  # of the largest step around: after an animator's pause motion goes on where it was
_PATTERN = (
    0.2  # of the drawings: runs as frequent belong to the rhythm, as of 24 frames in 30 or 60
)


def _breaks(track: Track, starts: Whole, runs: Whole) -> dict[int, float]:
    """Return the drawings that break the rhythm around them in full motion, and how much each does.

    A drawing that stands one frame more or less, or twice as long on 2s and slower, may be the
    animator's and counts little, unless motion went on meanwhile: then frames are missing.
    """
    if len(runs) < _MIN_RUNS:
        return {}
    change = np.where(np.abs(track["gain"]) < _LIT_UP, track["change_mean"], 0.0)[starts]
    lit = track["bright"][starts] > BLACK_BRIGHT
    big = track["change_max"][starts] >= _LEAST_STEP
    if float(np.quantile(track["change_share"][starts[1:]], 0.75)) < _LEAST_SHARE:
        return {}
    weights = {
        index: _break_weight(runs, change, index)
        for index in range(1, len(runs) - 1)
        if lit[index] and lit[index + 1] and big[index]
    }
    return {index: weight for index, weight in weights.items() if weight > 0}


def _break_weight(runs: Whole, steps: Series, index: int) -> float:
    low, high = max(0, index - _WINDOW // 2), index + _WINDOW // 2 + 1
    around = runs[low:high]
    usual, run = _mode(around), int(runs[index])
    is_regular = np.count_nonzero(around == usual) >= _REGULAR * len(around)
    if run == usual or run > _LONGEST_BREAK or len(around) < _MIN_RUNS or not is_regular:
        return 0.0
    step = float(np.median(steps[max(1, low) : high]))
    onward = max(steps[index + 1 : index + 3])  # codecs bring what moves little a frame late
    if step <= 0 or min(steps[index], onward) < _AS_FAR * step:
        return 0.0
    if usual == 1 and _turns(steps, index):
        return 0.0
    others = np.delete(steps[max(1, low) : high], index + 1 - max(1, low))
    skipped = run > usual and steps[index + 1] >= _SKIPPED * float(others.max(initial=step))
    if skipped or (abs(run - usual) > 1 and (usual == 1 or run % usual > 0)):
        return _FULL
    is_pattern = np.count_nonzero(around == run) > _PATTERN * len(around)
    return 0.0 if is_pattern else _SLIGHT


def _turns(steps: Series, index: int) -> bool:
    """Whether motion slows down before a drawing and picks up behind it: a swing turns round."""
    slows = index > 0 and steps[index] < _EASED * steps[index - 1]
    return slows and index + 2 < len(steps) and bool(steps[index + 1] < _EASED * steps[index + 2])


_EASED = 0.8  # of the step before or after
_SUMMED_S = 5.0  # breaks count by what gathers within this time: a long clip may have more


def _most_in(breaks: Mapping[int, float], starts: Whole, frames: float) -> float:
    """Return the most weight of breaks within so many frames."""
    return max(
        (
            sum(
                weight
                for other, weight in breaks.items()
                if 0 <= starts[other] - starts[index] <= frames
            )
            for index in breaks
        ),
        default=0.0,
    )


def _grouped(breaks: list[int], starts: Whole, runs: Whole, rate: float) -> tuple[Span, ...]:
    groups: list[list[int]] = []
    for index in breaks:
        if groups and starts[index] - starts[groups[-1][-1]] <= rate:
            groups[-1].append(index)
        else:
            groups.append([index])
    return tuple(
        Span(
            FrameRange(int(starts[group[0]]), int(starts[group[-1]] + runs[group[-1]] - 1)),
            float(len(group)),
        )
        for group in groups
    )
