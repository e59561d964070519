"""Two pictures that show parts of the same, as where a camera moved, laid over each other."""

from __future__ import annotations

import math
from typing import Any, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

_Plane: TypeAlias = NDArray[np.float32]
Place: TypeAlias = tuple[float, float]
"""How far across and down."""

_MIN_OVERLAP = 0.3  # of the picture


def moved(before: _Plane, after: _Plane) -> Place:
    """Return by how many cells across and down a picture moved."""
    height, width = (_transformed(size) for size in before.shape)
    one, other = (plane[:height, :width].copy() for plane in (before, after))  # are written to
    window = cv2.createHanningWindow((width, height), cv2.CV_32F)
    (across, down), _ = cv2.phaseCorrelate(one, other, window)
    return across, down


def _transformed(size: int) -> int:
    """Return the largest even length up to `size` that is transformed as it is: padding shifts."""
    lengths = range(size - size % 2, 2, -2)
    return next((length for length in lengths if cv2.getOptimalDFTSize(length) == length), size)


def overlap(before: _Plane, after: _Plane, place: Place) -> tuple[Any, Any] | None:
    """Return what both pictures show, the first laid over the second; None: too little."""
    height, width = before.shape
    across, down = place
    left, right = max(0, math.ceil(across)), width + min(0, math.floor(across))
    top, bottom = max(0, math.ceil(down)), height + min(0, math.floor(down))
    if (right - left) * (bottom - top) < _MIN_OVERLAP * width * height or right <= left:
        return None
    move = np.array([[1, 0, across], [0, 1, down]], np.float32)
    moved = cv2.warpAffine(before, move, (width, height), borderMode=cv2.BORDER_REPLICATE)
    whole = np.s_[top:bottom, left:right]
    return moved[whole], after[whole]
