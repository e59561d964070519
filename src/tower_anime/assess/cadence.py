"""Holds and drawings: anime stands on 1s to 4s, so repeats are judged against its own cadence."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tower_anime.assess.spans import Span
from tower_anime.assess.track import HELD_LEVELS, Track
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
    return Cadence(
        on=on,
        drawings=len(runs),
        moving=(len(runs) - 1) / max(1, track.frames - 1),
        longest_hold_s=float(runs.max() / rate),
        frozen=frozen,
        stutter=_stutter(np.asarray(starts), runs, rate),
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


def _stutter(starts: Whole, runs: Whole, rate: float) -> tuple[Span, ...]:
    """Find runs that break the rhythm around them while the picture goes on moving."""
    if len(runs) < _MIN_RUNS:
        return ()
    breaks = [index for index in range(1, len(runs) - 1) if _breaks(runs, index)]
    return _grouped(breaks, starts, runs, rate)


def _breaks(runs: Whole, index: int) -> bool:
    around = runs[max(0, index - _WINDOW // 2) : index + _WINDOW // 2 + 1]
    if len(around) < _MIN_RUNS or (around > _LONGEST_ON * 2).any():
        return False
    usual = _mode(around)
    is_regular = np.count_nonzero(around == usual) >= _REGULAR * len(around)
    return bool(is_regular and runs[index] > usual + 1)


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
