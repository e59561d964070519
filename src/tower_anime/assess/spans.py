"""Stretches of a clip."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tower_anime.domain.quality import FrameRange


@dataclass(frozen=True)
class Span:
    """A stretch of frames with how bad it is, in the unit of its measurement."""

    frames: FrameRange
    amount: float


def runs_of(mask: NDArray[np.bool_], *, bridge: int = 0) -> tuple[FrameRange, ...]:
    """Return the stretches where `mask` holds; gaps of up to `bridge` frames are no gaps."""
    found: list[FrameRange] = []
    for index in np.flatnonzero(mask).tolist():
        if found and index - found[-1].last <= bridge + 1:
            found[-1] = FrameRange(found[-1].first, index)
        else:
            found.append(FrameRange(index, index))
    return tuple(found)
