"""Holds and drawings: anime stands on 1s to 4s, so repeats are judged against its own cadence."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tower_anime.assess.spans import Span
from tower_anime.assess.track import BLACK_BRIGHT, HELD_LEVELS, Series, Track
from tower_anime.domain.quality import FrameRange

Whole = NDArray[np.int64]

MAX_HOLD_S = 2.0
"""A drawn hold may last so long without anybody taking it for a freeze."""

HOLD_CADENCES = 12
_LONGEST_ON = 6  # frames; longer runs are holds, not a cadence
_MIN_RUNS = 6  # fewer drawings in a row have no rhythm to break


@dataclass(frozen=True)
class Cadence:
    """How a clip is timed. `on` is the modal number of frames that a drawing stands.

    `drawings` counts the distinct pictures in a row, `moving` is the share of frames that are
    new; `longest_hold_s` in seconds. `frozen` are holds beyond what is drawn on purpose (amount:
    seconds), `stutter` stretches of motion with breaks in their rhythm (amount: breaks a second).
    """

    on: int
    drawings: int
    moving: float
    longest_hold_s: float
    breaks: int
    frozen: tuple[Span, ...]
    stutter: tuple[Span, ...]


def cadence(track: Track, frame_rate: float) -> Cadence:
    """Find the cadence of a clip and what breaks it."""
    starts = _starts(track)
    runs = np.diff([*starts, track.frames])
    on = _mode(runs[runs <= _LONGEST_ON])
    rate = frame_rate or 24.0
    limit = max(MAX_HOLD_S * rate, HOLD_CADENCES * on) + 1  # ± 1 frame by the codec's rounding
    frozen = tuple(
        Span(FrameRange(int(start), int(start + run - 1)), float(run / rate))
        for start, run in zip(starts, runs, strict=True)
        if run > limit
    )
    breaks = _breaks(track, np.asarray(starts), runs)
    return Cadence(
        on=on,
        drawings=len(runs),
        moving=(len(runs) - 1) / max(1, track.frames - 1),
        longest_hold_s=float(runs.max() / rate),
        breaks=len(breaks),
        frozen=frozen,
        stutter=_grouped(breaks, np.asarray(starts), runs, rate),
    )


def _starts(track: Track) -> list[int]:
    """Return the first frame of each drawing."""
    moved = np.maximum(track["change_max"], track["anchor_max"]) > HELD_LEVELS
    moved[0] = True
    return [int(index) for index in np.flatnonzero(moved)]


def _mode(runs: Whole) -> int:
    """Return the commonest run, the shorter of two as common; 1 when there is none."""
    counts = Counter(int(run) for run in runs)
    return min(counts, key=lambda run: (-counts[run], run), default=1)


_WINDOW = 12  # drawings around one that tell its rhythm
_REGULAR = 0.6  # of them that must share it
_AS_FAR = 0.6  # of the usual step: what moves less before or after a hold is coming to rest


def _breaks(track: Track, starts: Whole, runs: Whole) -> list[int]:
    """Return the drawings that stand too long for the rhythm around them, in full motion.

    A drawing of twice or thrice the usual time is the animator's, if it is on 2s and slower.
    """
    if len(runs) < _MIN_RUNS:
        return []
    steps = track["change_mean"][starts]
    lit = track["bright"][starts] > BLACK_BRIGHT
    return [
        index for index in range(1, len(runs) - 1) if lit[index] and _is_break(runs, steps, index)
    ]


def _is_break(runs: Whole, steps: Series, index: int) -> bool:
    low, high = max(0, index - _WINDOW // 2), index + _WINDOW // 2 + 1
    around = runs[low:high]
    usual = _mode(around)
    run = int(runs[index])
    if run <= usual + 1 or run > _LONGEST_BREAK or len(around) < _MIN_RUNS:
        return False
    is_regular = np.count_nonzero(around == usual) >= _REGULAR * len(around)
    step = float(np.median(steps[max(1, low) : high]))
    goes_on = min(steps[index], steps[index + 1]) >= _AS_FAR * step
    return bool(is_regular and goes_on and not (usual > 1 and run % usual == 0))


_LONGEST_BREAK = 12  # frames; what stands longer is a hold


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
