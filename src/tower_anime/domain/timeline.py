"""A clip's judgement second by second, derived from its assessment."""

from __future__ import annotations

import math
from dataclasses import dataclass

from tower_anime.domain.quality import Assessment, Defect, FrameRange, Measured

_CERTAIN = 0.999999  # severity of an amount that is beyond all need


@dataclass(frozen=True)
class Stretch:
    """A defect's frames: `begin_s` and `end_s` in seconds from the first frame."""

    kind: str
    severity: float
    frames: FrameRange
    begin_s: float
    end_s: float


@dataclass(frozen=True)
class Timeline:
    """`scores` by second (0–1), the stretches with a defect in order, the worst frames first."""

    scores: tuple[float, ...]
    stretches: tuple[Stretch, ...]
    worst_frames: tuple[int, ...]


def timeline(assessment: Assessment) -> Timeline | None:
    """Return the course of a clip's score; None for a still and for what has no score.

    A defect without a range counts in every second, one with a range in its own only, and there
    as much as it is severe.
    """
    frames, rate = (_value(assessment, name) for name in ("frames", "frame_rate"))
    if assessment.kind != "video" or assessment.score is None or not frames or not rate:
        return None
    lost = -math.log(max(assessment.score, 1e-12))
    ranged = [defect for defect in assessment.defects if isinstance(defect.where, FrameRange)]
    everywhere = lost * (1 - sum(defect.loss for defect in ranged))
    seconds = max(1, math.ceil(frames / rate - 1e-6))
    scores = tuple(
        math.exp(-max(0.0, everywhere) - sum(_loss(d) for d in ranged if _covers(d, second, rate)))
        for second in range(seconds)
    )
    worst = sorted(ranged, key=lambda defect: -defect.severity)
    return Timeline(
        scores=scores,
        stretches=tuple(
            sorted(
                (_stretch(defect, rate) for defect in ranged),
                key=lambda stretch: (stretch.begin_s, stretch.kind),
            )
        ),
        worst_frames=tuple(dict.fromkeys(_middle(defect) for defect in worst))[:5],
    )


def _value(assessment: Assessment, name: str) -> float:
    found = assessment.measurements.get(name)
    return found.value if isinstance(found, Measured) else 0.0


def _loss(defect: Defect) -> float:
    return -math.log1p(-min(defect.severity, _CERTAIN)) if defect.loss > 0 else 0.0


def _covers(defect: Defect, second: int, rate: float) -> bool:
    frames = defect.where
    assert isinstance(frames, FrameRange)
    return frames.first / rate < second + 1 and (frames.last + 1) / rate > second


def _middle(defect: Defect) -> int:
    frames = defect.where
    assert isinstance(frames, FrameRange)
    return (frames.first + frames.last) // 2


def _stretch(defect: Defect, rate: float) -> Stretch:
    frames = defect.where
    assert isinstance(frames, FrameRange)
    return Stretch(
        kind=defect.kind,
        severity=defect.severity,
        frames=frames,
        begin_s=frames.first / rate,
        end_s=(frames.last + 1) / rate,
    )
